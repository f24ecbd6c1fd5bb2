// SPDX-License-Identifier: MIT
//! Secrets and configs: where their content comes from, and who gets them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Extensions, Mapping, is_default};

/// A top-level secret or config (Compose specification, "secrets", "configs").
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FileSource {
    /// Its name in the engine; only external ones use it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The file that holds the content, absolute.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub file: String,
    /// The variable that holds the content.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub environment: String,
    /// The content itself (configs only).
    #[serde(skip_serializing_if = "String::is_empty")]
    pub content: String,
    /// It exists elsewhere and is not made from here.
    #[serde(skip_serializing_if = "is_default")]
    pub external: bool,
    /// Labels.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: Mapping,
    /// Driver of a swarm secret.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub driver: String,
    /// Options of that driver.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub driver_opts: Mapping,
    /// Template driver.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub template_driver: String,
    /// `x-` keys.
    #[serde(flatten)]
    pub extensions: Extensions,
    /// The value of [`FileSource::environment`], read when the project was parsed; `None` when it is unset.
    /// Never printed.
    #[serde(skip)]
    pub value: Option<String>,
}

/// A secret or config given to one service or build.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FileGrant {
    /// The key of the top-level secret or config.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// Where it appears in the container. Defaults: `/run/secrets/<source>`, configs `/<source>`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub target: String,
    /// Owner of the file in the container.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub uid: String,
    /// Group of the file in the container.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub gid: String,
    /// Mode of the file in the container, in octal with a leading 0. Default `0444`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// `x-` keys.
    #[serde(flatten)]
    pub extensions: Extensions,
}

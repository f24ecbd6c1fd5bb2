// SPDX-License-Identifier: MIT
//! How an image is built.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ByteSize, Extensions, Mapping, OptionalMapping, Ulimit, is_default};

/// `services.*.build` (Compose Build Specification).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Build {
    /// The build context: an absolute folder, or a URL.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub context: String,
    /// The Dockerfile, relative to the context or absolute. Default `Dockerfile`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub dockerfile: String,
    /// The Dockerfile's text, instead of a file.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub dockerfile_inline: String,
    /// Entitlements granted to the build.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub entitlements: Vec<String>,
    /// Build arguments; one without a value takes the builder's.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub args: OptionalMapping,
    /// Provenance attestation.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub provenance: String,
    /// SBOM attestation.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub sbom: String,
    /// SSH agents or keys offered to the build, `id` or `id=path`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ssh: Vec<String>,
    /// Labels of the image.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: Mapping,
    /// Cache sources.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cache_from: Vec<String>,
    /// Cache destinations.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cache_to: Vec<String>,
    /// Build without the cache.
    #[serde(skip_serializing_if = "is_default")]
    pub no_cache: bool,
    /// Stages built without the cache.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub no_cache_filter: Vec<String>,
    /// Further named contexts: path, URL, `docker-image://…` or `service:name`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub additional_contexts: Mapping,
    /// Pull base images even when they are there.
    #[serde(skip_serializing_if = "is_default")]
    pub pull: bool,
    /// `host:ip` entries for the build's `/etc/hosts`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extra_hosts: Vec<String>,
    /// Isolation technology (Windows).
    #[serde(skip_serializing_if = "String::is_empty")]
    pub isolation: String,
    /// Network mode of `RUN` steps.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub network: String,
    /// The stage to build.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub target: String,
    /// Secrets offered to the build.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<BuildSecret>,
    /// Size of `/dev/shm` in `RUN` steps.
    #[serde(skip_serializing_if = "is_default")]
    pub shm_size: ByteSize,
    /// Further tags of the image.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Resource limits of `RUN` steps.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub ulimits: BTreeMap<String, Ulimit>,
    /// Platforms to build for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub platforms: Vec<String>,
    /// Elevated privileges for `RUN` steps.
    #[serde(skip_serializing_if = "is_default")]
    pub privileged: bool,
    /// `x-` keys.
    #[serde(flatten)]
    pub extensions: Extensions,
}

/// A secret granted to a service or a build: the same shape in both places.
pub type BuildSecret = super::FileGrant;

// SPDX-License-Identifier: MIT
//! Volumes: the named ones of the project, and what a service mounts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ByteSize, Extensions, Mapping, is_default};

/// A top-level `volumes` entry.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Volume {
    /// Its name in the engine.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Volume driver; empty is the engine's `local`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub driver: String,
    /// Driver options.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub driver_opts: Mapping,
    /// It exists already and is neither made nor removed.
    #[serde(skip_serializing_if = "is_default")]
    pub external: bool,
    /// Labels.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: Mapping,
    /// `x-` keys.
    #[serde(flatten)]
    pub extensions: Extensions,
}

/// One entry of `services.*.volumes` in its long form.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Mount {
    /// What is mounted.
    #[serde(rename = "type")]
    pub kind: MountKind,
    /// Volume key, absolute host path or image; empty for an anonymous volume and for tmpfs.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// The path in the container.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub target: String,
    /// Mounted read-only.
    #[serde(skip_serializing_if = "is_default")]
    pub read_only: bool,
    /// Consistency hint, without effect on Linux.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub consistency: String,
    /// Options of a bind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bind: Option<BindOptions>,
    /// Options of a volume.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub volume: Option<VolumeOptions>,
    /// Options of a tmpfs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tmpfs: Option<TmpfsOptions>,
    /// Options of an image mount.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<ImageOptions>,
    /// `x-` keys.
    #[serde(flatten)]
    pub extensions: Extensions,
}

/// The kinds of mount.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MountKind {
    /// A named or anonymous volume.
    #[default]
    Volume,
    /// A folder or file of the host.
    Bind,
    /// Memory.
    Tmpfs,
    /// A Windows pipe.
    Npipe,
    /// A cluster volume.
    Cluster,
    /// The content of an image (engine API 1.48).
    Image,
}

/// `bind:` of a mount.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BindOptions {
    /// SELinux relabelling, `z` or `Z`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub selinux: String,
    /// Mount propagation.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub propagation: String,
    /// Make the host folder when it is not there. `None` and `Some(true)` both do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub create_host_path: Option<bool>,
    /// Recursive read-only behaviour.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub recursive: String,
    /// `x-` keys.
    #[serde(flatten)]
    pub extensions: Extensions,
}

/// `volume:` of a mount.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct VolumeOptions {
    /// Labels of an anonymous volume.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: Mapping,
    /// Do not fill a new volume with the image's content at the target.
    #[serde(skip_serializing_if = "is_default")]
    pub nocopy: bool,
    /// A path inside the volume (engine API 1.45).
    #[serde(skip_serializing_if = "String::is_empty")]
    pub subpath: String,
    /// `x-` keys.
    #[serde(flatten)]
    pub extensions: Extensions,
}

/// `tmpfs:` of a mount.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TmpfsOptions {
    /// Its size limit.
    #[serde(skip_serializing_if = "is_default")]
    pub size: ByteSize,
    /// Mode bits, as a number.
    #[serde(skip_serializing_if = "is_default")]
    pub mode: u32,
    /// `x-` keys.
    #[serde(flatten)]
    pub extensions: Extensions,
}

/// `image:` of a mount.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImageOptions {
    /// A path inside the image.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub subpath: String,
    /// `x-` keys.
    #[serde(flatten)]
    pub extensions: Extensions,
}

// SPDX-License-Identifier: MIT
//! The model of an application: a typed superset of the resolved Compose model.
//!
//! Every attribute of the Compose specification has its place here, in its canonical (long) form, so that a
//! parser either fills it or refuses it by name. Serialising an [`EnvironmentSpec`] gives the canonical model as
//! `docker compose config --format json` prints it.

mod build;
mod deploy;
mod files;
mod lifecycle;
mod mounts;
mod networks;
mod scalars;
mod service;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use build::{Build, BuildSecret};
pub use deploy::{
    Deploy, DeviceRequest, Limits, Placement, PlacementPreference, Reservations, Resources, RestartPolicy,
    UpdateConfig,
};
pub use files::{FileGrant, FileSource};
pub use lifecycle::{
    Condition, Dependency, Develop, HealthCheck, Hook, HookExec, ModelGrant, Provider, WatchAction, WatchRule,
};
pub use mounts::{BindOptions, ImageOptions, Mount, MountKind, TmpfsOptions, Volume, VolumeOptions};
pub use networks::{Endpoint, Ipam, IpamPool, Network, NetworkMode, Port};
pub use scalars::{ByteSize, ScalarError, TimeSpan};
pub use service::{
    BlkioConfig, CredentialSpec, Device, Logging, Service, ThrottleDevice, Ulimit, WeightDevice,
};

/// Values of `x-` keys, kept as they are.
pub type Extensions = BTreeMap<String, serde_json::Value>;

/// Variables, labels and the like: text by name.
pub type Mapping = BTreeMap<String, String>;

/// Like [`Mapping`], where a name may be there without a value.
pub type OptionalMapping = BTreeMap<String, Option<String>>;

/// One application as its files describe it, every reference resolved, nothing isolated yet.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EnvironmentSpec {
    /// The project's name as its format gives it (for Compose: `[a-z0-9][a-z0-9_-]*`).
    pub name: String,
    /// The services that run, by name.
    #[serde(default)]
    pub services: BTreeMap<String, Service>,
    /// Networks by key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub networks: BTreeMap<String, Network>,
    /// Named volumes by key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub volumes: BTreeMap<String, Volume>,
    /// Secrets by key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<String, FileSource>,
    /// Configs by key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub configs: BTreeMap<String, FileSource>,
    /// AI models by key, as they are written.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub models: BTreeMap<String, serde_json::Value>,
    /// Top-level `x-` keys.
    #[serde(flatten)]
    pub extensions: Extensions,
    /// Where it was read from. Not part of the canonical model.
    #[serde(skip)]
    pub origin: Origin,
    /// Services set aside because no active profile names them. Not part of the canonical model.
    #[serde(skip)]
    pub disabled: BTreeMap<String, Service>,
}

/// Where a spec came from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Origin {
    /// The format's id in the parsers' table, for example `compose`.
    pub format: String,
    /// The project folder: relative paths of the files were resolved against it. Absolute.
    pub directory: PathBuf,
    /// The project's own files, absolute, in the order they were merged; `-` is standard input.
    pub files: Vec<PathBuf>,
    /// Further files that those include or extend from, absolute.
    pub included: Vec<PathBuf>,
    /// The files that variables for interpolation came from, absolute.
    pub environment_files: Vec<PathBuf>,
    /// The profiles that were active.
    pub profiles: Vec<String>,
}

pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

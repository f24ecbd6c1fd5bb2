// SPDX-License-Identifier: MIT
//! What decides when a service starts, counts as ready, and what runs around it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Extensions, OptionalMapping, TimeSpan, is_default};

/// One entry of `depends_on`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dependency {
    /// What the other service must have reached.
    #[serde(default)]
    pub condition: Condition,
    /// Restart this service when the other one is restarted or recreated.
    #[serde(default, skip_serializing_if = "is_default")]
    pub restart: bool,
    /// Without it, a dependency that is not there or fails is only a warning. Default `true`.
    #[serde(default = "yes")]
    pub required: bool,
    /// `x-` keys.
    #[serde(flatten)]
    pub extensions: Extensions,
}

/// What a dependency waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Condition {
    /// The container runs.
    #[default]
    #[serde(rename = "service_started")]
    Started,
    /// The health check passes.
    #[serde(rename = "service_healthy")]
    Healthy,
    /// The container ended with exit code 0.
    #[serde(rename = "service_completed_successfully")]
    Completed,
}

/// `services.*.healthcheck`. Unset times take the engine's defaults (interval 30 s, timeout 30 s, retries 3).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HealthCheck {
    /// `["CMD", …]`, `["CMD-SHELL", line]` or `["NONE"]`; empty keeps the image's.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub test: Vec<String>,
    /// How long one check may take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<TimeSpan>,
    /// Time between checks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<TimeSpan>,
    /// Failures in a row before it counts as unhealthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retries: Option<u64>,
    /// Failures in this time after the start do not count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_period: Option<TimeSpan>,
    /// Time between checks during the start period (engine API 1.44).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_interval: Option<TimeSpan>,
    /// Switch the image's check off.
    #[serde(skip_serializing_if = "is_default")]
    pub disable: bool,
    /// `x-` keys.
    #[serde(flatten)]
    pub extensions: Extensions,
}

/// A command of `post_start`, `pre_stop` or `pre_start`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Hook {
    /// The argument vector.
    pub command: Option<Vec<String>>,
    /// The image of a `pre_start` container. Default: the service's.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub image: String,
    /// Run once per replica rather than once per service (`pre_start`).
    #[serde(skip_serializing_if = "is_default")]
    pub per_replica: bool,
    /// The user it runs as.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub user: String,
    /// With extended privileges.
    #[serde(skip_serializing_if = "is_default")]
    pub privileged: bool,
    /// The folder it runs in.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub working_dir: String,
    /// Variables.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub environment: OptionalMapping,
    /// `x-` keys.
    #[serde(flatten)]
    pub extensions: Extensions,
}

/// `services.*.provider`: a service that a plug-in supplies.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Provider {
    /// The plug-in.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its options.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<String, Vec<String>>,
    /// `x-` keys.
    #[serde(flatten)]
    pub extensions: Extensions,
}

/// `services.*.models.*`: how a service learns of a model.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ModelGrant {
    /// The variable that receives the endpoint's URL.
    #[serde(rename = "endpoint_var", skip_serializing_if = "String::is_empty")]
    pub endpoint_variable: String,
    /// The variable that receives the model's name.
    #[serde(rename = "model_var", skip_serializing_if = "String::is_empty")]
    pub model_variable: String,
    /// `x-` keys.
    #[serde(flatten)]
    pub extensions: Extensions,
}

/// `services.*.develop`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Develop {
    /// What to do when files change.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub watch: Vec<WatchRule>,
    /// `x-` keys.
    #[serde(flatten)]
    pub extensions: Extensions,
}

/// One rule of `develop.watch`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WatchRule {
    /// The watched path, absolute.
    pub path: String,
    /// What a change does.
    pub action: WatchAction,
    /// Where synced files go in the container.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub target: String,
    /// What `sync+exec` runs.
    pub exec: HookExec,
    /// Patterns that are watched.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<String>,
    /// Patterns that are not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ignore: Vec<String>,
    /// Sync once before watching.
    #[serde(skip_serializing_if = "is_default")]
    pub initial_sync: bool,
    /// `x-` keys.
    #[serde(flatten)]
    pub extensions: Extensions,
}

/// The command of a [`WatchRule`].
pub type HookExec = Hook;

/// What a [`WatchRule`] does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum WatchAction {
    /// Build the image again.
    #[default]
    #[serde(rename = "rebuild")]
    Rebuild,
    /// Copy the files in.
    #[serde(rename = "sync")]
    Sync,
    /// Restart the container.
    #[serde(rename = "restart")]
    Restart,
    /// Copy, then restart.
    #[serde(rename = "sync+restart")]
    SyncRestart,
    /// Copy, then run a command.
    #[serde(rename = "sync+exec")]
    SyncExec,
}

fn yes() -> bool {
    true
}

// SPDX-License-Identifier: MIT
//! `deploy`: replicas, resources and restart rules (Compose Deploy Specification).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ByteSize, Extensions, Mapping, TimeSpan, is_default};

/// `services.*.deploy`. What only a swarm can do is kept and has no effect.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Deploy {
    /// `replicated`, `global`, `replicated-job` or `global-job`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub mode: String,
    /// How many containers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<u32>,
    /// Labels of the service, not of its containers.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: Mapping,
    /// Rolling updates (swarm).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub update_config: Option<UpdateConfig>,
    /// Rollbacks (swarm).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollback_config: Option<UpdateConfig>,
    /// Limits and reservations.
    pub resources: Resources,
    /// Restart rules; they win over `restart`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restart_policy: Option<RestartPolicy>,
    /// Where to run (swarm).
    pub placement: Placement,
    /// `vip` or `dnsrr` (swarm).
    #[serde(skip_serializing_if = "String::is_empty")]
    pub endpoint_mode: String,
    /// `x-` keys.
    #[serde(flatten)]
    pub extensions: Extensions,
}

/// `deploy.resources`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Resources {
    /// The most it may use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits: Option<Limits>,
    /// What is kept for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reservations: Option<Reservations>,
    /// `x-` keys.
    #[serde(flatten)]
    pub extensions: Extensions,
}

/// `deploy.resources.limits`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Processors.
    #[serde(skip_serializing_if = "is_default")]
    pub cpus: f32,
    /// Memory.
    #[serde(skip_serializing_if = "is_default")]
    pub memory: ByteSize,
    /// Processes.
    #[serde(skip_serializing_if = "is_default")]
    pub pids: i64,
    /// `x-` keys.
    #[serde(flatten)]
    pub extensions: Extensions,
}

/// `deploy.resources.reservations`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Reservations {
    /// Processors.
    #[serde(skip_serializing_if = "is_default")]
    pub cpus: f32,
    /// Memory.
    #[serde(skip_serializing_if = "is_default")]
    pub memory: ByteSize,
    /// Processes.
    #[serde(skip_serializing_if = "is_default")]
    pub pids: i64,
    /// Devices.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub devices: Vec<DeviceRequest>,
    /// Generic resources (swarm), as they are written.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub generic_resources: Vec<serde_json::Value>,
    /// `x-` keys.
    #[serde(flatten)]
    pub extensions: Extensions,
}

/// A request for devices, also of `gpus`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DeviceRequest {
    /// What they must be able to do.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub capabilities: Vec<String>,
    /// The device driver.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub driver: String,
    /// How many; `-1` is all.
    #[serde(skip_serializing_if = "is_default")]
    pub count: i64,
    /// Which.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub device_ids: Vec<String>,
    /// Driver options.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub options: Mapping,
    /// `x-` keys.
    #[serde(flatten)]
    pub extensions: Extensions,
}

/// `deploy.restart_policy`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RestartPolicy {
    /// `none`, `on-failure` or `any`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub condition: String,
    /// Time between attempts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay: Option<TimeSpan>,
    /// How often.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_attempts: Option<u64>,
    /// How long before it counts as started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<TimeSpan>,
    /// `x-` keys.
    #[serde(flatten)]
    pub extensions: Extensions,
}

/// `deploy.update_config` and `deploy.rollback_config`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UpdateConfig {
    /// Containers at a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parallelism: Option<u64>,
    /// Time between batches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay: Option<TimeSpan>,
    /// What a failure does.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub failure_action: String,
    /// How long each is watched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub monitor: Option<TimeSpan>,
    /// The part that may fail, 0 to 1.
    #[serde(skip_serializing_if = "is_default")]
    pub max_failure_ratio: f32,
    /// `start-first` or `stop-first`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub order: String,
    /// `x-` keys.
    #[serde(flatten)]
    pub extensions: Extensions,
}

/// `deploy.placement`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Placement {
    /// Node constraints.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub constraints: Vec<String>,
    /// Spread preferences.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub preferences: Vec<PlacementPreference>,
    /// The most on one node.
    #[serde(skip_serializing_if = "is_default")]
    pub max_replicas_per_node: u64,
    /// `x-` keys.
    #[serde(flatten)]
    pub extensions: Extensions,
}

/// One entry of `deploy.placement.preferences`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PlacementPreference {
    /// The node label to spread over.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub spread: String,
    /// `x-` keys.
    #[serde(flatten)]
    pub extensions: Extensions,
}

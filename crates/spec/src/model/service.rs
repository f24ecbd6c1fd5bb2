// SPDX-License-Identifier: MIT
//! A service: every attribute of the Compose specification, in canonical form.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{
    Build, ByteSize, Dependency, Deploy, Develop, DeviceRequest, Endpoint, Extensions, FileGrant,
    HealthCheck, Hook, Mapping, ModelGrant, Mount, OptionalMapping, Port, Provider, TimeSpan, is_default,
};

/// `services.*`. An empty string, list or map and a zero mean "not said", as in the canonical model.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Service {
    /// Profiles it belongs to; none means always.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub profiles: Vec<String>,
    /// OCI annotations.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: Mapping,
    /// Whether `up` shows its output.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attach: Option<bool>,
    /// How its image is built.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub build: Option<Build>,
    /// Development-time rules.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub develop: Option<Develop>,
    /// Block device limits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blkio_config: Option<BlkioConfig>,
    /// Capabilities added.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cap_add: Vec<String>,
    /// Capabilities removed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cap_drop: Vec<String>,
    /// Cgroup namespace: `host` or `private`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub cgroup: String,
    /// Parent cgroup.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub cgroup_parent: String,
    /// Usable processors (Windows).
    #[serde(skip_serializing_if = "is_default")]
    pub cpu_count: i64,
    /// Usable share of the processors, in percent (Windows).
    #[serde(skip_serializing_if = "is_default")]
    pub cpu_percent: f32,
    /// CFS period in microseconds.
    #[serde(skip_serializing_if = "is_default")]
    pub cpu_period: i64,
    /// CFS quota in microseconds.
    #[serde(skip_serializing_if = "is_default")]
    pub cpu_quota: i64,
    /// Real-time period in microseconds.
    #[serde(skip_serializing_if = "is_default")]
    pub cpu_rt_period: i64,
    /// Real-time runtime in microseconds.
    #[serde(skip_serializing_if = "is_default")]
    pub cpu_rt_runtime: i64,
    /// Processors it may use.
    #[serde(skip_serializing_if = "is_default")]
    pub cpus: f32,
    /// Which processors, for example `0-2`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub cpuset: String,
    /// Relative weight.
    #[serde(skip_serializing_if = "is_default")]
    pub cpu_shares: i64,
    /// Arguments. `None` keeps the image's, empty clears it.
    pub command: Option<Vec<String>>,
    /// Configs it gets.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub configs: Vec<FileGrant>,
    /// A name of its own for the container.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub container_name: String,
    /// Credential spec (Windows).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential_spec: Option<CredentialSpec>,
    /// What must be there first.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub depends_on: BTreeMap<String, Dependency>,
    /// Replicas, resources, restart rules.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deploy: Option<Deploy>,
    /// Device cgroup rules.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub device_cgroup_rules: Vec<String>,
    /// Devices.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub devices: Vec<Device>,
    /// DNS servers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dns: Vec<String>,
    /// Resolver options.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dns_opt: Vec<String>,
    /// Search domains.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dns_search: Vec<String>,
    /// NIS domain name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub domainname: String,
    /// Entry point. `None` keeps the image's, empty clears it.
    pub entrypoint: Option<Vec<String>>,
    /// The plug-in that supplies the service instead of a container.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<Provider>,
    /// Variables. `None` unsets the image's.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub environment: OptionalMapping,
    /// Ports other services may use, `port[-port][/protocol]`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub expose: Vec<String>,
    /// What is left of an `extends` that could not be followed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extends: Option<serde_json::Value>,
    /// Links to containers outside the project.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub external_links: Vec<String>,
    /// Entries for `/etc/hosts`, `host=ip`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extra_hosts: Vec<String>,
    /// GPUs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gpus: Vec<DeviceRequest>,
    /// Further groups of the user.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub group_add: Vec<String>,
    /// The health check; `None` keeps the image's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub healthcheck: Option<HealthCheck>,
    /// The container's host name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub hostname: String,
    /// The image.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub image: String,
    /// Run an init process as PID 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub init: Option<bool>,
    /// IPC mode.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub ipc: String,
    /// Isolation technology (Windows).
    #[serde(skip_serializing_if = "String::is_empty")]
    pub isolation: String,
    /// Labels of its containers.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: Mapping,
    /// Files that labels were read from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub label_file: Vec<String>,
    /// Links to other services, `service[:alias]`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<String>,
    /// Log driver.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logging: Option<Logging>,
    /// Memory limit.
    #[serde(skip_serializing_if = "is_default")]
    pub mem_limit: ByteSize,
    /// Memory reservation.
    #[serde(skip_serializing_if = "is_default")]
    pub mem_reservation: ByteSize,
    /// Memory and swap; `-1` is unlimited swap.
    #[serde(skip_serializing_if = "is_default")]
    pub memswap_limit: ByteSize,
    /// Swappiness, 0 to 100.
    #[serde(skip_serializing_if = "is_default")]
    pub mem_swappiness: ByteSize,
    /// MAC address.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub mac_address: String,
    /// AI models it uses.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub models: BTreeMap<String, Option<ModelGrant>>,
    /// Network mode; read with [`NetworkMode::read`](super::NetworkMode::read).
    #[serde(skip_serializing_if = "String::is_empty")]
    pub network_mode: String,
    /// Networks it is in.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub networks: BTreeMap<String, Option<Endpoint>>,
    /// Do not kill when memory runs out.
    #[serde(skip_serializing_if = "is_default")]
    pub oom_kill_disable: bool,
    /// OOM score adjustment.
    #[serde(skip_serializing_if = "is_default")]
    pub oom_score_adj: i64,
    /// PID mode.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub pid: String,
    /// Most processes; `-1` is unlimited.
    #[serde(skip_serializing_if = "is_default")]
    pub pids_limit: i64,
    /// Platform, `os/arch`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub platform: String,
    /// Published ports.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<Port>,
    /// Extended privileges.
    #[serde(skip_serializing_if = "is_default")]
    pub privileged: bool,
    /// When the image is pulled.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub pull_policy: String,
    /// When a pulled image counts as old.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub pull_refresh_after: String,
    /// Read-only root filesystem.
    #[serde(skip_serializing_if = "is_default")]
    pub read_only: bool,
    /// Restart policy: `no`, `always`, `on-failure[:n]`, `unless-stopped`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub restart: String,
    /// OCI runtime.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub runtime: String,
    /// How many containers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale: Option<u32>,
    /// Secrets it gets.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<FileGrant>,
    /// Security options.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub security_opt: Vec<String>,
    /// Size of `/dev/shm`.
    #[serde(skip_serializing_if = "is_default")]
    pub shm_size: ByteSize,
    /// Keep standard input open.
    #[serde(skip_serializing_if = "is_default")]
    pub stdin_open: bool,
    /// How long a stop may take before the kill. Default 10 s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_grace_period: Option<TimeSpan>,
    /// Signal that stops it. Default `SIGTERM`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub stop_signal: String,
    /// Storage driver options.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub storage_opt: Mapping,
    /// Kernel parameters.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub sysctls: Mapping,
    /// Tmpfs mounts, `path[:options]`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tmpfs: Vec<String>,
    /// Allocate a terminal.
    #[serde(skip_serializing_if = "is_default")]
    pub tty: bool,
    /// Resource limits.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub ulimits: BTreeMap<String, Ulimit>,
    /// Give it the engine's socket and credentials.
    #[serde(skip_serializing_if = "is_default")]
    pub use_api_socket: bool,
    /// The user it runs as.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub user: String,
    /// User namespace.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub userns_mode: String,
    /// UTS namespace.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub uts: String,
    /// Mounts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<Mount>,
    /// Mounts taken over from others, `service[:ro]` or `container:name[:ro]`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub volumes_from: Vec<String>,
    /// Working directory.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub working_dir: String,
    /// Containers that run before it starts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pre_start: Vec<Hook>,
    /// Commands run in it after it started.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub post_start: Vec<Hook>,
    /// Commands run in it before it stops.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pre_stop: Vec<Hook>,
    /// `x-` keys.
    #[serde(flatten)]
    pub extensions: Extensions,
}

/// `services.*.blkio_config`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BlkioConfig {
    /// Relative weight, 10 to 1000.
    #[serde(skip_serializing_if = "is_default")]
    pub weight: u16,
    /// Weight per device.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub weight_device: Vec<WeightDevice>,
    /// Read limit per device, in bytes per second.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub device_read_bps: Vec<ThrottleDevice>,
    /// Read limit per device, in operations per second.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub device_read_iops: Vec<ThrottleDevice>,
    /// Write limit per device, in bytes per second.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub device_write_bps: Vec<ThrottleDevice>,
    /// Write limit per device, in operations per second.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub device_write_iops: Vec<ThrottleDevice>,
    /// `x-` keys.
    #[serde(flatten)]
    pub extensions: Extensions,
}

/// One `weight_device`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WeightDevice {
    /// The device.
    pub path: String,
    /// Its weight.
    pub weight: u16,
    /// `x-` keys.
    #[serde(flatten)]
    pub extensions: Extensions,
}

/// One rate limit of a device.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ThrottleDevice {
    /// The device.
    pub path: String,
    /// Bytes or operations per second.
    pub rate: ByteSize,
    /// `x-` keys.
    #[serde(flatten)]
    pub extensions: Extensions,
}

/// `services.*.credential_spec`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CredentialSpec {
    /// The key of a config.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub config: String,
    /// A file.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub file: String,
    /// A registry value.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub registry: String,
    /// `x-` keys.
    #[serde(flatten)]
    pub extensions: Extensions,
}

/// One device mapping.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Device {
    /// The host's device, or a CDI name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// Its path in the container.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub target: String,
    /// Cgroup permissions, `rwm`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub permissions: String,
    /// `x-` keys.
    #[serde(flatten)]
    pub extensions: Extensions,
}

/// `services.*.logging`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Logging {
    /// The log driver.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub driver: String,
    /// Its options.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub options: Mapping,
    /// `x-` keys.
    #[serde(flatten)]
    pub extensions: Extensions,
}

/// A resource limit: one number for both, or soft and hard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ulimit {
    /// The soft limit; `-1` is unlimited.
    pub soft: i64,
    /// The hard limit; `-1` is unlimited.
    pub hard: i64,
    /// It was written as one number, and is printed as one.
    pub single: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum UlimitForm {
    Single(i64),
    Pair { soft: i64, hard: i64 },
}

impl Serialize for Ulimit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let form = if self.single {
            UlimitForm::Single(self.soft)
        } else {
            UlimitForm::Pair {
                soft: self.soft,
                hard: self.hard,
            }
        };
        form.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Ulimit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match UlimitForm::deserialize(deserializer)? {
            UlimitForm::Single(limit) => Self {
                soft: limit,
                hard: limit,
                single: true,
            },
            UlimitForm::Pair { soft, hard } => Self {
                soft,
                hard,
                single: false,
            },
        })
    }
}

impl Service {
    /// How many containers it wants: `scale`, else `deploy.replicas`, else 1.
    #[must_use]
    pub fn replicas(&self) -> u32 {
        self.scale
            .or(self.deploy.as_ref().and_then(|deploy| deploy.replicas))
            .unwrap_or(1)
    }
}

// SPDX-License-Identifier: MIT
//! `services.*`.

use super::build::{BUILD, CREDENTIAL_SPEC, DEVELOP, MODEL_GRANTS, PROVIDER};
use super::deploy::{BLKIO, DEPLOY};
use super::parts::{
    BYTES, CAST_FLAG, COMMAND, CONFIGS, COUNT, DISTINCT_STRINGS, DURATION, ENV_FILES, EXTRA_HOSTS, FLAG,
    FRACTION, GPUS, HOOKS, LABEL_FILES, MAPPING, NUMERIC, OPTIONAL_MAPPING, OPTIONS, SECRETS, START_HOOKS,
    STRICT_CAST_FLAG, STRICT_FLAG, STRING, TEXTS, ULIMITS, UNIQUE_STRING_OR_LIST, UNIQUE_STRINGS,
    UNIQUE_TEXTS,
};
use super::{Check, Field, Form, INT, Merge, NULL, NUMBER, Scalar, Shape, TEXT, Target, Unique, key, must};
use crate::compose::canonical::{devices, health, lists, mounts, ports, service};
use crate::compose::paths;

pub(crate) static SERVICE: Shape = Shape::object(FIELDS);
static FIELDS: &[Field] = &[
    key("annotations", &MAPPING),
    key("attach", &FLAG),
    key("blkio_config", &BLKIO),
    key("build", &BUILD),
    key("cap_add", &UNIQUE_STRINGS),
    key("cap_drop", &UNIQUE_STRINGS),
    key("cgroup", &CGROUP),
    key("cgroup_parent", &STRING),
    key("command", &COMMAND),
    key("configs", &CONFIGS),
    key("container_name", &CONTAINER_NAME),
    key("cpu_count", &CPU_COUNT),
    key("cpu_percent", &CPU_PERCENT),
    key("cpu_period", &CPU_TIME),
    key("cpu_quota", &NUMERIC),
    key("cpu_rt_period", &CPU_TIME),
    key("cpu_rt_runtime", &CPU_TIME),
    key("cpu_shares", &NUMERIC),
    key("cpus", &FRACTION),
    key("cpuset", &STRING),
    key("credential_spec", &CREDENTIAL_SPEC),
    key("depends_on", &DEPENDS_ON),
    key("deploy", &DEPLOY),
    key("develop", &DEVELOP),
    key("device_cgroup_rules", &DISTINCT_STRINGS),
    key("devices", &DEVICES),
    key("dns", &DNS),
    key("dns_opt", &UNIQUE_STRINGS),
    key("dns_search", &UNIQUE_STRING_OR_LIST),
    key("domainname", &STRING),
    key("entrypoint", &COMMAND),
    key("env_file", &ENV_FILES),
    key("environment", &OPTIONAL_MAPPING),
    key("expose", &UNIQUE_TEXTS),
    key("extends", &EXTENDS),
    key("external_links", &DISTINCT_STRINGS),
    key("extra_hosts", &EXTRA_HOSTS),
    key("gpus", &GPUS),
    key("group_add", &TEXTS),
    key("healthcheck", &HEALTHCHECK),
    key("hostname", &STRING),
    key("image", &STRING),
    key("init", &CAST_FLAG),
    key("ipc", &STRING),
    key("isolation", &STRING),
    key("label_file", &LABEL_FILES),
    key("labels", &MAPPING),
    key("links", &UNIQUE_STRINGS),
    key("logging", &LOGGING),
    key("mac_address", &STRING),
    key("mem_limit", &BYTES),
    key("mem_reservation", &BYTES),
    key("mem_swappiness", &BYTES),
    key("memswap_limit", &BYTES),
    key("models", &MODEL_GRANTS),
    key("network_mode", &STRING),
    key("networks", &NETWORKS),
    key("oom_kill_disable", &CAST_FLAG),
    key("oom_score_adj", &OOM_SCORE),
    key("pid", &PID),
    key("pids_limit", &NUMERIC),
    key("platform", &STRING),
    key("ports", &PORTS),
    key("post_start", &HOOKS),
    key("pre_start", &START_HOOKS),
    key("pre_stop", &HOOKS),
    key("privileged", &CAST_FLAG),
    key("profiles", &UNIQUE_STRINGS),
    key("provider", &PROVIDER),
    key("pull_policy", &PULL_POLICY),
    key("pull_refresh_after", &STRING),
    key("read_only", &CAST_FLAG),
    key("restart", &STRING),
    key("runtime", &STRING),
    key("scale", &COUNT),
    key("secrets", &SECRETS),
    key("security_opt", &DISTINCT_STRINGS),
    key("shm_size", &BYTES),
    key("stdin_open", &CAST_FLAG),
    key("stop_grace_period", &DURATION),
    key("stop_signal", &STRING),
    key("storage_opt", &OPTIONS),
    key("sysctls", &MAPPING),
    key("tmpfs", &UNIQUE_STRING_OR_LIST),
    key("tty", &CAST_FLAG),
    key("ulimits", &ULIMITS),
    key("use_api_socket", &STRICT_FLAG),
    key("user", &STRING),
    key("userns_mode", &STRING),
    key("uts", &STRING),
    key("volumes", &VOLUMES),
    key("volumes_from", &DISTINCT_STRINGS),
    key("working_dir", &STRING),
];

static CGROUP: Shape = Shape::checked(TEXT, Target::Text, Check::OneOf(&["host", "private"]));
static CONTAINER_NAME: Shape = Shape::checked(TEXT, Target::Text, Check::Text(service::container_name));
static CPU_COUNT: Shape = early_range(INT | TEXT, 0, i64::MAX);
static CPU_PERCENT: Shape = Shape::of(Form::Scalar(
    Scalar::new(INT | TEXT, Target::Float)
        .early()
        .check(Check::Range(0, 100)),
));
static CPU_TIME: Shape = Shape::scalar(NUMBER | TEXT, Target::Int).canonical(service::cpu_time);
static OOM_SCORE: Shape = early_range(INT | TEXT, -1000, 1000);
static PID: Shape = Shape::scalar(TEXT | NULL, Target::Text);
static PULL_POLICY: Shape = Shape::checked(TEXT, Target::Text, Check::Text(service::pull_policy));

const fn early_range(types: u8, least: i64, most: i64) -> Shape {
    Shape::of(Form::Scalar(
        Scalar::new(types, Target::Int)
            .early()
            .check(Check::Range(least, most)),
    ))
}

static DNS: Shape = Shape::distinct(&STRING)
    .canonical(lists::one_or_more_filled)
    .unique(Unique::Key);

static DEPENDS_ON: Shape = Shape::named(&DEPENDENCY).canonical(service::dependencies);
static DEPENDENCY: Shape = Shape::object(&[
    must("condition", &CONDITION),
    key("required", &STRICT_CAST_FLAG),
    key("restart", &CAST_FLAG),
]);
static CONDITION: Shape = Shape::checked(
    TEXT,
    Target::Text,
    Check::OneOf(&[
        "service_started",
        "service_healthy",
        "service_completed_successfully",
    ]),
);

static DEVICES: Shape = Shape::list(&DEVICE).unique(Unique::Target);
static DEVICE: Shape = Shape::object(&[
    key("permissions", &STRING),
    must("source", &STRING),
    key("target", &STRING),
])
.canonical(devices::mapping);

static EXTENDS: Shape = Shape::object(&[key("file", &EXTENDS_FILE), must("service", &STRING)])
    .canonical(service::extends)
    .merge(Merge::Replace);
static EXTENDS_FILE: Shape = Shape::scalar(TEXT, Target::Text).resolve(paths::file);

static HEALTHCHECK: Shape = Shape::object(&[
    key("disable", &CAST_FLAG),
    key("interval", &DURATION),
    key("retries", &NUMERIC),
    key("start_interval", &DURATION),
    key("start_period", &DURATION),
    key("test", &TEST),
    key("timeout", &DURATION),
]);
static TEST: Shape = Shape::list(&STRING).canonical(health::test).merge(Merge::Replace);

static LOGGING: Shape =
    Shape::object(&[key("driver", &STRING), key("options", &OPTIONS)]).merge(Merge::SameDriver);

static NETWORKS: Shape = Shape::named(&ENDPOINT).canonical(service::keys);
static ENDPOINT: Shape = Shape::of(Form::Optional(&Form::Object(&[
    key("aliases", &UNIQUE_STRINGS),
    key("driver_opts", &OPTIONS),
    key("gw_priority", &PRIORITY),
    key("interface_name", &STRING),
    key("ipv4_address", &STRING),
    key("ipv6_address", &STRING),
    key("link_local_ips", &UNIQUE_STRINGS),
    key("mac_address", &STRING),
    key("priority", &PRIORITY),
])));
static PRIORITY: Shape = Shape::scalar(NUMBER, Target::Int);

static PORTS: Shape = Shape::list(&PORT)
    .canonical(ports::long_forms)
    .unique(Unique::Port);
static PORT: Shape = Shape::object(&[
    key("app_protocol", &STRING),
    key("host_ip", &STRING),
    key("mode", &STRING),
    key("name", &STRING),
    key("protocol", &STRING),
    key("published", &PUBLISHED),
    key("target", &PORT_NUMBER),
]);
static PORT_NUMBER: Shape = early_range(INT | TEXT, 1, 65535);
static PUBLISHED: Shape = Shape::scalar(TEXT | INT, Target::Text);

static VOLUMES: Shape = Shape::list(&VOLUME).unique(Unique::Target);
static VOLUME: Shape = Shape::object(&[
    key("bind", &BIND),
    key("consistency", &STRING),
    key("image", &IMAGE),
    key("read_only", &CAST_FLAG),
    key("source", &STRING),
    key("target", &STRING),
    key("tmpfs", &TMPFS),
    must("type", &MOUNT_TYPE),
    key("volume", &VOLUME_OPTIONS),
])
.canonical(mounts::long_form)
.resolve(paths::mount);
static MOUNT_TYPE: Shape = Shape::checked(
    TEXT,
    Target::Text,
    Check::OneOf(&["bind", "volume", "tmpfs", "cluster", "npipe", "image"]),
);
static BIND: Shape = Shape::object(&[
    key("create_host_path", &FLAG),
    key("propagation", &STRING),
    key("recursive", &RECURSIVE),
    key("selinux", &SELINUX),
]);
static RECURSIVE: Shape = Shape::checked(
    TEXT,
    Target::Text,
    Check::OneOf(&["enabled", "disabled", "writable", "readonly"]),
);
static SELINUX: Shape = Shape::checked(TEXT, Target::Text, Check::OneOf(&["z", "Z"]));
static VOLUME_OPTIONS: Shape = Shape::object(&[
    key("labels", &MAPPING),
    key("nocopy", &CAST_FLAG),
    key("subpath", &STRING),
]);
static TMPFS: Shape = Shape::object(&[key("mode", &TMPFS_MODE), key("size", &TMPFS_SIZE)]);
static TMPFS_SIZE: Shape = Shape::checked(INT | TEXT, Target::Bytes, Check::Range(0, i64::MAX));
static TMPFS_MODE: Shape = Shape::scalar(NUMBER | TEXT, Target::Int);
static IMAGE: Shape = Shape::object(&[key("subpath", &STRING)]);

// SPDX-License-Identifier: MIT
//! How the container sits on the host: namespaces, privileges, restart rules, logs.

use std::collections::BTreeSet;

use bollard::models::{
    HostConfig, HostConfigCgroupnsModeEnum, HostConfigIsolationEnum, HostConfigLogConfig, PortBinding,
    PortMap, RestartPolicy, RestartPolicyNameEnum,
};
use cilo_spec::model::Service;

use super::{Wanted, endpoint, mounts, number, resources, said, text};

/// The security option that shows the container all of `/proc`; the engine has no word for it.
const OPEN_SYSTEM_PATHS: &str = "systempaths=unconfined";

/// `HostConfig` of the container.
pub(super) fn config(wanted: &Wanted<'_>) -> HostConfig {
    let service = wanted.service;
    let (binds, mounts) = mounts::all(wanted);
    let open = service
        .security_opt
        .iter()
        .any(|option| option == OPEN_SYSTEM_PATHS);
    let config = HostConfig {
        binds: said(binds),
        mounts: said(mounts),
        network_mode: Some(network_mode(wanted)),
        port_bindings: said_ports(service),
        restart_policy: restart(service),
        annotations: said(service.annotations.clone()),
        cap_add: said(capabilities(&service.cap_add)),
        cap_drop: said(capabilities(&service.cap_drop)),
        cgroupns_mode: match service.cgroup.as_str() {
            "host" => Some(HostConfigCgroupnsModeEnum::HOST),
            "private" => Some(HostConfigCgroupnsModeEnum::PRIVATE),
            _ => None,
        },
        dns: said(service.dns.iter().cloned()),
        dns_options: said(service.dns_opt.iter().cloned()),
        dns_search: said(service.dns_search.iter().cloned()),
        extra_hosts: said(
            service
                .extra_hosts
                .iter()
                .map(|entry| entry.replacen('=', ":", 1)),
        ),
        group_add: said(service.group_add.iter().cloned()),
        init: service.init,
        ipc_mode: wanted.namespace(&service.ipc),
        isolation: match service.isolation.as_str() {
            "process" => Some(HostConfigIsolationEnum::PROCESS),
            "hyperv" => Some(HostConfigIsolationEnum::HYPERV),
            "default" => Some(HostConfigIsolationEnum::DEFAULT),
            _ => None,
        },
        links: said(endpoint::links(wanted)),
        log_config: service.logging.as_ref().map(|logging| HostConfigLogConfig {
            typ: text(&logging.driver),
            config: said(logging.options.clone()),
        }),
        oom_score_adj: number(service.oom_score_adj),
        pid_mode: wanted.namespace(&service.pid),
        privileged: service.privileged.then_some(true),
        readonly_rootfs: service.read_only.then_some(true),
        runtime: text(&service.runtime),
        security_opt: said(security_options(wanted)),
        masked_paths: open.then(Vec::new),
        readonly_paths: open.then(Vec::new),
        shm_size: number(service.shm_size.0),
        storage_opt: said(service.storage_opt.clone()),
        sysctls: said(service.sysctls.clone()),
        tmpfs: said(service.tmpfs.iter().map(|entry| {
            let (path, options) = entry.split_once(':').unwrap_or((entry, ""));
            (path.to_owned(), options.to_owned())
        })),
        userns_mode: text(&service.userns_mode),
        uts_mode: wanted.namespace(&service.uts),
        volumes_from: said(mounts::from_others(wanted)),
        ..HostConfig::default()
    };
    resources::apply(service, config)
}

/// Capabilities with their full names, sorted, each once; `ALL` stands for all of them.
fn capabilities(names: &[String]) -> BTreeSet<String> {
    let full = names.iter().map(|name| {
        let name = name.trim().to_ascii_uppercase();
        if name == "ALL" || name.starts_with("CAP_") {
            name
        } else {
            format!("CAP_{name}")
        }
    });
    let all: BTreeSet<String> = full.collect();
    if all.contains("ALL") {
        return BTreeSet::from(["ALL".to_owned()]);
    }
    all
}

/// The engine starts the container again by itself when it ends with this exit code.
pub(in crate::docker) fn restarts(service: &Service, exit_code: i64) -> bool {
    match restart(service).and_then(|policy| policy.name) {
        Some(RestartPolicyNameEnum::ALWAYS | RestartPolicyNameEnum::UNLESS_STOPPED) => true,
        Some(RestartPolicyNameEnum::ON_FAILURE) => exit_code != 0,
        _ => false,
    }
}

/// Paths of the seccomp profiles that the service names.
pub(in crate::docker) fn seccomp_files(service: &Service) -> impl Iterator<Item = &str> {
    service
        .security_opt
        .iter()
        .filter_map(|option| seccomp_file(option))
}

fn seccomp_file(option: &str) -> Option<&str> {
    let (key, value) = option.split_once(['=', ':'])?;
    (key == "seccomp" && value != "unconfined" && value != "builtin").then_some(value)
}

fn security_options(wanted: &Wanted<'_>) -> Vec<String> {
    wanted
        .service
        .security_opt
        .iter()
        .filter(|option| *option != OPEN_SYSTEM_PATHS)
        .map(
            |option| match seccomp_file(option).and_then(|file| wanted.resolved.seccomp.get(file)) {
                Some(profile) => format!("seccomp={profile}"),
                None => option.clone(),
            },
        )
        .collect()
}

fn network_mode(wanted: &Wanted<'_>) -> String {
    let service = wanted.service;
    if let Some(mode) = wanted.namespace(&service.network_mode) {
        return mode;
    }
    let primary = endpoint::order(service).into_iter().next();
    primary
        .and_then(|key| wanted.resolved.networks.get(key))
        .cloned()
        .unwrap_or_else(|| "none".to_owned())
}

/// Isolation leaves no `ports`; whoever keeps one means it.
fn said_ports(service: &Service) -> Option<PortMap> {
    said(service.ports.iter().map(|port| {
        let protocol = if port.protocol.is_empty() {
            "tcp"
        } else {
            &port.protocol
        };
        let binding = PortBinding {
            host_ip: text(&port.host_ip),
            host_port: text(&port.published),
        };
        (format!("{}/{protocol}", port.target), Some(vec![binding]))
    }))
}

fn restart(service: &Service) -> Option<RestartPolicy> {
    let policy = |name: &str, attempts: Option<i64>| {
        let name = match name {
            "no" | "none" => RestartPolicyNameEnum::NO,
            "always" | "any" => RestartPolicyNameEnum::ALWAYS,
            "on-failure" => RestartPolicyNameEnum::ON_FAILURE,
            "unless-stopped" => RestartPolicyNameEnum::UNLESS_STOPPED,
            _ => return None,
        };
        Some(RestartPolicy {
            name: Some(name),
            maximum_retry_count: attempts.filter(|attempts| *attempts != 0),
        })
    };
    let deploy = service
        .deploy
        .as_ref()
        .and_then(|deploy| deploy.restart_policy.as_ref());
    if let Some(rule) = deploy {
        let attempts = rule
            .max_attempts
            .and_then(|attempts| i64::try_from(attempts).ok());
        return policy(&rule.condition, attempts);
    }
    let (name, attempts) = service.restart.split_once(':').unwrap_or((&service.restart, ""));
    policy(name, attempts.parse().ok())
}

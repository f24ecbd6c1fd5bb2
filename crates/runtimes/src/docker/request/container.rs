// SPDX-License-Identifier: MIT
//! The container itself: what runs in it, and what it says of itself.

use std::collections::BTreeSet;

use bollard::models::{ContainerCreateBody, HealthConfig, NetworkingConfig};
use cilo_spec::model::{HealthCheck, Service};

use super::{Wanted, endpoint, host, said, text};
use crate::docker::labels;

/// The request that makes the container. `hash` is its [`canonical`] form's digest.
pub(in crate::docker) fn body(wanted: &Wanted<'_>, hash: &str) -> ContainerCreateBody {
    let service = wanted.service;
    let host_config = host::config(wanted);
    let shares_network = host_config
        .network_mode
        .as_ref()
        .is_some_and(|mode| mode.starts_with("container:"));
    let mut labels = labels::of_container(wanted.spec, wanted.name, service, wanted.number);
    labels.insert(labels::HASH.to_owned(), hash.to_owned());
    labels.insert(labels::IMAGE.to_owned(), wanted.resolved.image.clone());
    if !wanted.resolved.inherited.is_empty() {
        let names: Vec<&str> = wanted
            .resolved
            .inherited
            .iter()
            .map(|volume| volume.name.as_str())
            .collect();
        labels.insert(labels::TAKEN_OVER.to_owned(), names.join(","));
    }
    ContainerCreateBody {
        hostname: text(&service.hostname),
        domainname: text(&service.domainname),
        user: text(&service.user),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        // An engine refuses ports on a container that has no network of its own.
        exposed_ports: said((!shares_network).then(|| exposed(service)).into_iter().flatten()),
        tty: service.tty.then_some(true),
        open_stdin: service.stdin_open.then_some(true),
        env: said(service.environment.iter().map(|(key, value)| match value {
            Some(value) => format!("{key}={value}"),
            None => key.clone(),
        })),
        cmd: service.command.clone(),
        healthcheck: service.healthcheck.as_ref().map(health),
        image: Some(service.image.clone()),
        working_dir: text(&service.working_dir),
        entrypoint: service.entrypoint.clone(),
        network_disabled: (service.network_mode == "disabled").then_some(true),
        labels: said(labels),
        stop_signal: text(&service.stop_signal),
        stop_timeout: service
            .stop_grace_period
            .map(|span| i64::try_from(span.to_std().as_secs()).unwrap_or(i64::MAX)),
        networking_config: endpoint::at_create(wanted).map(|endpoints| NetworkingConfig {
            endpoints_config: Some(endpoints.into_iter().collect()),
        }),
        host_config: Some(host_config),
        ..ContainerCreateBody::default()
    }
}

/// The service with everything left out that does not change its containers: two containers made from equal
/// forms need not be told apart.
pub(in crate::docker) fn canonical(wanted: &Wanted<'_>) -> serde_json::Value {
    let service = Service {
        build: None,
        develop: None,
        profiles: Vec::new(),
        pull_policy: String::new(),
        pull_refresh_after: String::new(),
        scale: None,
        depends_on: std::collections::BTreeMap::new(),
        attach: None,
        ..wanted.service.clone()
    };
    let mut form = serde_json::to_value(service).unwrap_or_default();
    if let Some(deploy) = form.get_mut("deploy").and_then(serde_json::Value::as_object_mut) {
        deploy.remove("replicas");
    }
    let resolved = wanted.resolved;
    serde_json::json!({
        "service": form,
        "image": resolved.image,
        "networks": resolved.networks,
        "containers": resolved.containers,
        "seccomp": resolved.seccomp,
        "files": resolved.files,
    })
}

/// `port/protocol` for everything in `ports` and `expose`, ranges written out.
fn exposed(service: &Service) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for port in &service.ports {
        let protocol = if port.protocol.is_empty() {
            "tcp"
        } else {
            &port.protocol
        };
        found.insert(format!("{}/{protocol}", port.target));
    }
    for entry in &service.expose {
        let (range, protocol) = entry.split_once('/').unwrap_or((entry, "tcp"));
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        if let (Ok(first), Ok(last)) = (first.parse::<u16>(), last.parse::<u16>()) {
            found.extend((first..=last).map(|port| format!("{port}/{protocol}")));
        }
    }
    found
}

fn health(check: &HealthCheck) -> HealthConfig {
    HealthConfig {
        test: if check.disable {
            Some(vec!["NONE".to_owned()])
        } else {
            said(check.test.iter().cloned())
        },
        interval: check.interval.map(|span| span.0),
        timeout: check.timeout.map(|span| span.0),
        retries: check
            .retries
            .map(|retries| i64::try_from(retries).unwrap_or(i64::MAX)),
        start_period: check.start_period.map(|span| span.0),
        start_interval: check.start_interval.map(|span| span.0),
    }
}

// SPDX-License-Identifier: MIT
//! The container itself: what runs in it, and what it says of itself.

use std::collections::BTreeSet;

use bollard::models::{ContainerCreateBody, HealthConfig, NetworkingConfig};
use cilo_spec::model::{HealthCheck, Service};

use super::{Wanted, endpoint, host, said, text};
use crate::docker::labels;

/// Where clients in a container with the engine's socket look for logins.
const API_LOGINS: &str = "DOCKER_CONFIG=/run/secrets/docker";

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
        env: said(variables(service)),
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

/// A variable without a value takes one that the image sets away.
fn variables(service: &Service) -> impl Iterator<Item = String> {
    let own = service.environment.iter().map(|(key, value)| match value {
        Some(value) => format!("{key}={value}"),
        None => key.clone(),
    });
    own.chain(service.use_api_socket.then(|| API_LOGINS.to_owned()))
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

#[cfg(test)]
mod tests {
    use cilo_spec::{EnvironmentSpec, IsolatedSpec, Isolation, isolate};
    use serde_json::{Value, json};

    use super::super::Resolved;
    use super::*;

    fn isolated(service: Value) -> IsolatedSpec {
        let spec: EnvironmentSpec = serde_json::from_value(json!({
            "name": "shop",
            "services": { "web": service, "db": { "image": "db" } },
            "networks": { "back": {}, "front": {} },
            "volumes": { "data": {} },
            "secrets": { "key": { "file": "/src/key.txt" }, "text": { "environment": "TEXT" } },
        }))
        .unwrap();
        let isolation = Isolation {
            identity: cilo_spec::Identity {
                project: "shop".parse().unwrap(),
                env: "one".parse().unwrap(),
                id: "1".parse().unwrap(),
            },
            suffix: "test".parse().unwrap(),
            subnet: "10.224.1.0/24".parse().unwrap(),
            source: "/src".into(),
            workspace: "/workspaces/one".into(),
        };
        isolate(&spec, &isolation).unwrap()
    }

    fn request(spec: &IsolatedSpec, version: (usize, usize)) -> Value {
        let resolved = Resolved {
            image: "sha256:1".to_owned(),
            networks: [("back", "id-back"), ("front", "id-front")]
                .map(|(key, id)| (key.to_owned(), id.to_owned()))
                .into(),
            containers: [("db".to_owned(), vec!["id-db".to_owned()])].into(),
            ..Resolved::default()
        };
        let wanted = Wanted {
            spec,
            name: "web",
            service: &spec.environment().services["web"],
            number: 2,
            version,
            resolved: &resolved,
        };
        serde_json::to_value(body(&wanted, "hash")).unwrap()
    }

    #[test]
    fn a_service_becomes_a_request() {
        let spec = isolated(json!({
            "image": "web:1",
            "command": ["run"],
            "environment": { "A": "1", "B": null },
            "ports": [{ "target": 80, "published": "8080", "protocol": "tcp" }],
            "networks": { "back": null, "front": { "priority": 5 } },
            "volumes": [
                { "type": "volume", "source": "data", "target": "/data" },
                { "type": "bind", "source": "/src/html", "target": "/html", "read_only": true },
                { "type": "volume", "target": "/anonymous" },
                { "type": "tmpfs", "target": "/tmp", "tmpfs": { "size": "64m" } },
            ],
            "secrets": [{ "source": "key" }, { "source": "text" }],
            "cap_drop": ["all", "net_admin"],
            "cpus": 0.5,
            "restart": "on-failure:3",
            "healthcheck": { "test": ["CMD", "true"], "interval": "5s", "retries": 2 },
            "stop_grace_period": "1m30s",
            "extra_hosts": ["host.docker.internal=host-gateway"],
            "security_opt": ["systempaths=unconfined"],
        }));
        let mut request = request(&spec, (1, 41));
        assert_eq!(
            request["Labels"]
                .as_object_mut()
                .unwrap()
                .remove("dev.cilo.ports"),
            Some("+80/tcp".into())
        );
        request["Labels"] = json!(request["Labels"].as_object().unwrap().len());
        let expected = json!({
            "AttachStderr": true,
            "AttachStdout": true,
            "Cmd": ["run"],
            "Env": ["A=1", "B"],
            "ExposedPorts": { "80/tcp": {} },
            "Healthcheck": { "Interval": 5_000_000_000_i64, "Retries": 2, "Test": ["CMD", "true"] },
            "HostConfig": {
                "Binds": ["cilo_shop_one_data:/data:rw", "/workspaces/one/html:/html:ro"],
                "CapDrop": ["ALL"],
                "ExtraHosts": ["host.docker.internal:host-gateway"],
                "MaskedPaths": [],
                "Mounts": [
                    { "Target": "/anonymous", "Type": "volume" },
                    { "Target": "/tmp", "TmpfsOptions": { "SizeBytes": 67_108_864 }, "Type": "tmpfs" },
                    {
                        "ReadOnly": true,
                        "Source": "/workspaces/one/key.txt",
                        "Target": "/run/secrets/key",
                        "Type": "bind",
                    },
                ],
                "NanoCpus": 500_000_000,
                "NetworkMode": "id-front",
                "ReadonlyPaths": [],
                "RestartPolicy": { "MaximumRetryCount": 3, "Name": "on-failure" },
            },
            "Image": "web:1",
            "Labels": 14,
            "NetworkingConfig": { "EndpointsConfig": { "id-front": {
                "Aliases": ["cilo_shop_one_web_2", "web", "web.one.test", "shop.one.test"],
            }}},
            "StopTimeout": 90,
        });
        assert_eq!(request, expected, "{request:#}");
    }

    #[test]
    fn newer_engines_take_all_networks_at_once() {
        let spec = isolated(json!({ "image": "web:1", "networks": { "back": null, "front": null } }));
        let endpoints = |version| {
            let request = request(&spec, version);
            let endpoints = request["NetworkingConfig"]["EndpointsConfig"]
                .as_object()
                .unwrap();
            endpoints.keys().cloned().collect::<Vec<_>>()
        };
        assert_eq!(endpoints((1, 41)), ["id-back"]);
        assert_eq!(endpoints((1, 44)), ["id-back", "id-front"]);
    }

    #[test]
    fn a_network_of_another_service_leaves_no_ports_of_its_own() {
        let spec = isolated(json!({ "image": "web:1", "network_mode": "service:db", "expose": ["80"] }));
        let request = request(&spec, (1, 41));
        assert_eq!(request["HostConfig"]["NetworkMode"], "container:id-db");
        assert_eq!(request.get("ExposedPorts"), None);
        assert_eq!(request.get("NetworkingConfig"), None);
    }
}

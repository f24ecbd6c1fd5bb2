// SPDX-License-Identifier: MIT
//! Labels by which `docker compose` and its relatives see environments, and those Cilo keeps its own notes in.

use std::collections::BTreeMap;

use cilo_spec::model::{Condition, EnvironmentSpec, Mapping, Service};
use cilo_spec::{IsolatedSpec, names};

/// The Compose project: the environment's name in the engine.
pub(super) const PROJECT: &str = "com.docker.compose.project";
/// The service's name.
pub(super) const SERVICE: &str = "com.docker.compose.service";
/// The container's number, from 1.
pub(super) const NUMBER: &str = "com.docker.compose.container-number";
/// `True` on containers that are not of the service's own set.
pub(super) const ONEOFF: &str = "com.docker.compose.oneoff";
/// What the container was made from, as a digest. `docker compose` lists only containers that have it.
pub(super) const HASH: &str = "com.docker.compose.config-hash";
/// The id of the image.
pub(super) const IMAGE: &str = "com.docker.compose.image";
/// `service:condition:restart`, joined by `,`.
pub(super) const DEPENDS_ON: &str = "com.docker.compose.depends_on";
/// The hook a throw-away container runs.
pub(super) const HOOK: &str = "com.docker.compose.hook";
/// The key of a network.
pub(super) const NETWORK: &str = "com.docker.compose.network";
/// The key of a volume.
pub(super) const VOLUME: &str = "com.docker.compose.volume";
const VERSION: &str = "com.docker.compose.version";
const WORKING_DIR: &str = "com.docker.compose.project.working_dir";
const CONFIG_FILES: &str = "com.docker.compose.project.config_files";

/// The version of Compose whose requests and labels these are.
const COMPOSE: &str = "5.5.0";

/// Anonymous volumes that a container took over from the one it replaced, joined by `,`: the engine does not
/// remove them with it.
pub(super) const TAKEN_OVER: &str = "dev.cilo.volumes";
/// The commands of `pre_stop`, as JSON: a stop does not have the project at hand.
pub(super) const PRE_STOP: &str = "dev.cilo.pre-stop";
/// The container has a terminal: its log is one raw stream.
pub(super) const TTY: &str = "dev.cilo.tty";

/// The labels of a container, without the ones that depend on the engine's state (`hash`, `image`).
pub(super) fn of_container(spec: &IsolatedSpec, name: &str, service: &Service, number: u32) -> Mapping {
    let environment = spec.environment();
    let mut labels = service.labels.clone();
    let own = [
        (PROJECT, names::engine_project(spec.identity())),
        (SERVICE, name.to_owned()),
        (NUMBER, number.to_string()),
        (ONEOFF, "False".to_owned()),
        (VERSION, COMPOSE.to_owned()),
        (
            WORKING_DIR,
            environment.origin.directory.to_string_lossy().into_owned(),
        ),
        (CONFIG_FILES, config_files(environment)),
    ];
    labels.extend(own.map(|(key, value)| (key.to_owned(), value)));
    if !service.depends_on.is_empty() {
        labels.insert(DEPENDS_ON.to_owned(), depends_on(service));
    }
    if service.tty {
        labels.insert(TTY.to_owned(), "true".to_owned());
    }
    if !service.pre_stop.is_empty()
        && let Ok(hooks) = serde_json::to_string(&service.pre_stop)
    {
        labels.insert(PRE_STOP.to_owned(), hooks);
    }
    labels
}

/// What a network or volume carries besides the labels isolation gave it. `kind` is [`NETWORK`] or [`VOLUME`].
pub(super) fn of_object(spec: &IsolatedSpec, kind: &str, key: &str, hash: String) -> Mapping {
    [
        (kind, key.to_owned()),
        (PROJECT, names::engine_project(spec.identity())),
        (VERSION, COMPOSE.to_owned()),
        (HASH, hash),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value))
    .collect()
}

fn config_files(environment: &EnvironmentSpec) -> String {
    let files = environment.origin.files.iter();
    files
        .map(|file| file.to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(",")
}

fn depends_on(service: &Service) -> String {
    service
        .depends_on
        .iter()
        .map(|(name, dependency)| {
            let condition = match dependency.condition {
                Condition::Started => "service_started",
                Condition::Healthy => "service_healthy",
                Condition::Completed => "service_completed_successfully",
            };
            format!("{name}:{condition}:{}", dependency.restart)
        })
        .collect::<Vec<_>>()
        .join(",")
}

/// The services that a container's service waits for, from its label.
pub(super) fn dependencies(labels: &BTreeMap<String, String>) -> impl Iterator<Item = &str> {
    labels
        .get(DEPENDS_ON)
        .into_iter()
        .flat_map(|list| list.split(','))
        .filter_map(|entry| entry.split(':').next())
        .filter(|name| !name.is_empty())
}

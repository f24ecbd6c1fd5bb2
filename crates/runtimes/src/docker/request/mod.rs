// SPDX-License-Identifier: MIT
//! From the model of a service to the requests of the engine's API: pure, field by field.

mod container;
mod endpoint;
mod host;
mod mounts;
mod object;
mod resources;

use std::collections::BTreeMap;

use cilo_spec::IsolatedSpec;
use cilo_spec::model::{NetworkMode, Service};

pub(super) use container::{body, canonical};
pub(super) use endpoint::{order as endpoint_order, settings as endpoint};
pub(super) use host::{restarts, seccomp_files};
pub(super) use mounts::{config_target, secret_target};
pub(super) use object::{network, network_hash, volume, volume_hash};

use super::observe::MountedVolume;

/// Everything that a container's request depends on.
#[derive(Clone, Debug)]
pub(super) struct Wanted<'a> {
    pub(super) spec: &'a IsolatedSpec,
    /// The service's name.
    pub(super) name: &'a str,
    pub(super) service: &'a Service,
    /// The container's number, from 1.
    pub(super) number: u32,
    /// The engine's API version.
    pub(super) version: (usize, usize),
    /// What names of the project are in the engine.
    pub(super) resolved: &'a Resolved,
}

/// What names of the project are in the engine.
#[derive(Clone, Debug, Default)]
pub(super) struct Resolved {
    /// The id of the service's image.
    pub(super) image: String,
    /// Folders that the image declares as volumes.
    pub(super) image_volumes: Vec<String>,
    /// Network ids by key, of the networks the service is in.
    pub(super) networks: BTreeMap<String, String>,
    /// Ids of the containers of services whose namespaces or mounts it uses, in the order of their numbers.
    pub(super) containers: BTreeMap<String, Vec<String>>,
    /// Seccomp profiles by path, compact.
    pub(super) seccomp: BTreeMap<String, String>,
    /// Digests of the secrets and configs it gets, by where they appear.
    pub(super) files: BTreeMap<String, String>,
    /// Anonymous volumes of the container it replaces.
    pub(super) inherited: Vec<MountedVolume>,
}

/// The services whose containers must exist before a container of `service` can be made, with the attribute that
/// says so.
pub(super) fn made_after(service: &Service) -> Vec<(&'static str, String)> {
    let mut needed = Vec::new();
    if let Some(NetworkMode::Service(name)) = NetworkMode::read(&service.network_mode) {
        needed.push(("network_mode", name));
    }
    for (attribute, mode) in [
        ("ipc", &service.ipc),
        ("pid", &service.pid),
        ("uts", &service.uts),
    ] {
        if let Some(name) = mode.strip_prefix("service:") {
            needed.push((attribute, name.to_owned()));
        }
    }
    for source in &service.volumes_from {
        if !source.starts_with("container:") {
            let name = source.split(':').next().unwrap_or(source);
            needed.push(("volumes_from", name.to_owned()));
        }
    }
    needed
}

impl Wanted<'_> {
    fn container_of(&self, service: &str) -> Option<&String> {
        self.resolved.containers.get(service)?.first()
    }

    /// `service:x` as the engine wants it; everything else as it is.
    fn namespace(&self, mode: &str) -> Option<String> {
        if mode.is_empty() {
            return None;
        }
        match mode.strip_prefix("service:") {
            Some(service) => self.container_of(service).map(|id| format!("container:{id}")),
            None => Some(mode.to_owned()),
        }
    }
}

/// `None` for an empty list or map: an engine tells "not said" from "said to be empty".
fn said<T, C: FromIterator<T>>(items: impl IntoIterator<Item = T>) -> Option<C> {
    let mut items = items.into_iter().peekable();
    items.peek()?;
    Some(items.collect())
}

fn text(value: &str) -> Option<String> {
    (!value.is_empty()).then(|| value.to_owned())
}

fn number(value: i64) -> Option<i64> {
    (value != 0).then_some(value)
}

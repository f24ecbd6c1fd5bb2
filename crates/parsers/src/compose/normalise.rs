// SPDX-License-Identifier: MIT
//! Stage 9: what the model implies is said, and every resource gets its name in the engine.

use cilo_spec::EnvironmentSpec;
use cilo_spec::Service;
use cilo_spec::model::{Condition, Dependency};

use super::paths::clean;
use super::session::Environment;

/// Completes a decoded model. `environment` fills build arguments that have no value.
pub(crate) fn normalise(spec: &mut EnvironmentSpec, environment: &Environment) {
    let mut uses_default = false;
    for service in spec.services.values_mut() {
        service_defaults(service, environment);
        implied_dependencies(service);
        if service.provider.is_none() && service.network_mode.is_empty() && service.networks.is_empty() {
            service.networks.insert("default".to_owned(), None);
        }
        uses_default |= service.networks.contains_key("default");
    }
    if uses_default {
        spec.networks.entry("default".to_owned()).or_default();
    }
    names(spec);
}

fn service_defaults(service: &mut Service, environment: &Environment) {
    if service.pull_policy == "if_not_present" {
        "missing".clone_into(&mut service.pull_policy);
    }
    if let Some(build) = &mut service.build {
        for (name, value) in &mut build.args {
            if value.is_none() {
                *value = environment.get(name).cloned();
            }
        }
        build.args.retain(|_, value| value.is_some());
        build.extra_hosts.sort();
    }
    service.extra_hosts.sort();
    for mount in &mut service.volumes {
        if mount.target.starts_with('/') {
            mount.target = clean(mount.target.as_ref()).display().to_string();
        }
        if let Some(bind) = &mut mount.bind
            && bind.create_host_path == Some(true)
        {
            bind.create_host_path = None;
        }
    }
    for hook in &mut service.pre_start {
        if hook.image.is_empty() {
            hook.image.clone_from(&service.image);
        }
    }
}

/// Who shares a namespace, a volume or a link needs the other one first.
fn implied_dependencies(service: &mut Service) {
    let mut implied: Vec<(String, bool)> = Vec::new();
    for link in &service.links {
        let target = link.split(':').next().unwrap_or(link);
        implied.push((target.to_owned(), true));
    }
    for namespace in [
        &service.network_mode,
        &service.ipc,
        &service.pid,
        &service.uts,
        &service.cgroup,
    ] {
        if let Some(target) = namespace.strip_prefix("service:") {
            implied.push((target.to_owned(), true));
        }
    }
    for from in &service.volumes_from {
        if !from.starts_with("container:") {
            let target = from.split(':').next().unwrap_or(from);
            implied.push((target.to_owned(), false));
        }
    }
    for (target, restart) in implied {
        service.depends_on.entry(target).or_insert_with(|| Dependency {
            condition: Condition::Started,
            restart,
            required: true,
            extensions: Default::default(),
        });
    }
}

/// `<project>_<key>`, or the key alone for what exists elsewhere.
fn names(spec: &mut EnvironmentSpec) {
    let project = spec.name.clone();
    let fill = |name: &mut String, key: &str, external: bool| {
        if name.is_empty() {
            *name = if external {
                key.to_owned()
            } else {
                format!("{project}_{key}")
            };
        }
    };
    for (key, network) in &mut spec.networks {
        fill(&mut network.name, key, network.external);
    }
    for (key, volume) in &mut spec.volumes {
        fill(&mut volume.name, key, volume.external);
    }
    for (key, source) in spec.secrets.iter_mut().chain(&mut spec.configs) {
        fill(&mut source.name, key, source.external);
    }
}

// SPDX-License-Identifier: MIT
//! Rules between attributes and services, over the services that run.

use std::collections::{BTreeMap, BTreeSet};

use cilo_spec::model::{Build, Deploy, MountKind};
use cilo_spec::{EnvironmentSpec, Service};

use super::dependency_cycle;
use super::session::Session;
use super::tree::Node;
use crate::error::Fault;
use crate::problem::{Notice, Problem};
use crate::source::Span;

/// Checks the enabled services of a normalised model. `tree` is where it was decoded from.
pub(crate) fn check(spec: &EnvironmentSpec, tree: &Node, session: &Session<'_>) -> Result<(), Fault> {
    let mut container_names: BTreeMap<&str, &str> = BTreeMap::new();
    for (name, service) in &spec.services {
        let rules = Rules {
            spec,
            name,
            service,
            tree: tree.get(&["services", name]),
        };
        rules.image()?;
        if let Some(build) = &service.build {
            rules.build(build)?;
        }
        rules.references()?;
        rules.dependencies(session)?;
        rules.scale()?;
        if let Some(deploy) = &service.deploy {
            rules.limits(deploy)?;
        }
        rules.mounts()?;
        if !service.container_name.is_empty()
            && let Some(other) = container_names.insert(&service.container_name, name)
        {
            return Err(rules.refuse(
                &["container_name"],
                format!(
                    "service `{other}` has the container name `{}` too",
                    service.container_name
                ),
            ));
        }
    }
    dependency_cycle::check(spec, tree)
}

struct Rules<'a> {
    spec: &'a EnvironmentSpec,
    name: &'a str,
    service: &'a Service,
    tree: Option<&'a Node>,
}

impl Rules<'_> {
    fn refuse(&self, keys: &[&str], why: impl Into<String>) -> Fault {
        let problem = Problem::Inconsistent {
            subject: format!("service `{}`", self.name),
            why: why.into(),
        };
        self.fault(keys, problem)
    }

    fn undefined(&self, keys: &[&str], verb: &'static str, kind: &'static str, name: &str) -> Fault {
        self.fault(
            keys,
            Problem::Undefined {
                service: self.name.to_owned(),
                verb,
                kind,
                name: name.to_owned(),
            },
        )
    }

    fn fault(&self, keys: &[&str], problem: Problem) -> Fault {
        match self.span(keys) {
            Some(span) => Fault::at(span, problem),
            None => Fault::nowhere(problem),
        }
    }

    /// The place of the deepest of the keys that is there.
    fn span(&self, keys: &[&str]) -> Option<Span> {
        let tree = self.tree?;
        (0..=keys.len())
            .rev()
            .find_map(|count| tree.get(&keys[..count]))
            .map(|node| node.key)
    }

    fn image(&self) -> Result<(), Fault> {
        let service = self.service;
        if service.image.is_empty() && service.build.is_none() && service.provider.is_none() {
            return Err(self.refuse(
                &[],
                "it has neither an image nor a build; add `image:` or `build:`",
            ));
        }
        Ok(())
    }

    fn build(&self, build: &Build) -> Result<(), Fault> {
        if !build.dockerfile.is_empty() && !build.dockerfile_inline.is_empty() {
            return Err(self.refuse(
                &["build", "dockerfile_inline"],
                "`dockerfile` and `dockerfile_inline` exclude each other",
            ));
        }
        for (key, context) in &build.additional_contexts {
            if let Some(target) = context.strip_prefix("service:") {
                let keys = ["build", "additional_contexts", key];
                match self.spec.services.get(target) {
                    None => return Err(self.undefined(&keys, "builds from", "service", target)),
                    Some(other) if other.build.is_none() => {
                        return Err(self.refuse(
                            &keys,
                            format!("it builds from service `{target}`, which has no build"),
                        ));
                    }
                    Some(_) => {}
                }
            }
        }
        let platform = &self.service.platform;
        if !platform.is_empty() && !build.platforms.is_empty() && !build.platforms.contains(platform) {
            return Err(self.refuse(
                &["platform"],
                format!("its platform `{platform}` is not among build.platforms"),
            ));
        }
        for secret in &build.secrets {
            if !self.spec.secrets.contains_key(&secret.source) {
                return Err(self.undefined(&["build", "secrets"], "builds with", "secret", &secret.source));
            }
        }
        Ok(())
    }

    fn references(&self) -> Result<(), Fault> {
        let (spec, service) = (self.spec, self.service);
        if !service.network_mode.is_empty() && !service.networks.is_empty() {
            return Err(self.refuse(
                &["network_mode"],
                "`network_mode` and `networks` exclude each other",
            ));
        }
        for network in service.networks.keys() {
            if !spec.networks.contains_key(network) {
                return Err(self.undefined(&["networks", network], "uses", "network", network));
            }
        }
        for mount in &service.volumes {
            if mount.kind == MountKind::Volume
                && !mount.source.is_empty()
                && !spec.volumes.contains_key(&mount.source)
            {
                let fault = self.undefined(&["volumes"], "uses", "volume", &mount.source);
                return Err(fault.hint(format!(
                    "declare it at the top level (`volumes: {{{}: }}`), or start the path with ./ or /",
                    mount.source
                )));
            }
        }
        for grant in &service.secrets {
            if !spec.secrets.contains_key(&grant.source) {
                return Err(self.undefined(&["secrets"], "uses", "secret", &grant.source));
            }
        }
        for grant in &service.configs {
            if !spec.configs.contains_key(&grant.source) {
                return Err(self.undefined(&["configs"], "uses", "config", &grant.source));
            }
        }
        for model in service.models.keys() {
            if !spec.models.contains_key(model) {
                return Err(self.undefined(&["models", model], "uses", "model", model));
            }
        }
        if let Some(target) = service.network_mode.strip_prefix("service:")
            && !spec.services.contains_key(target)
        {
            return Err(self.undefined(&["network_mode"], "shares the network of", "service", target));
        }
        Ok(())
    }

    fn dependencies(&self, session: &Session<'_>) -> Result<(), Fault> {
        for (target, dependency) in &self.service.depends_on {
            if self.spec.services.contains_key(target) {
                continue;
            }
            let disabled = self.spec.disabled.contains_key(target);
            let keys = ["depends_on", target];
            if disabled && !dependency.required {
                let notice = Notice::OptionalDependency {
                    service: self.name.to_owned(),
                    dependency: target.clone(),
                };
                session.warn(notice, self.span(&keys));
                continue;
            }
            let fault = self.undefined(&keys, "depends on", "service", target);
            return Err(match self.spec.disabled.get(target) {
                Some(other) => fault.hint(format!(
                    "it is in an inactive profile; activate it with --profile {}, or write `required: false`",
                    other.profiles.first().map_or("*", String::as_str)
                )),
                None => fault,
            });
        }
        Ok(())
    }

    fn scale(&self) -> Result<(), Fault> {
        let service = self.service;
        let replicas = service.deploy.as_ref().and_then(|deploy| deploy.replicas);
        if let (Some(scale), Some(replicas)) = (service.scale, replicas)
            && scale != replicas
        {
            return Err(self.refuse(
                &["scale"],
                format!("`scale` says {scale} and `deploy.replicas` {replicas}; keep one"),
            ));
        }
        if !service.container_name.is_empty() && service.replicas() > 1 {
            return Err(self.refuse(
                &["container_name"],
                format!(
                    "a container name goes with one container, not with {}",
                    service.replicas()
                ),
            ));
        }
        Ok(())
    }

    fn limits(&self, deploy: &Deploy) -> Result<(), Fault> {
        let service = self.service;
        let mut differing = Vec::new();
        if let Some(limits) = &deploy.resources.limits {
            differing.extend([
                (service.cpus != 0.0 && service.cpus != limits.cpus).then_some(("cpus", "limits.cpus")),
                (service.mem_limit.0 != 0 && service.mem_limit != limits.memory)
                    .then_some(("mem_limit", "limits.memory")),
                (service.pids_limit != 0 && service.pids_limit != limits.pids)
                    .then_some(("pids_limit", "limits.pids")),
            ]);
        }
        if let Some(reservations) = &deploy.resources.reservations {
            differing.push(
                (service.mem_reservation.0 != 0 && service.mem_reservation != reservations.memory)
                    .then_some(("mem_reservation", "reservations.memory")),
            );
        }
        match differing.into_iter().flatten().next() {
            // A section without the key counts as a different value, as Compose has it.
            Some((key, there)) => Err(self.refuse(
                &[key],
                format!("`{key}` and `deploy.resources.{there}` differ; say it in one place"),
            )),
            None => Ok(()),
        }
    }

    fn mounts(&self) -> Result<(), Fault> {
        let mut targets = BTreeSet::new();
        let tmpfs = self.service.tmpfs.iter().map(|entry| {
            let target = entry.split(':').next().unwrap_or(entry);
            ("tmpfs", target.to_owned())
        });
        let volumes = self
            .service
            .volumes
            .iter()
            .map(|mount| ("volumes", mount.target.clone()));
        for (key, target) in tmpfs.chain(volumes) {
            if !targets.insert(target.trim_end_matches('/').to_owned()) {
                return Err(self.refuse(&[key], format!("two mounts have the target `{target}`")));
            }
        }
        Ok(())
    }
}

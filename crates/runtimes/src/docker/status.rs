// SPDX-License-Identifier: MIT
//! What runs: everything from labels and one list, without asking for each container.

use std::collections::BTreeMap;

use bollard::query_parameters::ListNetworksOptions;
use cilo_spec::{EnvId, EnvName, ProjectName, ReplicaStatus, ServiceStatus, labels as cilo};
use ipnet::Ipv4Net;

use super::observe::Seen;
use super::{Docker, dialect, labels, observe};
use crate::error::RuntimeError;
use crate::options::Filter;
use crate::report::{About, EnvironmentStatus, NetworkSubnet};

impl Docker {
    pub(super) async fn about(&self) -> Result<About, RuntimeError> {
        let info = self
            .api
            .info()
            .await
            .map_err(|error| dialect::classify("ask the engine about itself", error))?;
        Ok(About {
            version: self.engine.version.clone().unwrap_or_default(),
            api_version: format!("{}.{}", self.version.0, self.version.1),
            os: self.engine.os.clone().unwrap_or_default(),
            arch: self.engine.arch.clone().unwrap_or_default(),
            endpoint: self.endpoint.to_string(),
            rootless: dialect::is_rootless(&info),
            desktop: dialect::is_desktop(&info),
        })
    }

    pub(super) async fn all_subnets(&self) -> Result<Vec<NetworkSubnet>, RuntimeError> {
        let listed = self
            .api
            .list_networks(None::<ListNetworksOptions>)
            .await
            .map_err(|error| dialect::classify("list networks", error))?;
        let mut subnets = Vec::new();
        for network in listed {
            let pools = network.ipam.and_then(|ipam| ipam.config).unwrap_or_default();
            let name = network.name.unwrap_or_default();
            let labels = network.labels.unwrap_or_default();
            let env: Option<EnvId> = labels.get(cilo::ID).and_then(|id| id.parse().ok());
            for pool in pools {
                if let Some(Ok(subnet)) = pool.subnet.map(|subnet| subnet.parse::<Ipv4Net>()) {
                    subnets.push(NetworkSubnet {
                        network: name.clone(),
                        subnet,
                        env: env.clone(),
                    });
                }
            }
        }
        Ok(subnets)
    }

    pub(super) async fn read_statuses(
        &self,
        filter: &Filter,
    ) -> Result<BTreeMap<EnvId, EnvironmentStatus>, RuntimeError> {
        let label = match filter {
            Filter::All => cilo::ID.to_owned(),
            Filter::Project(project) => format!("{}={project}", cilo::PROJECT),
            Filter::Env(env) => observe::of(env),
        };
        Ok(group(self.containers(&[label]).await?))
    }
}

/// Containers by environment and service. What Cilo did not label in full is passed over.
fn group(containers: Vec<Seen>) -> BTreeMap<EnvId, EnvironmentStatus> {
    let services: BTreeMap<String, String> = containers
        .iter()
        .map(|container| (container.id.clone(), container.replica.service.clone()))
        .collect();
    let mut environments: BTreeMap<EnvId, EnvironmentStatus> = BTreeMap::new();
    for container in containers {
        if !is_replica(&container) {
            continue;
        }
        let read = |key: &str| container.labels.get(key);
        let (Some(Ok(id)), Some(Ok(project)), Some(Ok(env))) = (
            read(cilo::ID).map(|id| id.parse::<EnvId>()),
            read(cilo::PROJECT).map(|name| name.parse::<ProjectName>()),
            read(cilo::ENV).map(|name| name.parse::<EnvName>()),
        ) else {
            continue;
        };
        let environment = environments.entry(id).or_insert_with(|| EnvironmentStatus {
            project,
            env,
            services: Vec::new(),
        });
        let name = &container.replica.service;
        let found = environment
            .services
            .iter()
            .position(|service| service.service == *name);
        let index = found.unwrap_or_else(|| {
            environment.services.push(service(&container, &services));
            environment.services.len() - 1
        });
        environment.services[index].replicas.push(replica(container));
    }
    for environment in environments.values_mut() {
        environment.services.sort_by(|a, b| a.service.cmp(&b.service));
        for service in &mut environment.services {
            service.replicas.sort_by_key(|replica| replica.number);
        }
    }
    environments
}

/// One of a service's own containers: not a hook's, and not one that was just replaced.
pub(super) fn is_replica(container: &Seen) -> bool {
    !container.labels.contains_key(labels::HOOK)
        && container.replica.number > 0
        && !container.name.ends_with(super::up::REPLACED)
}

fn service(container: &Seen, services: &BTreeMap<String, String>) -> ServiceStatus {
    let list = |key: &str| -> Vec<String> {
        let text = container.labels.get(key).map(String::as_str).unwrap_or_default();
        text.split(',')
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect()
    };
    ServiceStatus {
        service: container.replica.service.clone(),
        replicas: Vec::new(),
        ports: list(cilo::PORTS)
            .iter()
            .filter_map(|port| port.parse().ok())
            .collect(),
        ingress: container
            .labels
            .get(cilo::INGRESS)
            .is_some_and(|value| value == "true"),
        hostnames: list(cilo::HOSTNAMES),
        network_of: container
            .network_mode
            .strip_prefix("container:")
            .and_then(|id| services.get(id))
            .cloned(),
    }
}

fn replica(container: Seen) -> ReplicaStatus {
    let prefix = container
        .labels
        .get(labels::PROJECT)
        .map(|project| format!("{project}_"));
    let key = |name: &str| {
        let own = prefix.as_deref().and_then(|prefix| name.strip_prefix(prefix));
        own.unwrap_or(name).to_owned()
    };
    ReplicaStatus {
        number: container.replica.number,
        container: container.id,
        name: container.name,
        image: container.image,
        state: container.state,
        health: container.health,
        exit_code: container.exit_code,
        addresses: container
            .networks
            .into_iter()
            .filter_map(|(name, attachment)| Some((key(&name), attachment.address?)))
            .collect(),
    }
}

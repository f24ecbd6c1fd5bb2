// SPDX-License-Identifier: MIT
//! What is there: containers, networks, volumes and images of environments, from the engine's lists.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use bollard::models::{ContainerSummary, ContainerSummaryStateEnum, ImageSummary, Network};
use bollard::query_parameters::{
    ListContainersOptionsBuilder, ListImagesOptionsBuilder, ListNetworksOptionsBuilder,
    ListVolumesOptionsBuilder,
};
use cilo_spec::{EnvId, Health, Identity, ReplicaState, labels as cilo, names};

use super::{Docker, dialect, labels};
use crate::error::RuntimeError;
use crate::event::Replica;

/// A container as the engine lists it.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) id: String,
    /// Its name, without the `/` before it.
    pub(super) name: String,
    pub(super) replica: Replica,
    pub(super) image: String,
    pub(super) state: ReplicaState,
    pub(super) health: Option<Health>,
    pub(super) exit_code: Option<i64>,
    pub(super) labels: BTreeMap<String, String>,
    /// `HostConfig.NetworkMode`.
    pub(super) network_mode: String,
    /// Addresses and network ids by the network's name in the engine.
    pub(super) networks: BTreeMap<String, Attachment>,
    pub(super) volumes: Vec<MountedVolume>,
}

/// A container's place in a network.
#[derive(Clone, Debug)]
pub(super) struct Attachment {
    pub(super) network: String,
    pub(super) address: Option<Ipv4Addr>,
}

/// A volume that a container mounts.
#[derive(Clone, Debug)]
pub(super) struct MountedVolume {
    pub(super) name: String,
    pub(super) target: String,
    pub(super) writable: bool,
}

/// An image that was built for an environment, as the engine lists it.
#[derive(Clone, Debug)]
pub(super) struct SeenImage {
    pub(super) id: String,
    names: Vec<String>,
    /// The name it was built under.
    built_as: Option<String>,
}

/// A volume as the engine lists it.
#[derive(Clone, Debug)]
pub(super) struct SeenVolume {
    pub(super) name: String,
    pub(super) hash: Option<String>,
}

/// A network as the engine lists it.
#[derive(Clone, Debug)]
pub(super) struct SeenNetwork {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) key: Option<String>,
    pub(super) hash: Option<String>,
    pub(super) subnets: Vec<String>,
}

impl Docker {
    /// Containers with all of `labels` (`key` or `key=value`).
    pub(super) async fn containers(&self, labels: &[String]) -> Result<Vec<Seen>, RuntimeError> {
        let filters = [("label", labels.to_vec())].into_iter().collect();
        let options = ListContainersOptionsBuilder::default()
            .all(true)
            .filters(&filters)
            .build();
        let listed = self
            .api
            .list_containers(Some(options))
            .await
            .map_err(|error| dialect::classify("list containers", error))?;
        Ok(listed.into_iter().filter_map(seen).collect())
    }

    /// The environment's networks.
    pub(super) async fn networks(&self, env: &EnvId) -> Result<Vec<SeenNetwork>, RuntimeError> {
        let filters = [("label", vec![of(env)])].into_iter().collect();
        let options = ListNetworksOptionsBuilder::default().filters(&filters).build();
        let listed = self
            .api
            .list_networks(Some(options))
            .await
            .map_err(|error| dialect::classify("list networks", error))?;
        Ok(listed.into_iter().filter_map(seen_network).collect())
    }

    /// The environment's volumes.
    pub(super) async fn volumes(&self, env: &EnvId) -> Result<Vec<SeenVolume>, RuntimeError> {
        let filters = [("label", vec![of(env)])].into_iter().collect();
        let options = ListVolumesOptionsBuilder::default().filters(&filters).build();
        let listed = self
            .api
            .list_volumes(Some(options))
            .await
            .map_err(|error| dialect::classify("list volumes", error))?;
        let volumes = listed.volumes.unwrap_or_default();
        let seen = volumes.into_iter().map(|volume| SeenVolume {
            hash: volume.labels.get(labels::HASH).cloned(),
            name: volume.name,
        });
        Ok(seen.collect())
    }

    /// The images that were built for the environment.
    pub(super) async fn images(&self, env: &EnvId) -> Result<Vec<SeenImage>, RuntimeError> {
        let filters = [("label", vec![of(env)])].into_iter().collect();
        let options = ListImagesOptionsBuilder::default().filters(&filters).build();
        let listed = self
            .api
            .list_images(Some(options))
            .await
            .map_err(|error| dialect::classify("list images", error))?;
        Ok(listed.into_iter().map(seen_image).collect())
    }
}

impl SeenImage {
    /// What of it is the environment's: the name it was built under, or, once it has none, the image itself. A name
    /// that someone else gave it is theirs.
    pub(super) fn own_names(self) -> Option<String> {
        if self.names.is_empty() {
            return Some(self.id);
        }
        let built_as = self.built_as?;
        self.names.contains(&built_as).then_some(built_as)
    }
}

fn seen_image(image: ImageSummary) -> SeenImage {
    let read = |key: &str| image.labels.get(key).cloned();
    let identity = || {
        Some(Identity {
            project: read(cilo::PROJECT)?.parse().ok()?,
            env: read(cilo::ENV)?.parse().ok()?,
            id: read(cilo::ID)?.parse().ok()?,
        })
    };
    let built_as = identity()
        .zip(read(cilo::SERVICE))
        .map(|(identity, service)| format!("{}:latest", names::image(&identity, &service)));
    SeenImage {
        built_as,
        names: image
            .repo_tags
            .into_iter()
            .filter(|tag| tag != "<none>:<none>")
            .collect(),
        id: image.id,
    }
}

/// The label filter of an environment.
pub(super) fn of(env: &EnvId) -> String {
    format!("{}={env}", cilo::ID)
}

/// A container without a service is a throw-away one of ours.
fn seen(summary: ContainerSummary) -> Option<Seen> {
    let labels: BTreeMap<String, String> = summary.labels.unwrap_or_default().into_iter().collect();
    let service = labels.get(cilo::SERVICE).cloned().unwrap_or_default();
    let number = labels
        .get(labels::NUMBER)
        .and_then(|text| text.parse().ok())
        .unwrap_or(0);
    let status = summary.status.unwrap_or_default();
    let state = state(summary.state);
    let networks = summary.network_settings.and_then(|settings| settings.networks);
    let volumes = summary
        .mounts
        .unwrap_or_default()
        .into_iter()
        .filter_map(|mount| {
            (mount.typ.as_deref() == Some("volume")).then_some(MountedVolume {
                name: mount.name?,
                target: mount.destination?,
                writable: mount.rw.unwrap_or(true),
            })
        });
    Some(Seen {
        id: summary.id?,
        name: summary.names?.first()?.trim_start_matches('/').to_owned(),
        replica: Replica { service, number },
        image: summary.image.unwrap_or_default(),
        state,
        health: (state == ReplicaState::Running)
            .then(|| dialect::health_of_status(&status))
            .flatten(),
        exit_code: dialect::exit_code_of_status(&status),
        labels,
        network_mode: summary
            .host_config
            .and_then(|config| config.network_mode)
            .unwrap_or_default(),
        networks: networks
            .unwrap_or_default()
            .into_iter()
            .map(|(name, endpoint)| {
                let address = endpoint.ip_address.and_then(|address| address.parse().ok());
                let network = endpoint.network_id.unwrap_or_default();
                (name, Attachment { network, address })
            })
            .collect(),
        volumes: volumes.collect(),
    })
}

fn state(state: Option<ContainerSummaryStateEnum>) -> ReplicaState {
    use ContainerSummaryStateEnum as Theirs;
    match state {
        Some(Theirs::RUNNING | Theirs::STOPPING) => ReplicaState::Running,
        Some(Theirs::PAUSED) => ReplicaState::Paused,
        Some(Theirs::RESTARTING) => ReplicaState::Restarting,
        Some(Theirs::EXITED) => ReplicaState::Exited,
        Some(Theirs::REMOVING) => ReplicaState::Removing,
        Some(Theirs::DEAD) => ReplicaState::Dead,
        Some(Theirs::CREATED | Theirs::EMPTY) | None => ReplicaState::Created,
    }
}

fn seen_network(network: Network) -> Option<SeenNetwork> {
    let labels = network.labels.unwrap_or_default();
    let pools = network.ipam.and_then(|ipam| ipam.config).unwrap_or_default();
    Some(SeenNetwork {
        id: network.id?,
        name: network.name?,
        key: labels.get(labels::NETWORK).cloned(),
        hash: labels.get(labels::HASH).cloned(),
        subnets: pools.into_iter().filter_map(|pool| pool.subnet).collect(),
    })
}

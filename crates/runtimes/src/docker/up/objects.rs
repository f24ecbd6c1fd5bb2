// SPDX-License-Identifier: MIT
//! Networks and volumes of the environment.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use bollard::models::NetworkDisconnectRequest;
use bollard::query_parameters::InspectNetworkOptions;
use cilo_spec::IsolatedSpec;
use cilo_spec::model::{MountKind, Network, Service, Volume};
use futures_util::future::FutureExt;

use super::Part;
use super::run::{Run, Stopped};
use super::undo::Undo;
use crate::docker::observe::SeenNetwork;
use crate::docker::{dialect, request};
use crate::error::RuntimeError;
use crate::event::Event;
use crate::report::Step;

/// The networks that `services` are in, each a promise of its id.
pub(super) fn networks<'a>(run: &'a Run<'_>, services: &[&str]) -> BTreeMap<&'a str, Part<'a, String>> {
    let environment = run.spec.environment();
    let used: BTreeSet<&String> = services
        .iter()
        .filter_map(|name| environment.services.get(*name))
        .flat_map(|service| service.networks.keys())
        .collect();
    environment
        .networks
        .iter()
        .filter(|(key, _)| used.contains(key))
        .map(|(key, network)| (key.as_str(), make_network(run, key, network).boxed().shared()))
        .collect()
}

/// The volumes that `services` mount.
pub(super) fn volumes<'a>(run: &'a Run<'_>, services: &[&str]) -> BTreeMap<&'a str, Part<'a, ()>> {
    let environment = run.spec.environment();
    let used: BTreeSet<&str> = services
        .iter()
        .filter_map(|name| environment.services.get(*name))
        .flat_map(|service| used(run.spec, service))
        .collect();
    environment
        .volumes
        .iter()
        .filter(|(key, _)| used.contains(key.as_str()))
        .map(|(key, volume)| (key.as_str(), make_volume(run, key, volume).boxed().shared()))
        .collect()
}

/// Keys of the named volumes that `service` mounts.
pub(super) fn used<'a>(spec: &'a IsolatedSpec, service: &'a Service) -> Vec<&'a str> {
    let volumes = &spec.environment().volumes;
    service
        .volumes
        .iter()
        .filter(|mount| mount.kind == MountKind::Volume && volumes.contains_key(&mount.source))
        .map(|mount| mount.source.as_str())
        .collect()
}

async fn make_network(run: &Run<'_>, key: &str, network: &Network) -> Result<String, Stopped> {
    if network.external {
        return external_network(run, key, network).await;
    }
    let hash = request::network_hash(network);
    let mut found = run
        .there
        .networks
        .iter()
        .filter(|seen| seen.key.as_deref() == Some(key) || seen.name == network.name);
    if let Some(same) = found.clone().find(|seen| seen.hash.as_ref() == Some(&hash)) {
        return Ok(same.id.clone());
    }
    run.goes_on()?;
    if let Some(other) = found.next() {
        take_apart(run, other).await?;
    }
    let begin = Instant::now();
    let body = request::network(run.spec, key, network);
    let made = run.docker.api.create_network(body).await.map_err(|error| {
        run.fail(if dialect::is_pool_overlap(&error) {
            RuntimeError::AddressPoolOverlap {
                network: network.name.clone(),
                subnet: subnets(network),
                source: Box::new(error),
            }
        } else {
            dialect::classify(format!("create network `{}`", network.name), error)
        })
    })?;
    run.did(Undo::Network {
        id: made.id.clone(),
        name: network.name.clone(),
    });
    let took = run.timed(Step::Network, key, begin);
    run.tell(Event::NetworkCreated {
        network: network.name.clone(),
        took,
    });
    Ok(made.id)
}

/// A network that has to look different cannot be changed: its containers leave it, and are made anew on the next
/// one because its id is another.
async fn take_apart(run: &Run<'_>, network: &SeenNetwork) -> Result<(), Stopped> {
    tracing::debug!(network = network.name, subnets = ?network.subnets, "network differs, is made anew");
    for container in &run.there.containers {
        let inside = container
            .networks
            .values()
            .any(|attachment| attachment.network == network.id);
        if !inside {
            continue;
        }
        let request = NetworkDisconnectRequest {
            container: container.id.clone(),
            force: Some(true),
        };
        let left = run.docker.api.disconnect_network(&network.id, request).await;
        if let Err(error) = left
            && !dialect::is_missing(&error)
            && !dialect::is_not_connected(&error)
        {
            let action = format!("disconnect `{}` from network `{}`", container.name, network.name);
            return Err(run.fail(dialect::classify(action, error)));
        }
    }
    match run.docker.api.remove_network(&network.id).await {
        Err(error) if !dialect::is_missing(&error) => Err(run.fail(dialect::classify(
            format!("remove network `{}`", network.name),
            error,
        ))),
        _ => {
            run.tell(Event::NetworkRemoved {
                network: network.name.clone(),
            });
            Ok(())
        }
    }
}

async fn external_network(run: &Run<'_>, key: &str, network: &Network) -> Result<String, Stopped> {
    let name = if network.name.is_empty() {
        key
    } else {
        &network.name
    };
    let found = run
        .docker
        .api
        .inspect_network(name, None::<InspectNetworkOptions>)
        .await;
    found
        .map(|network| network.id.unwrap_or_else(|| name.to_owned()))
        .map_err(|error| run.fail(dialect::classify(format!("use external network `{name}`"), error)))
}

async fn make_volume(run: &Run<'_>, key: &str, volume: &Volume) -> Result<(), Stopped> {
    let name = if volume.name.is_empty() { key } else { &volume.name };
    if volume.external {
        let found = run.docker.api.inspect_volume(name).await;
        return found
            .map(drop)
            .map_err(|error| run.fail(dialect::classify(format!("use external volume `{name}`"), error)));
    }
    if let Some(seen) = run.there.volumes.iter().find(|seen| seen.name == name) {
        if seen.hash != Some(request::volume_hash(volume)) {
            run.tell(Event::Warning {
                service: None,
                text: format!(
                    "volume `{key}` is described differently now; it keeps its data and its old settings"
                ),
            });
        }
        return Ok(());
    }
    run.goes_on()?;
    let begin = Instant::now();
    let body = request::volume(run.spec, key, volume);
    let made = run.docker.api.create_volume(body).await;
    made.map_err(|error| run.fail(dialect::classify(format!("create volume `{name}`"), error)))?;
    run.did(Undo::Volume {
        name: name.to_owned(),
    });
    let took = run.timed(Step::Volume, key, begin);
    run.tell(Event::VolumeCreated {
        volume: name.to_owned(),
        took,
    });
    Ok(())
}

fn subnets(network: &Network) -> String {
    let pools = network.ipam.config.iter();
    pools
        .map(|pool| pool.subnet.as_str())
        .collect::<Vec<_>>()
        .join(", ")
}

// SPDX-License-Identifier: MIT
//! `down` and `destroy`: everything that can go goes, and every failure is told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use bollard::query_parameters::{RemoveImageOptions, RemoveVolumeOptions};
use cilo_spec::model::Hook;
use cilo_spec::{EnvId, ReplicaState};
use futures_util::future::{BoxFuture, FutureExt, Shared, join_all};

use super::observe::{Seen, of};
use super::{Docker, dialect, exec, labels};
use crate::error::{RuntimeError, TeardownError};
use crate::event::{Event, EventSink};
use crate::options::DownOptions;
use crate::report::Contents;

/// How often an image that is in use is asked for again, and the time in between.
const TRIES: u32 = 8;
const PAUSE: Duration = Duration::from_millis(250);

/// What has gone and what has not.
#[derive(Default)]
struct Tally(Mutex<(Contents, Vec<RuntimeError>)>);

pub(super) async fn contents(docker: &Docker, env: &EnvId) -> Result<Contents, RuntimeError> {
    let labels = [of(env)];
    let (containers, networks, volumes, images) = tokio::try_join!(
        docker.containers(&labels),
        docker.networks(env),
        docker.volumes(env),
        docker.images(env),
    )?;
    Ok(Contents {
        containers: containers.into_iter().map(|container| container.name).collect(),
        networks: networks.into_iter().map(|network| network.name).collect(),
        volumes: volumes.into_iter().map(|volume| volume.name).collect(),
        images: images.into_iter().flat_map(|image| image.own_names()).collect(),
    })
}

pub(super) async fn down(
    docker: &Docker,
    env: &EnvId,
    options: &DownOptions,
    sink: &dyn EventSink,
) -> Result<Contents, TeardownError> {
    let tally = Tally::default();
    let labels = [of(env)];
    let (containers, networks) = tokio::join!(docker.containers(&labels), docker.networks(env));
    let mut containers = tally.note(containers);
    let networks = tally.note(networks);
    if !options.services.is_empty() {
        containers.retain(|container| options.services.contains(&container.replica.service));
    }
    let tools = Tools {
        docker,
        options,
        sink,
        tally: &tally,
    };
    stop_all(&tools, containers).await;
    if options.services.is_empty() {
        remove_networks(
            &tools,
            networks.into_iter().map(|network| (network.id, network.name)),
        )
        .await;
    }
    tally.result()
}

pub(super) async fn destroy(
    docker: &Docker,
    env: &EnvId,
    sink: &dyn EventSink,
) -> Result<Contents, TeardownError> {
    let tally = Tally::default();
    let options = DownOptions::default();
    let tools = Tools {
        docker,
        options: &options,
        sink,
        tally: &tally,
    };
    let labels = [of(env)];
    let (containers, networks, volumes, images) = tokio::join!(
        docker.containers(&labels),
        docker.networks(env),
        docker.volumes(env),
        docker.images(env),
    );
    let containers = tally.note(containers);
    join_all(containers.iter().map(|container| remove(&tools, container))).await;
    // What uses them is gone: these three do not wait for one another.
    let networks = tally.note(networks);
    let networks = remove_networks(
        &tools,
        networks.into_iter().map(|network| (network.id, network.name)),
    );
    let volumes = tally.note(volumes);
    let volumes = join_all(volumes.iter().map(|volume| remove_volume(&tools, &volume.name)));
    let names: Vec<String> = tally
        .note(images)
        .into_iter()
        .flat_map(|image| image.own_names())
        .collect();
    let images = join_all(names.iter().map(|name| remove_image(&tools, name)));
    tokio::join!(networks, volumes, images);
    tally.result()
}

struct Tools<'a> {
    docker: &'a Docker,
    options: &'a DownOptions,
    sink: &'a dyn EventSink,
    tally: &'a Tally,
}

/// Stops and removes containers; one goes when all that depend on its service have gone.
async fn stop_all(tools: &Tools<'_>, containers: Vec<Seen>) {
    let mut services: BTreeMap<String, Vec<Seen>> = BTreeMap::new();
    for container in containers {
        services
            .entry(container.replica.service.clone())
            .or_default()
            .push(container);
    }
    let mut needed_by: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (service, containers) in &services {
        for container in containers {
            for dependency in labels::dependencies(&container.labels) {
                needed_by.entry(dependency).or_default().insert(service);
            }
        }
    }
    let mut gone: BTreeMap<&str, Shared<BoxFuture<'_, ()>>> = BTreeMap::new();
    let mut left: Vec<&String> = services.keys().collect();
    while !left.is_empty() {
        let ready = left.iter().position(|service| {
            let dependants = needed_by.get(service.as_str());
            dependants
                .into_iter()
                .flatten()
                .all(|other| gone.contains_key(other))
        });
        // Labels that go in a circle come from elsewhere; the order is lost then, and nothing else.
        let service = left.remove(ready.unwrap_or(0));
        let before: Vec<_> = needed_by
            .get(service.as_str())
            .into_iter()
            .flatten()
            .filter_map(|other| gone.get(other).cloned())
            .collect();
        let containers = &services[service];
        let going = async move {
            join_all(before).await;
            join_all(containers.iter().map(|container| stop(tools, container))).await;
        };
        gone.insert(service, going.boxed().shared());
    }
    join_all(gone.into_values()).await;
}

async fn stop(tools: &Tools<'_>, container: &Seen) {
    if matches!(
        container.state,
        ReplicaState::Running | ReplicaState::Restarting | ReplicaState::Paused
    ) {
        let begin = Instant::now();
        let hooks = container.labels.get(labels::PRE_STOP);
        let hooks: Vec<Hook> = hooks
            .and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_default();
        for hook in &hooks {
            pre_stop(tools, container, hook).await;
        }
        match tools.docker.stop(&container.id, tools.options.grace).await {
            Err(error) if !dialect::is_so_already(&error) && !dialect::is_missing(&error) => {
                let action = format!("stop container `{}`", container.name);
                tools.tally.fail(dialect::classify(action, error));
                return;
            }
            _ => tools.sink.event(Event::ContainerStopped {
                replica: container.replica.clone(),
                took: begin.elapsed(),
            }),
        }
    }
    remove(tools, container).await;
}

async fn pre_stop(tools: &Tools<'_>, container: &Seen, hook: &Hook) {
    let begin = Instant::now();
    match exec::hook(tools.docker, &container.id, hook).await {
        Ok((0, _)) => tools.sink.event(Event::HookEnded {
            replica: container.replica.clone(),
            hook: "pre_stop",
            took: begin.elapsed(),
        }),
        Ok((exit_code, log)) => tools.tally.fail(RuntimeError::HookFailed {
            service: container.replica.service.clone(),
            hook: "pre_stop",
            exit_code,
            log,
        }),
        Err(error) => tools.tally.fail(error),
    }
}

async fn remove(tools: &Tools<'_>, container: &Seen) {
    match tools.docker.discard(container).await {
        Err(error) => tools.tally.fail(error),
        Ok(()) => {
            tools
                .tally
                .gone(|removed| removed.containers.push(container.name.clone()));
            tools.sink.event(Event::ContainerRemoved {
                replica: container.replica.clone(),
                why: None,
            });
        }
    }
}

async fn remove_networks(tools: &Tools<'_>, networks: impl Iterator<Item = (String, String)>) {
    let all = networks.map(|(id, name)| async move {
        match tools.docker.api.remove_network(&id).await {
            Err(error) if !dialect::is_missing(&error) => {
                let action = format!("remove network `{name}`");
                tools.tally.fail(dialect::classify(action, error));
            }
            _ => {
                tools.tally.gone(|removed| removed.networks.push(name.clone()));
                tools.sink.event(Event::NetworkRemoved { network: name });
            }
        }
    });
    join_all(all).await;
}

async fn remove_volume(tools: &Tools<'_>, name: &str) {
    match tools
        .docker
        .api
        .remove_volume(name, None::<RemoveVolumeOptions>)
        .await
    {
        Err(error) if !dialect::is_missing(&error) => {
            tools
                .tally
                .fail(dialect::classify(format!("remove volume `{name}`"), error));
        }
        _ => {
            tools.tally.gone(|removed| removed.volumes.push(name.to_owned()));
            tools.sink.event(Event::VolumeRemoved {
                volume: name.to_owned(),
            });
        }
    }
}

/// An image may be in use for a moment by a container that is on its way out, or that empties a folder.
async fn remove_image(tools: &Tools<'_>, name: &str) {
    let mut tries = 0;
    let removed = loop {
        let api = &tools.docker.api;
        let removed = api.remove_image(name, None::<RemoveImageOptions>, None).await;
        tries += 1;
        match removed {
            Err(error) if dialect::is_in_use(&error) && tries < TRIES => tokio::time::sleep(PAUSE).await,
            other => break other,
        }
    };
    match removed {
        Err(error) if !dialect::is_missing(&error) => {
            tools
                .tally
                .fail(dialect::classify(format!("remove image `{name}`"), error));
        }
        _ => {
            tools.tally.gone(|removed| removed.images.push(name.to_owned()));
            tools.sink.event(Event::ImageRemoved {
                image: name.to_owned(),
            });
        }
    }
}

impl Tally {
    fn fail(&self, error: RuntimeError) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .1
            .push(error);
    }

    fn gone(&self, add: impl FnOnce(&mut Contents)) {
        add(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner).0);
    }

    /// What a list gave; nothing when it failed.
    fn note<T>(&self, listed: Result<Vec<T>, RuntimeError>) -> Vec<T> {
        listed.unwrap_or_else(|error| {
            self.fail(error);
            Vec::new()
        })
    }

    fn result(self) -> Result<Contents, TeardownError> {
        let (removed, errors) = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        if errors.is_empty() {
            Ok(removed)
        } else {
            Err(TeardownError { errors, removed })
        }
    }
}

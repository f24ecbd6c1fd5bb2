// SPDX-License-Identifier: MIT
//! Containers of a service: left alone, replaced or made.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use bollard::models::NetworkConnectRequest;
use bollard::query_parameters::{CreateContainerOptionsBuilder, RenameContainerOptionsBuilder};
use cilo_spec::model::Service;
use cilo_spec::{ReplicaState, names};
use futures_util::future::{join_all, try_join_all};

use super::decide::{inherited, next, reason};
use super::run::{Run, Stopped};
use super::undo::Undo;
use super::{Part, REPLACED, copies};
use crate::docker::image::Image;
use crate::docker::observe::Seen;
use crate::docker::request::{self, Resolved, Wanted};
use crate::docker::{dialect, files, hash, labels};
use crate::error::RuntimeError;
use crate::event::{Event, Replica};
use crate::report::Step;

/// What has to be there before a service's containers can be made.
pub(super) struct Parts<'a> {
    pub(super) image: Option<Part<'a, Image>>,
    pub(super) networks: BTreeMap<String, Part<'a, String>>,
    pub(super) volumes: Vec<Part<'a, ()>>,
    pub(super) containers: BTreeMap<String, Part<'a, Vec<Made>>>,
}

/// A container that is there now.
#[derive(Clone, Debug)]
pub(super) struct Made {
    pub(super) id: String,
    pub(super) number: u32,
    pub(super) next: Next,
    /// Containers it takes the place of; they have to stop before it starts.
    pub(super) instead_of: Vec<Seen>,
}

/// What is left to do with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Nothing: it runs, or it has done its work.
    Leave,
    /// Start it for the first time.
    StartNew,
    /// Start it again.
    StartAgain,
    /// Unfreeze it.
    Unpause,
}

/// Makes the service's containers as soon as `parts` are there.
pub(super) async fn make(
    run: &Run<'_>,
    name: &str,
    service: &Service,
    parts: Parts<'_>,
) -> Result<Vec<Made>, Stopped> {
    let resolved = resolve(run, service, parts).await?;
    let replicas = service.replicas();
    for extra in run.replicas(name) {
        if extra.replica.number == 0 || extra.replica.number > replicas {
            run.obsolete(extra.clone());
        }
    }
    let all = (1..=replicas).map(|number| replica(run, name, service, number, resolved.clone()));
    // Not `try_join_all`: a request that is on its way must not be dropped.
    join_all(all).await.into_iter().collect()
}

async fn resolve(run: &Run<'_>, service: &Service, parts: Parts<'_>) -> Result<Resolved, Stopped> {
    let image = async {
        match parts.image {
            Some(image) => image.await,
            None => Ok(Image::default()),
        }
    };
    let networks = parts
        .networks
        .into_iter()
        .map(|(key, network)| async move { network.await.map(|id| (key, id)) });
    let containers = parts.containers.into_iter().map(|(service, made)| async move {
        let ids = made.await?.into_iter().map(|made| made.id).collect();
        Ok((service, ids))
    });
    let files = async {
        let digests = files::digests(run.spec, service).await;
        digests.map_err(|error| run.fail(error))
    };
    let (image, networks, _, containers, files, seccomp) = tokio::join!(
        image,
        try_join_all(networks),
        try_join_all(parts.volumes),
        try_join_all(containers),
        files,
        seccomp(run, service),
    );
    let image = image?;
    Ok(Resolved {
        image: image.id,
        image_volumes: image.volumes,
        networks: networks?.into_iter().collect(),
        containers: containers?.into_iter().collect(),
        files: files?,
        seccomp: seccomp?,
        inherited: Vec::new(),
    })
}

async fn seccomp(run: &Run<'_>, service: &Service) -> Result<BTreeMap<String, String>, Stopped> {
    let mut profiles = BTreeMap::new();
    for file in request::seccomp_files(service) {
        let path = run.spec.workspace().join(Path::new(file));
        let failed = |source: std::io::Error| {
            run.fail(RuntimeError::File {
                action: "read a seccomp profile".to_owned(),
                path: path.clone(),
                source,
            })
        };
        let text = tokio::fs::read(&path).await.map_err(failed)?;
        let profile: serde_json::Value =
            serde_json::from_slice(&text).map_err(|error| failed(std::io::Error::from(error)))?;
        profiles.insert(file.to_owned(), profile.to_string());
    }
    Ok(profiles)
}

async fn replica(
    run: &Run<'_>,
    name: &str,
    service: &Service,
    number: u32,
    mut resolved: Resolved,
) -> Result<Made, Stopped> {
    let container = names::container(run.spec.identity(), name, number);
    let replica = Replica {
        service: name.to_owned(),
        number,
    };
    let (current, mut replaced) = find(run, &replica, &container).await?;
    let digest = hash::of(&request::canonical(&wanted(
        run, name, service, number, &resolved,
    )));
    let mut why = None;
    if let Some(seen) = &current {
        why = reason(run, service, seen, &digest, &resolved);
        if why.is_none() {
            return Ok(Made {
                id: seen.id.clone(),
                number,
                next: next(run, name, seen),
                instead_of: replaced,
            });
        }
        resolved.inherited = inherited(service, seen, &resolved.image_volumes);
    }
    run.goes_on()?;
    let begin = Instant::now();
    if let Some(seen) = current {
        put_aside(run, seen, &container, &mut replaced).await?;
    }
    let wanted = wanted(run, name, service, number, &resolved);
    let id = create(run, &wanted, &container, &digest).await?;
    let took = run.timed(Step::Create, replica.to_string(), begin);
    run.count(|outcome| match why {
        Some(_) => outcome.recreated += 1,
        None => outcome.created += 1,
    });
    run.tell(match why {
        Some(why) => Event::ContainerRecreated { replica, why, took },
        None => Event::ContainerCreated { replica, took },
    });
    Ok(Made {
        id,
        number,
        next: Next::StartNew,
        instead_of: replaced,
    })
}

fn wanted<'a>(
    run: &'a Run<'_>,
    name: &'a str,
    service: &'a Service,
    number: u32,
    resolved: &'a Resolved,
) -> Wanted<'a> {
    Wanted {
        spec: run.spec,
        name,
        service,
        number,
        version: run.docker.version,
        resolved,
    }
}

/// The container that has the name, and those that it took the place of in a run that was cut off. When only one of
/// the latter is left, it is the container, and gets its name back.
async fn find(run: &Run<'_>, replica: &Replica, name: &str) -> Result<(Option<Seen>, Vec<Seen>), Stopped> {
    let same = |seen: &&Seen| seen.replica == *replica && !seen.labels.contains_key(labels::HOOK);
    let (mut named, mut others): (Vec<Seen>, Vec<Seen>) = run
        .replicas(&replica.service)
        .filter(same)
        .cloned()
        .partition(|seen| seen.name == name);
    if named.is_empty()
        && let Some(place) = others.iter().position(|seen| seen.name.ends_with(REPLACED))
    {
        run.goes_on()?;
        let mut seen = others.remove(place);
        rename(run, &seen, name).await?;
        name.clone_into(&mut seen.name);
        named.push(seen);
    }
    for other in &others {
        run.obsolete(other.clone());
    }
    Ok((named.pop(), others))
}

/// Makes room for the container's successor. It stays until that one runs and all went well.
async fn put_aside(run: &Run<'_>, seen: Seen, name: &str, replaced: &mut Vec<Seen>) -> Result<(), Stopped> {
    if seen.state == ReplicaState::Created {
        let gone = run.docker.remove(&seen.id, false).await;
        return gone.map_err(|error| {
            run.fail(dialect::classify(
                format!("remove container `{}`", seen.name),
                error,
            ))
        });
    }
    let aside = format!("{name}{REPLACED}");
    if let Some(older) = replaced.iter().find(|other| other.name == aside) {
        let gone = run.docker.remove(&older.id, false).await;
        gone.map_err(|error| run.fail(dialect::classify(format!("remove container `{aside}`"), error)))?;
    }
    replaced.retain(|other| other.name != aside);
    rename(run, &seen, &aside).await?;
    run.did(Undo::Renamed {
        id: seen.id.clone(),
        name: name.to_owned(),
        ran: matches!(seen.state, ReplicaState::Running | ReplicaState::Restarting),
    });
    run.obsolete(seen.clone());
    replaced.push(seen);
    Ok(())
}

async fn rename(run: &Run<'_>, seen: &Seen, to: &str) -> Result<(), Stopped> {
    let options = RenameContainerOptionsBuilder::default().name(to).build();
    let done = run.docker.api.rename_container(&seen.id, options).await;
    match done {
        Err(error) if !dialect::is_so_already(&error) => Err(run.fail(dialect::classify(
            format!("rename container `{}`", seen.name),
            error,
        ))),
        _ => Ok(()),
    }
}

async fn create(
    run: &Run<'_>,
    wanted: &Wanted<'_>,
    container: &str,
    digest: &str,
) -> Result<String, Stopped> {
    let failed = |error| {
        run.fail(dialect::classify(
            format!("create container `{container}`"),
            error,
        ))
    };
    let mut options = CreateContainerOptionsBuilder::default().name(container);
    if !wanted.service.platform.is_empty() {
        options = options.platform(&wanted.service.platform);
    }
    let body = request::body(wanted, digest);
    let made = run
        .docker
        .create(options.build(), body, wanted)
        .await
        .map_err(failed)?;
    run.did(Undo::Container {
        id: made.clone(),
        name: container.to_owned(),
    });
    connect_others(run, wanted, &made, container).await?;
    copies::copy(run, wanted, &made, container).await?;
    Ok(made)
}

/// Networks that the engine does not take when a container is made: before API 1.44 all but one.
async fn connect_others(
    run: &Run<'_>,
    wanted: &Wanted<'_>,
    id: &str,
    container: &str,
) -> Result<(), Stopped> {
    if wanted.version >= (1, 44) || !wanted.service.network_mode.is_empty() {
        return Ok(());
    }
    for key in request::endpoint_order(wanted.service).into_iter().skip(1) {
        let Some(network) = wanted.resolved.networks.get(key) else {
            continue;
        };
        let body = NetworkConnectRequest {
            container: id.to_owned(),
            endpoint_config: Some(request::endpoint(wanted, key)),
        };
        let joined = run.docker.api.connect_network(network, body).await;
        joined.map_err(|error| {
            let action = format!("connect container `{container}` to network `{key}`");
            run.fail(dialect::classify(action, error))
        })?;
    }
    Ok(())
}

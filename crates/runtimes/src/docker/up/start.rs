// SPDX-License-Identifier: MIT
//! Starting a service's containers, when what it depends on is ready.

use std::time::Instant;

use bollard::query_parameters::{RestartContainerOptions, StartContainerOptions};
use cilo_spec::ReplicaState;
use cilo_spec::model::{Dependency, Service};
use futures_util::future::join_all;

use super::containers::{Made, Next};
use super::run::{Run, Stopped};
use super::undo::Undo;
use super::waits::{Edge, wait};
use super::{Part, hooks};
use crate::docker::dialect;
use crate::event::{Event, Replica};
use crate::report::Step;

/// A service whose containers were started.
#[derive(Clone, Debug, Default)]
pub(super) struct Started {
    /// Numbers and ids.
    pub(super) containers: Vec<(u32, String)>,
    /// One of them is new, or was started again.
    pub(super) anew: bool,
}

/// What the service waits for: names, terms and the promise that it was started.
type Before<'a> = Vec<(&'a str, &'a Dependency, Part<'a, Started>)>;

/// Starts the service's containers once they are made and `before` is ready.
pub(super) async fn start(
    run: &Run<'_>,
    (name, service): (&str, &Service),
    making: Part<'_, Vec<Made>>,
    before: Before<'_>,
) -> Result<Started, Stopped> {
    let made = making.await?;
    let containers = made.iter().map(|made| (made.number, made.id.clone())).collect();
    if run.options.no_start {
        return Ok(Started {
            containers,
            anew: false,
        });
    }
    let restarts = before.iter().any(|(_, dependency, _)| dependency.restart);
    let mut restart = false;
    if restarts || made.iter().any(|made| made.next != Next::Leave) {
        let waits = before.into_iter().map(|(other, dependency, started)| async move {
            let edge = Edge {
                service: name,
                other,
                dependency,
            };
            let started = started.await?;
            wait(run, edge, &started).await?;
            Ok(dependency.restart && started.anew)
        });
        for waited in join_all(waits).await {
            restart |= waited?;
        }
    }
    let first = made.first().map(|made| made.number);
    let all = made
        .iter()
        .map(|made| one(run, (name, service), made, restart, first));
    let mut anew = false;
    for done in join_all(all).await {
        anew |= done?;
    }
    Ok(Started { containers, anew })
}

/// Gives whether it was started.
async fn one(
    run: &Run<'_>,
    (name, service): (&str, &Service),
    made: &Made,
    restart: bool,
    first: Option<u32>,
) -> Result<bool, Stopped> {
    let replica = Replica {
        service: name.to_owned(),
        number: made.number,
    };
    if made.next == Next::Leave && !restart {
        run.count(|outcome| outcome.unchanged += 1);
        run.tell(Event::ContainerUpToDate { replica });
        return Ok(false);
    }
    run.goes_on()?;
    for old in &made.instead_of {
        if matches!(old.state, ReplicaState::Running | ReplicaState::Restarting) {
            stop_replaced(run, &old.id, &old.name).await?;
        }
    }
    if made.next == Next::StartNew {
        hooks::pre_start(run, (name, service), made, first == Some(made.number)).await?;
    }
    run.goes_on()?;
    let begin = Instant::now();
    run.pulse.starting(&made.id);
    let api = &run.docker.api;
    let done = match made.next {
        Next::StartNew | Next::StartAgain => {
            api.start_container(&made.id, None::<StartContainerOptions>).await
        }
        Next::Unpause => api.unpause_container(&made.id).await,
        Next::Leave => {
            api.restart_container(&made.id, None::<RestartContainerOptions>)
                .await
        }
    };
    match done {
        Err(error) if !dialect::is_so_already(&error) => {
            return Err(run.fail(dialect::classify(format!("start container `{replica}`"), error)));
        }
        _ => {}
    }
    if made.next == Next::StartAgain {
        run.did(Undo::Started { id: made.id.clone() });
    }
    let took = run.timed(Step::Start, replica.to_string(), begin);
    run.count(|outcome| outcome.started += 1);
    run.tell(Event::ContainerStarted {
        replica: replica.clone(),
        took,
    });
    hooks::post_start(run, service, &made.id, &replica).await?;
    Ok(true)
}

async fn stop_replaced(run: &Run<'_>, id: &str, name: &str) -> Result<(), Stopped> {
    match run.docker.stop(id, None).await {
        Err(error) if !dialect::is_so_already(&error) && !dialect::is_missing(&error) => {
            Err(run.fail(dialect::classify(format!("stop container `{name}`"), error)))
        }
        _ => Ok(()),
    }
}

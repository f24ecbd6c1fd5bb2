// SPDX-License-Identifier: MIT
//! `up`: everything that can go on at once does, and each service starts the moment its dependencies allow.

mod containers;
mod copies;
mod decide;
mod hooks;
mod images;
mod objects;
mod plan;
mod pulse;
mod run;
mod start;
mod tidy;
mod undo;
mod waits;

use std::collections::BTreeMap;
use std::time::Duration;

use cilo_spec::IsolatedSpec;
use futures_util::future::{BoxFuture, FutureExt, Shared, join_all};

use super::{Docker, check, request};
use crate::error::{RuntimeError, UpError};
use crate::event::{Event, EventSink};
use crate::options::{Filter, UpOptions};
use crate::report::UpOutcome;
use containers::Made;
use run::{Run, Stopped};

/// The end of the name of a container that another one took the place of. No service's container is called so:
/// their names end with a number.
pub(super) const REPLACED: &str = ".replaced";

/// How often a run looks again when names are taken by what was not there when it looked, and the time before that.
const TRIES: u32 = 4;
const PAUSE: Duration = Duration::from_millis(150);

/// Work that several others wait for.
type Part<'a, T> = Shared<BoxFuture<'a, Result<T, Stopped>>>;

pub(super) async fn up(
    docker: &Docker,
    spec: &IsolatedSpec,
    options: &UpOptions,
    sink: &dyn EventSink,
) -> Result<UpOutcome, UpError> {
    let order = plan::order(spec, options).map_err(UpError::Refused)?;
    let notes = check::check(docker, spec, &order).map_err(UpError::Refused)?;
    for note in notes {
        sink.event(Event::Warning {
            service: Some(note.service),
            text: note.text,
        });
    }
    let mut tries = 0;
    loop {
        tries += 1;
        match once(docker, spec, options, sink, &order).await {
            // A process that was killed may have left the engine an order that it carries out only now.
            Err(UpError::Failed { first, .. })
                if tries < TRIES && matches!(*first, RuntimeError::Conflict { .. }) =>
            {
                tracing::debug!(%first, "names are taken by what was not there before; looking again");
                tokio::time::sleep(PAUSE * tries).await;
            }
            other => return other,
        }
    }
}

async fn once(
    docker: &Docker,
    spec: &IsolatedSpec,
    options: &UpOptions,
    sink: &dyn EventSink,
    order: &[&str],
) -> Result<UpOutcome, UpError> {
    let run = Run::begin(docker, spec, options, sink).await?;
    work(&run, order).await;
    match run.verdict() {
        None => finish(&run, order).await,
        Some(UpError::Dependency {
            service,
            dependency,
            reason,
        }) => {
            // What was replaced stays replaced, as it would in a run that went on.
            tidy::replaced(&run).await;
            Err(UpError::Dependency {
                service,
                dependency,
                reason,
            })
        }
        Some(error) => Err(undo::undo(&run, error).await),
    }
}

/// Makes and starts the services in `order`; what goes wrong is kept in `run`.
async fn work(run: &Run<'_>, order: &[&str]) {
    let networks = objects::networks(run, order);
    let volumes = objects::volumes(run, order);
    let images = images::images(run, order);
    let mut made: BTreeMap<&str, Part<'_, Vec<Made>>> = BTreeMap::new();
    let mut started: BTreeMap<&str, Part<'_, start::Started>> = BTreeMap::new();
    for name in order {
        let service = &run.spec.environment().services[*name];
        if service.provider.is_some() {
            continue;
        }
        let parts = containers::Parts {
            image: images.get(&images::key(service)).cloned(),
            networks: service
                .networks
                .keys()
                .filter(|_| service.network_mode.is_empty())
                .filter_map(|key| Some((key.clone(), networks.get(key.as_str())?.clone())))
                .collect(),
            volumes: objects::used(run.spec, service)
                .into_iter()
                .filter_map(|key| volumes.get(key).cloned())
                .collect(),
            containers: request::made_after(service)
                .into_iter()
                .filter_map(|(_, other)| Some((other.clone(), made.get(other.as_str())?.clone())))
                .collect(),
        };
        let making = containers::make(run, name, service, parts).boxed().shared();
        made.insert(name, making.clone());
        let before = service
            .depends_on
            .iter()
            .filter_map(|(other, dependency)| {
                Some((other.as_str(), dependency, started.get(other.as_str())?.clone()))
            })
            .collect();
        let starting = start::start(run, (name, service), making, before)
            .boxed()
            .shared();
        started.insert(name, starting);
    }
    join_all(started.into_values()).await;
    // Networks and volumes that no service waits for are made all the same.
    join_all(networks.into_values()).await;
    join_all(volumes.into_values()).await;
}

async fn finish(run: &Run<'_>, order: &[&str]) -> Result<UpOutcome, UpError> {
    tidy::all(run, order).await;
    let id = &run.spec.identity().id;
    let read = run.docker.read_statuses(&Filter::Env(id.clone())).await;
    let mut outcome = run.outcome();
    match read {
        Ok(mut all) => {
            outcome.services = all.remove(id).map(|found| found.services).unwrap_or_default();
            run.pulse.overlay(&mut outcome.services);
            Ok(outcome)
        }
        Err(error) => Err(UpError::Failed {
            first: Box::new(error),
            others: Vec::new(),
            leftovers: Vec::new(),
        }),
    }
}

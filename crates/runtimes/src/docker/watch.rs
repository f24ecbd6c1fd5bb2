// SPDX-License-Identifier: MIT
//! The engine's events, of one environment's containers.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use bollard::models::EventMessage;
use bollard::query_parameters::EventsOptionsBuilder;
use cilo_spec::{EnvId, labels as cilo};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use tokio::sync::mpsc;

use super::observe::of;
use super::{Docker, dialect, labels};
use crate::error::RuntimeError;
use crate::event::{Occurrence, Replica};

/// Occurrences that wait for a slow reader.
const QUEUE: usize = 256;

pub(super) async fn watch(
    docker: &Docker,
    env: &EnvId,
) -> Result<BoxStream<'static, Result<Occurrence, RuntimeError>>, RuntimeError> {
    // The engine has to answer now: the stream would tell only later that it does not.
    docker
        .api
        .ping()
        .await
        .map_err(|error| dialect::classify("listen to events", error))?;
    let mut events = stream(docker, env);
    let (sender, receiver) = mpsc::channel(QUEUE);
    // The request is sent when the stream is asked for the first time: at once, not when the caller comes to it.
    let reader = tokio::spawn(async move {
        while let Some(event) = events.next().await {
            let item = match event {
                Ok(event) => occurrence(&event).map(Ok),
                Err(error) => Some(Err(dialect::classify("listen to events", error))),
            };
            if let Some(item) = item
                && sender.send(item).await.is_err()
            {
                break;
            }
        }
    });
    Ok(received(receiver, AbortOnDrop(reader)))
}

/// Raw events from this moment on, even if the request is a little later.
pub(super) fn stream(
    docker: &Docker,
    env: &EnvId,
) -> BoxStream<'static, Result<EventMessage, bollard::errors::Error>> {
    let filters = [("label", vec![of(env)]), ("type", vec!["container".to_owned()])]
        .into_iter()
        .collect();
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or(Duration::ZERO);
    let since = format!("{}.{:09}", now.as_secs(), now.subsec_nanos());
    let options = EventsOptionsBuilder::default()
        .since(&since)
        .filters(&filters)
        .build();
    docker.api.events(Some(options)).boxed()
}

/// `None` for what nobody waits for, and for containers that are no replicas.
pub(super) fn occurrence(event: &EventMessage) -> Option<Occurrence> {
    let what = dialect::happened(event)?;
    let actor = event.actor.as_ref()?;
    let attributes: BTreeMap<&String, &String> = actor.attributes.as_ref()?.iter().collect();
    let read = |key: &str| attributes.get(&key.to_owned()).copied();
    if read(labels::HOOK).is_some() {
        return None;
    }
    Some(Occurrence {
        replica: Replica {
            service: read(cilo::SERVICE)?.clone(),
            number: read(labels::NUMBER)?.parse().ok()?,
        },
        container: actor.id.clone()?,
        what,
    })
}

/// A task that ends with whoever holds this.
pub(super) struct AbortOnDrop(pub(super) tokio::task::JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What comes out of `receiver`, with the task that feeds it.
pub(super) fn received<T: Send + 'static>(
    receiver: mpsc::Receiver<T>,
    feeder: AbortOnDrop,
) -> BoxStream<'static, T> {
    futures_util::stream::unfold((receiver, feeder), |(mut receiver, feeder)| async move {
        receiver.recv().await.map(|item| (item, (receiver, feeder)))
    })
    .boxed()
}

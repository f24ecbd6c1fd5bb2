// SPDX-License-Identifier: MIT
//! What happens to the environment's containers while they are started: one stream of events for all who wait.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bollard::models::EventMessage;
use cilo_spec::{EnvId, Health, ReplicaState, ServiceStatus};
use futures_util::StreamExt;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::docker::observe::Seen;
use crate::docker::{Docker, dialect, watch as events};
use crate::event::Happened;

/// Time before a broken stream is asked for again, and how often in a row.
const PAUSE: Duration = Duration::from_millis(250);
const TRIES: u32 = 20;

/// Listens until it is dropped.
pub(super) struct Pulse {
    known: watch::Sender<Known>,
    _listener: JoinSet<()>,
}

/// What is known of all containers.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    containers: BTreeMap<String, State>,
    /// Counts up when events may have been missed.
    pub(super) gaps: u32,
    /// No events come any more.
    pub(super) lost: bool,
}

/// What is known of one container.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct State {
    pub(super) started: Option<Instant>,
    pub(super) health: Option<Health>,
    /// The exit code of its last end, while it has not started again.
    pub(super) ended: Option<i64>,
    pub(super) removed: bool,
}

impl Pulse {
    pub(super) fn listen(docker: &Docker, env: &EnvId) -> Self {
        let (known, _) = watch::channel(Known::default());
        let mut listener = JoinSet::new();
        let (docker, env, sender) = (docker.clone(), env.clone(), known.clone());
        listener.spawn(async move {
            for _ in 0..TRIES {
                let mut stream = events::stream(&docker, &env);
                while let Some(Ok(event)) = stream.next().await {
                    sender.send_modify(|known| known.read(&event));
                }
                tokio::time::sleep(PAUSE).await;
                sender.send_modify(|known| known.gaps += 1);
            }
            sender.send_modify(|known| known.lost = true);
        });
        Self {
            known,
            _listener: listener,
        }
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<Known> {
        self.known.subscribe()
    }

    /// What a list said before anything was done.
    pub(super) fn seed(&self, seen: &Seen) {
        self.known.send_modify(|known| {
            let state = known.containers.entry(seen.id.clone()).or_default();
            state.health = state.health.or(seen.health);
            if seen.state == ReplicaState::Exited {
                state.ended = state.ended.or(seen.exit_code);
            }
        });
    }

    /// The container is about to be started: what was before does not count any more.
    pub(super) fn starting(&self, id: &str) {
        let fresh = State {
            started: Some(Instant::now()),
            ..State::default()
        };
        self.known.send_modify(|known| {
            known.containers.insert(id.to_owned(), fresh);
        });
    }

    /// Brings statuses up to date: a list of the engine may be a moment behind its events.
    pub(super) fn overlay(&self, services: &mut [ServiceStatus]) {
        let known = self.known.borrow();
        for replica in services.iter_mut().flat_map(|service| &mut service.replicas) {
            let state = known.of(&replica.container);
            if let Some(code) = state.ended
                && matches!(replica.state, ReplicaState::Running)
            {
                replica.state = ReplicaState::Exited;
                replica.exit_code = Some(code);
                replica.health = None;
                replica.addresses.clear();
            } else if replica.state == ReplicaState::Running && replica.health.is_some() {
                replica.health = state.health.or(replica.health);
            }
        }
    }

    /// What the engine says now; events that came in between know better.
    pub(super) fn merge(&self, id: &str, health: Option<Health>, ended: Option<i64>) {
        self.known.send_modify(|known| {
            let state = known.containers.entry(id.to_owned()).or_default();
            if matches!(state.health, None | Some(Health::Starting)) {
                state.health = health.or(state.health);
            }
            state.ended = state.ended.or(ended);
        });
    }
}

impl Known {
    pub(super) fn of(&self, id: &str) -> State {
        self.containers.get(id).copied().unwrap_or_default()
    }

    fn read(&mut self, event: &EventMessage) {
        let Some(id) = event.actor.as_ref().and_then(|actor| actor.id.as_ref()) else {
            return;
        };
        let Some(happened) = dialect::happened(event) else {
            return;
        };
        let state = self.containers.entry(id.clone()).or_default();
        match happened {
            Happened::Started => {
                state.ended = None;
                state.health = None;
                state.started.get_or_insert_with(Instant::now);
            }
            Happened::Healthy => state.health = Some(Health::Healthy),
            Happened::Unhealthy => state.health = Some(Health::Unhealthy),
            Happened::Died(code) => state.ended = Some(code),
            Happened::Removed => state.removed = true,
            Happened::Created | Happened::Paused | Happened::Unpaused => {}
        }
    }
}

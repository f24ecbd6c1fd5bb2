// SPDX-License-Identifier: MIT
//! One run of `up`: what was there, what was done, what went wrong.

use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use cilo_spec::IsolatedSpec;
use tokio_util::sync::CancellationToken;

use super::pulse::Pulse;
use super::undo::Undo;
use crate::docker::Docker;
use crate::docker::observe::{Seen, SeenNetwork, SeenVolume, of};
use crate::error::{RuntimeError, UpError};
use crate::event::{Event, EventSink};
use crate::options::UpOptions;
use crate::report::{Step, Timing, UpOutcome};

pub(super) struct Run<'a> {
    pub(super) docker: &'a Docker,
    pub(super) spec: &'a IsolatedSpec,
    pub(super) options: &'a UpOptions,
    pub(super) pulse: Pulse,
    /// What was there when it began.
    pub(super) there: There,
    sink: &'a dyn EventSink,
    begin: Instant,
    /// Fires when the user cancelled or something failed: nothing new is begun.
    stop: CancellationToken,
    state: Mutex<State>,
}

pub(super) struct There {
    pub(super) containers: Vec<Seen>,
    pub(super) networks: Vec<SeenNetwork>,
    pub(super) volumes: Vec<SeenVolume>,
}

#[derive(Default)]
struct State {
    journal: Vec<Undo>,
    failures: Vec<RuntimeError>,
    dependency: Option<UpError>,
    outcome: UpOutcome,
    /// Containers to take away when all went well.
    obsolete: Vec<Seen>,
}

/// The run does not go on; the reason is with the run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stopped;

impl<'a> Run<'a> {
    /// Looks at what is there, and listens from now on.
    pub(super) async fn begin(
        docker: &'a Docker,
        spec: &'a IsolatedSpec,
        options: &'a UpOptions,
        sink: &'a dyn EventSink,
    ) -> Result<Self, UpError> {
        let begin = Instant::now();
        let id = &spec.identity().id;
        let pulse = Pulse::listen(docker, id);
        let labels = [of(id)];
        let volumes = async {
            if spec.environment().volumes.is_empty() {
                Ok(Vec::new())
            } else {
                docker.volumes(id).await
            }
        };
        let seen = tokio::try_join!(docker.containers(&labels), docker.networks(id), volumes);
        let (containers, networks, volumes) = seen.map_err(|error| UpError::Failed {
            first: Box::new(error),
            others: Vec::new(),
            leftovers: Vec::new(),
        })?;
        for container in &containers {
            pulse.seed(container);
        }
        let run = Self {
            docker,
            spec,
            options,
            pulse,
            there: There {
                containers,
                networks,
                volumes,
            },
            sink,
            begin,
            stop: options.cancel.child_token(),
            state: Mutex::default(),
        };
        run.timed(Step::Observe, "environment", begin);
        Ok(run)
    }

    /// The services' own containers that were there, without those that were replaced before.
    pub(super) fn replicas(&self, service: &str) -> impl Iterator<Item = &Seen> {
        self.there
            .containers
            .iter()
            .filter(move |container| container.replica.service == service)
    }

    pub(super) fn tell(&self, event: Event) {
        self.sink.event(event);
    }

    /// Writes down how long something took that began at `begin`.
    pub(super) fn timed(&self, step: Step, subject: impl Into<String>, begin: Instant) -> Duration {
        let took = begin.elapsed();
        self.state().outcome.timings.push(Timing {
            step,
            subject: subject.into(),
            begin: begin.duration_since(self.begin),
            took,
        });
        took
    }

    /// Writes down how to undo what was just done.
    pub(super) fn did(&self, undo: Undo) {
        self.state().journal.push(undo);
    }

    pub(super) fn count(&self, change: impl FnOnce(&mut UpOutcome)) {
        change(&mut self.state().outcome);
    }

    /// To be taken away in the end.
    pub(super) fn obsolete(&self, container: Seen) {
        self.state().obsolete.push(container);
    }

    pub(super) fn take_obsolete(&self) -> Vec<Seen> {
        std::mem::take(&mut self.state().obsolete)
    }

    /// Stops the run because of an engine's failure.
    pub(super) fn fail(&self, error: RuntimeError) -> Stopped {
        self.state().failures.push(error);
        self.stop.cancel();
        Stopped
    }

    /// Stops the run because a dependency did not get ready.
    pub(super) fn give_up(&self, error: UpError) -> Stopped {
        self.state().dependency.get_or_insert(error);
        self.stop.cancel();
        Stopped
    }

    /// `Ok` while the run goes on. Asked before anything that changes the engine.
    pub(super) fn goes_on(&self) -> Result<(), Stopped> {
        if self.stop.is_cancelled() {
            Err(Stopped)
        } else {
            Ok(())
        }
    }

    /// Waits for something that may be dropped half-way: nothing that changes the engine by itself.
    pub(super) async fn unless_stopped<T>(&self, work: impl Future<Output = T>) -> Result<T, Stopped> {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Err(Stopped),
            done = work => Ok(done),
        }
    }

    /// Why the run stopped, without what undoing it brings.
    pub(super) fn verdict(&self) -> Option<UpError> {
        let mut state = self.state();
        let mut failures = std::mem::take(&mut state.failures);
        if let Some(dependency) = state.dependency.take()
            && failures.is_empty()
        {
            return Some(dependency);
        }
        if !failures.is_empty() {
            let first = Box::new(failures.remove(0));
            return Some(UpError::Failed {
                first,
                others: failures,
                leftovers: Vec::new(),
            });
        }
        self.stop.is_cancelled().then(|| UpError::Cancelled {
            leftovers: Vec::new(),
        })
    }

    pub(super) fn journal(&self) -> Vec<Undo> {
        std::mem::take(&mut self.state().journal)
    }

    pub(super) fn outcome(&self) -> UpOutcome {
        std::mem::take(&mut self.state().outcome)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

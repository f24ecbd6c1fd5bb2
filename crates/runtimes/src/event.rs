// SPDX-License-Identifier: MIT
//! What is told while something is done, and what happens to containers.

use std::fmt;
use std::time::Duration;

use cilo_spec::model::Condition;

/// Receives [`Event`]s. Called from many tasks; must not block.
pub trait EventSink: Send + Sync {
    /// Something happened.
    fn event(&self, event: Event);
}

/// Drops every event.
impl EventSink for () {
    fn event(&self, _: Event) {}
}

impl<F: Fn(Event) + Send + Sync> EventSink for F {
    fn event(&self, event: Event) {
        self(event);
    }
}

/// One container of a service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Replica {
    /// The service.
    pub service: String,
    /// Its number, from 1.
    pub number: u32,
}

/// One step of [`up`](crate::Runtime::up), [`down`](crate::Runtime::down) or [`destroy`](crate::Runtime::destroy).
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// An image is being pulled; sent at the start and whenever something changed.
    PullProgress {
        /// The image.
        image: String,
        /// How far it is.
        progress: PullProgress,
    },
    /// An image was pulled.
    Pulled {
        /// The image.
        image: String,
        /// How long it took.
        took: Duration,
    },
    /// A build begins.
    BuildStarted {
        /// The service it is for.
        service: String,
    },
    /// A step of a build began or ended.
    BuildStep {
        /// The service it is for.
        service: String,
        /// The step as the builder names it.
        step: String,
        /// How it stands.
        state: StepState,
    },
    /// One line that a build printed.
    BuildLog {
        /// The service it is for.
        service: String,
        /// The line without its end.
        line: String,
    },
    /// An image was built.
    Built {
        /// The service it is for.
        service: String,
        /// The image.
        image: String,
        /// How long it took.
        took: Duration,
    },
    /// A network was made.
    NetworkCreated {
        /// Its name in the engine.
        network: String,
        /// How long it took.
        took: Duration,
    },
    /// A network was taken away.
    NetworkRemoved {
        /// Its name in the engine.
        network: String,
    },
    /// A volume was made.
    VolumeCreated {
        /// Its name in the engine.
        volume: String,
        /// How long it took.
        took: Duration,
    },
    /// A volume was taken away.
    VolumeRemoved {
        /// Its name in the engine.
        volume: String,
    },
    /// An image was taken away.
    ImageRemoved {
        /// Its name.
        image: String,
    },
    /// A container was made.
    ContainerCreated {
        /// Which.
        replica: Replica,
        /// How long it took.
        took: Duration,
    },
    /// A container took the place of an older one; not started yet.
    ContainerRecreated {
        /// Which.
        replica: Replica,
        /// Why it was replaced.
        why: Reason,
        /// How long it took.
        took: Duration,
    },
    /// A container is as it should be and was left alone.
    ContainerUpToDate {
        /// Which.
        replica: Replica,
    },
    /// A service waits for another one.
    Waiting {
        /// The one that waits.
        service: String,
        /// The one it waits for.
        dependency: String,
        /// For what.
        condition: Condition,
    },
    /// A container was started.
    ContainerStarted {
        /// Which.
        replica: Replica,
        /// How long it took.
        took: Duration,
    },
    /// A health check passed for the first time.
    ContainerHealthy {
        /// Which.
        replica: Replica,
        /// Time since the start.
        took: Duration,
    },
    /// A container ended.
    ContainerExited {
        /// Which.
        replica: Replica,
        /// Its exit code.
        exit_code: i64,
        /// Time since the start.
        took: Duration,
    },
    /// A container was stopped.
    ContainerStopped {
        /// Which.
        replica: Replica,
        /// How long it took.
        took: Duration,
    },
    /// A container was taken away.
    ContainerRemoved {
        /// Which.
        replica: Replica,
        /// Why; `None` when everything is.
        why: Option<Reason>,
    },
    /// A hook of a container ran.
    HookEnded {
        /// Which container.
        replica: Replica,
        /// `pre_start`, `post_start` or `pre_stop`.
        hook: &'static str,
        /// How long it took.
        took: Duration,
    },
    /// Something failed or was cancelled; what this run made is being taken back.
    Undoing,
    /// Something that is not an error and should be known.
    Warning {
        /// The service it is about, if it is about one.
        service: Option<String>,
        /// A sentence.
        text: String,
    },
}

/// How far a pull is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PullProgress {
    /// Layers known so far.
    pub layers: u32,
    /// Layers that are there.
    pub layers_done: u32,
    /// Bytes to fetch, as far as known.
    pub bytes: u64,
    /// Bytes fetched.
    pub bytes_done: u64,
}

/// How a build step stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepState {
    /// It began.
    Started,
    /// It was done, in this time.
    Done(Duration),
    /// Its result was there already.
    Cached,
    /// It failed.
    Failed(String),
}

/// Why a container is replaced or taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The service is described differently.
    Changed,
    /// It was asked for.
    Asked,
    /// Its image is another one now.
    Image,
    /// A network it is in was made anew.
    Network,
    /// It cannot be started any more, or was left half made.
    Broken,
    /// A service it depends on with `restart: true`, or whose namespace it uses, was replaced.
    Dependency,
    /// The project has no such service any more.
    Orphan,
    /// The service has fewer containers now.
    Scale,
}

/// What happened to a container, in one vocabulary for all engines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occurrence {
    /// Which.
    pub replica: Replica,
    /// Its id in the engine.
    pub container: String,
    /// What happened.
    pub what: Happened,
}

/// The kinds of [`Occurrence`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Happened {
    /// Made.
    Created,
    /// Started.
    Started,
    /// Its health check passes.
    Healthy,
    /// Its health check fails.
    Unhealthy,
    /// Frozen.
    Paused,
    /// Unfrozen.
    Unpaused,
    /// Its main process ended with this exit code.
    Died(i64),
    /// Gone.
    Removed,
}

impl fmt::Display for Replica {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.service, self.number)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Changed => "the service changed",
            Self::Asked => "asked for",
            Self::Image => "its image changed",
            Self::Network => "its network was made anew",
            Self::Broken => "it was left half made",
            Self::Dependency => "a service it depends on was replaced",
            Self::Orphan => "the project has no such service any more",
            Self::Scale => "the service has fewer containers now",
        })
    }
}

// SPDX-License-Identifier: MIT
//! What can go wrong with an engine, sorted by what to do about it.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use cilo_spec::model::Condition;

use crate::report::Contents;

/// The engine's own error underneath.
pub type Source = Box<dyn std::error::Error + Send + Sync + 'static>;

/// One question or order that an engine did not answer or carry out.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// Nothing answers any more.
    #[error("{action}: the container engine does not answer; is it still running?")]
    Unreachable {
        /// What was tried.
        action: String,
        /// Why.
        #[source]
        source: Source,
    },
    /// The engine is there and this user may not use it.
    #[error("{action}: permission denied by the container engine")]
    PermissionDenied {
        /// What was tried.
        action: String,
        /// Why.
        #[source]
        source: Source,
    },
    /// It names something that is not there.
    #[error("{action}: not found")]
    NotFound {
        /// What was tried.
        action: String,
        /// Why.
        #[source]
        source: Source,
    },
    /// Something else has the name, or uses what was to be removed.
    #[error("{action}: in conflict with what is there")]
    Conflict {
        /// What was tried.
        action: String,
        /// Why.
        #[source]
        source: Source,
    },
    /// A network's addresses are in use.
    #[error("create network `{network}`: its subnet {subnet} overlaps with a network that is there")]
    AddressPoolOverlap {
        /// The network's name in the engine.
        network: String,
        /// The subnet it was to have.
        subnet: String,
        /// Why.
        #[source]
        source: Source,
    },
    /// An image is not there and cannot be had.
    #[error("image `{image}` cannot be had: {reason}")]
    ImageUnavailable {
        /// The image.
        image: String,
        /// Why, and what to do.
        reason: Unavailable,
        /// Why, in the engine's words.
        #[source]
        source: Option<Source>,
    },
    /// A build failed.
    #[error("build of `{service}` failed{}", tail(.log))]
    BuildFailed {
        /// The service it was for.
        service: String,
        /// The last lines it printed.
        log: Vec<String>,
        /// Why.
        #[source]
        source: Source,
    },
    /// A file that has to be read or packed.
    #[error("{action}: `{}`", .path.display())]
    File {
        /// What it is for.
        action: String,
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A command that belongs to a service's life failed.
    #[error("`{hook}` of `{service}` ended with exit code {exit_code}{}", tail(.log))]
    HookFailed {
        /// The service.
        service: String,
        /// `pre_start`, `post_start` or `pre_stop`.
        hook: &'static str,
        /// Its exit code.
        exit_code: i64,
        /// The last lines it printed.
        log: Vec<String>,
    },
    /// There is no running container to do it in.
    #[error("`{service}` has no running container; `cilo up` starts it")]
    NotRunning {
        /// The service.
        service: String,
    },
    /// Something the engine would not do.
    #[error("{action} failed")]
    Engine {
        /// What was tried.
        action: String,
        /// Why.
        #[source]
        source: Source,
    },
}

/// Why an image cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unavailable {
    /// `pull_policy: never`, and it is not there.
    Never,
    /// No registry answers.
    Offline,
    /// There is none of that name, or it is private.
    Unknown,
    /// The registry wants a login.
    Denied,
    /// It exists, not for this kind of machine.
    Platform,
    /// Something else.
    Other,
}

/// Why [`up`](crate::Runtime::up) did not get there.
#[derive(Debug, thiserror::Error)]
pub enum UpError {
    /// The application asks for what this engine cannot do. Nothing was changed.
    #[error("this container engine cannot run it: {}", list(.0))]
    Refused(Vec<Unsupported>),
    /// A service that another one needs did not get ready. Everything is left as it is.
    #[error("`{service}` was not started: `{dependency}` {reason}")]
    Dependency {
        /// The service that waited.
        service: String,
        /// The service it waited for.
        dependency: String,
        /// What became of it.
        reason: DependencyFailure,
    },
    /// It was cancelled; what this run made is gone.
    #[error("cancelled")]
    Cancelled {
        /// What could not be undone.
        leftovers: Vec<RuntimeError>,
    },
    /// It failed; what this run made is gone.
    #[error("the environment could not be brought up; what this run made was taken back")]
    Failed {
        /// What failed first.
        #[source]
        first: Box<RuntimeError>,
        /// What failed too.
        others: Vec<RuntimeError>,
        /// What could not be undone.
        leftovers: Vec<RuntimeError>,
    },
}

/// One thing an engine cannot do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsupported {
    /// Where in the project: `services.web.healthcheck.start_interval`.
    pub at: String,
    /// What it would need, as half a sentence: `needs engine API 1.44, this engine has 1.41`.
    pub why: String,
}

/// What became of a dependency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DependencyFailure {
    /// Its health check fails.
    Unhealthy,
    /// It ended, with this exit code.
    Exited(i64),
    /// It has no health check to wait for.
    NoHealthCheck,
    /// It is gone.
    Removed,
    /// It took longer than this.
    TimedOut {
        /// What was waited for.
        condition: Condition,
        /// How long.
        after: Duration,
    },
}

/// What could not be taken down; the rest was.
#[derive(Debug, thiserror::Error)]
#[error("{} could not be removed", count(.errors.len()))]
pub struct TeardownError {
    /// Everything that failed, first one first; never empty.
    pub errors: Vec<RuntimeError>,
    /// What was removed all the same.
    pub removed: Contents,
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Never => "it is not on this machine and its pull_policy is never; pull or build it first",
            Self::Offline => {
                "it is not on this machine and its registry does not answer; check the network, or load it with \
                 `docker load` or `docker import`"
            }
            Self::Unknown => "there is no such image, or it needs a login; check its name and tag",
            Self::Denied => "the registry refuses; log in to it",
            Self::Platform => "there is none for this platform; set `platform` or use another image",
            Self::Other => "the engine could not pull it",
        })
    }
}

impl fmt::Display for DependencyFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unhealthy => f.write_str("is unhealthy"),
            Self::Exited(code) => write!(f, "ended with exit code {code}"),
            Self::NoHealthCheck => f.write_str("has no health check to wait for"),
            Self::Removed => f.write_str("was removed"),
            Self::TimedOut { condition, after } => {
                let what = match condition {
                    Condition::Started => "running",
                    Condition::Healthy => "healthy",
                    Condition::Completed => "complete",
                };
                write!(f, "was not {what} after {} s", after.as_secs())
            }
        }
    }
}

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.at, self.why)
    }
}

fn tail(log: &[String]) -> String {
    let lines: String = log.iter().map(|line| format!("\n    {line}")).collect();
    if lines.is_empty() {
        lines
    } else {
        format!(":{lines}")
    }
}

fn list(all: &[Unsupported]) -> String {
    all.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

fn count(errors: usize) -> String {
    if errors == 1 {
        "one thing".to_owned()
    } else {
        format!("{errors} things")
    }
}

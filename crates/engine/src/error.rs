// SPDX-License-Identifier: MIT
//! Everything a verb can fail with, and which kind of failure that is.

use std::path::PathBuf;
use std::time::Duration;

use cilo_dns::{Clash, FileError};
use cilo_parsers::ParseError;
use cilo_runtimes::{ConnectError, RuntimeError, TeardownError, UpError};
use cilo_spec::{EnvName, EnvRef, IsolateError, NameError, ProjectName};
use cilo_state::{ClaimError, HomeError, LockError, StateError};
use cilo_workspace::{BaselineError, CopyError, RemoveError, SalvageError, UnsavedError};

use crate::routes::RoutesError;
use crate::{DaemonError, ProjectError, Unready};

/// Why a verb failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A name is not one.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The project cannot be read.
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// There is no such environment.
    #[error("there is no environment `{env}`{}", known_list(.known))]
    UnknownEnv {
        /// The name.
        env: EnvName,
        /// What there is.
        known: Vec<EnvRef>,
    },
    /// Several projects have one of that name.
    #[error("`{env}` is an environment of {}; say which with --project", list(.projects))]
    AmbiguousEnv {
        /// The name.
        env: EnvName,
        /// The projects.
        projects: Vec<ProjectName>,
    },
    /// The name is used by an environment made from another folder.
    #[error("{env} is a copy of {}, not of {}", made_from.display(), asked.display())]
    OtherSource {
        /// The environment.
        env: EnvRef,
        /// The folder it was made from.
        made_from: PathBuf,
        /// The folder that was named now.
        asked: PathBuf,
    },
    /// It exists already.
    #[error("{env} exists already, in {}", workspace.display())]
    Exists {
        /// The environment.
        env: EnvRef,
        /// Its workspace.
        workspace: PathBuf,
    },
    /// Where its workspace would be, there is a folder of no environment.
    #[error("the workspace of {env} cannot be made: {} is there already, and belongs to no environment", workspace.display())]
    Occupied {
        /// The environment.
        env: EnvRef,
        /// The folder.
        workspace: PathBuf,
    },
    /// Its destruction was begun and not finished.
    #[error("{env} is half destroyed; finish it with `cilo destroy {} --force`", env.env)]
    HalfDestroyed {
        /// The environment.
        env: EnvRef,
    },
    /// Its workspace is not there.
    #[error("the workspace of {env} is gone from {}", workspace.display())]
    WorkspaceGone {
        /// The environment.
        env: EnvRef,
        /// Where it was.
        workspace: PathBuf,
    },
    /// A name would lead to two environments.
    #[error("{env} would take names that are in use: {}", clash_list(.clashes))]
    NameClash {
        /// The environment.
        env: EnvRef,
        /// The names, and who has them.
        clashes: Vec<Clash>,
    },
    /// Work would be lost.
    #[error("{env} holds work that exists nowhere else: {summary}")]
    UnsavedWork {
        /// The environment.
        env: EnvRef,
        /// What it is, in words.
        summary: String,
    },
    /// Some services will not become ready.
    #[error("{env} is not ready: {}", unready_list(.services))]
    NotReady {
        /// The environment.
        env: EnvRef,
        /// Which, and why.
        services: Vec<Unready>,
    },
    /// Some services were not ready in time.
    #[error("{env} was not ready within {after:?}: {}", unready_list(.services))]
    TimedOut {
        /// The environment.
        env: EnvRef,
        /// The time they had.
        after: Duration,
        /// Which, and why.
        services: Vec<Unready>,
    },
    /// The user wanted out.
    #[error("cancelled")]
    Cancelled,
    /// The service named is not of the environment.
    #[error("{env} has no service `{service}`; it has {}", list(.known))]
    UnknownService {
        /// The environment.
        env: EnvRef,
        /// The name.
        service: String,
        /// What there is.
        known: Vec<String>,
    },
    /// No container engine.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The container engine failed.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// The environment could not be started.
    #[error(transparent)]
    Up(#[from] UpError),
    /// Not all of it could be taken away.
    #[error(transparent)]
    Teardown(#[from] TeardownError),
    /// It cannot be isolated.
    #[error(transparent)]
    Isolate(#[from] IsolateError),
    /// The state cannot be read or written.
    #[error(transparent)]
    State(#[from] StateError),
    /// Cilo's home cannot be used.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The environment cannot be locked.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// What the workspace looked like when it was copied cannot be kept or read.
    #[error("cannot {action} {}", path.display())]
    Baseline {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// That a run is under way cannot be written down.
    #[error("cannot write {}", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// No addresses are free.
    #[error(transparent)]
    Claim(#[from] ClaimError),
    /// The host's routes cannot be read.
    #[error(transparent)]
    Routes(#[from] RoutesError),
    /// The workspace cannot be made.
    #[error(transparent)]
    Copy(#[from] CopyError),
    /// The workspace cannot be examined.
    #[error(transparent)]
    Unsaved(#[from] UnsavedError),
    /// What the workspace was copied from cannot be examined.
    #[error(transparent)]
    StartingPoint(#[from] BaselineError),
    /// Unsaved work cannot be kept, so nothing was destroyed.
    #[error("unsaved work cannot be kept, so nothing was destroyed")]
    Salvage(#[from] SalvageError),
    /// The workspace cannot be removed.
    #[error(transparent)]
    RemoveWorkspace(#[from] RemoveError),
    /// Names cannot be written.
    #[error(transparent)]
    Zone(#[from] FileError),
    /// The daemon.
    #[error(transparent)]
    Daemon(#[from] DaemonError),
    /// A thread of this program died.
    #[error("a worker of this program failed")]
    Worker(#[source] tokio::task::JoinError),
}

/// What a failure means to whoever called: each is an exit code of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// It did not work.
    Failed,
    /// It was asked for in the wrong way.
    Usage,
    /// It runs and is not ready.
    NotReady,
    /// It took too long.
    TimedOut,
    /// It is in conflict with something, or work would be lost.
    Conflict,
}

impl Error {
    /// Which kind of failure it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Name(_) => Kind::Usage,
            Self::NotReady { .. } | Self::Up(UpError::Dependency { .. }) => Kind::NotReady,
            Self::TimedOut { .. } => Kind::TimedOut,
            Self::OtherSource { .. }
            | Self::Exists { .. }
            | Self::Occupied { .. }
            | Self::HalfDestroyed { .. }
            | Self::NameClash { .. }
            | Self::UnsavedWork { .. } => Kind::Conflict,
            _ => Kind::Failed,
        }
    }

    /// The services keep running so that they can be looked at: nothing is to be undone.
    pub(crate) fn leaves_it_running(&self) -> bool {
        matches!(
            self,
            Self::NotReady { .. } | Self::TimedOut { .. } | Self::Up(UpError::Dependency { .. })
        )
    }
}

impl From<ParseError> for Error {
    fn from(error: ParseError) -> Self {
        Self::Project(error.into())
    }
}

fn known_list(known: &[EnvRef]) -> String {
    if known.is_empty() {
        return "; there are none yet, `cilo up NAME` makes one".to_owned();
    }
    format!("; there are {}", list(known))
}

fn list(items: &[impl ToString]) -> String {
    items
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}

fn clash_list(clashes: &[Clash]) -> String {
    let one = |clash: &Clash| format!("{} belongs to {}", clash.name, clash.by);
    clashes.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn unready_list(services: &[Unready]) -> String {
    services
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("\n  ")
}

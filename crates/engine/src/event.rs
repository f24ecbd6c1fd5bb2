// SPDX-License-Identifier: MIT
//! What long work says while it goes on.

use std::path::PathBuf;

use cilo_spec::EnvRef;
use cilo_workspace::{CopyReport, Progress};

/// Receives events, from any thread.
pub type Events<'a> = &'a (dyn Fn(Event) + Send + Sync);

/// One thing that happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// Another command works on the environment; this one waits for it.
    Waiting {
        /// The environment.
        env: EnvRef,
    },
    /// The workspace is being copied.
    Copying(Progress),
    /// The workspace is there.
    Copied {
        /// Where.
        workspace: PathBuf,
        /// What was copied, and how.
        report: CopyReport,
    },
    /// The container engine did something.
    Runtime(cilo_runtimes::Event),
    /// A service is ready.
    Ready {
        /// The service.
        service: String,
    },
    /// Unsaved work was kept.
    Salvaged {
        /// The folder it is in.
        folder: PathBuf,
    },
    /// Something worked and should be known all the same.
    Warning(String),
}

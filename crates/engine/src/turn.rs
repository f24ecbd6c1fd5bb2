// SPDX-License-Identifier: MIT
//! What a killed run had asked of the container engine may still be under way: the next run waits for the end of it.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use cilo_runtimes::{Contents, EventSink, Runtime, RuntimeError, UpError, UpOptions, UpOutcome};
use cilo_spec::{EnvId, IsolatedSpec};
use cilo_state::EnvironmentRecord;
use tokio::time::{Instant, sleep};

use crate::{Engine, Error};

/// How long nothing of the environment may come or go before it is taken that nothing more will.
const QUIET: Duration = Duration::from_secs(2);
/// The longest wait for that.
const PATIENCE: Duration = Duration::from_secs(20);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(50);
/// How often a start is tried that meets what a killed run left under way.
const ATTEMPTS: u32 = 4;

/// A run that changes an environment's objects in the engine; held within the environment's lock. Its file stays
/// behind only when the process is killed.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    pub(crate) runtime: &'a dyn Runtime,
    id: EnvId,
    marker: PathBuf,
    /// The run before it was killed.
    follows_a_kill: bool,
}

impl Engine {
    /// Begins a run, once nothing more comes of one before it that was killed.
    pub(crate) async fn turn<'a>(
        &self,
        runtime: &'a dyn Runtime,
        record: &EnvironmentRecord,
    ) -> Result<Turn<'a>, Error> {
        let file = format!("{}_{}.busy", record.env.project, record.env.env);
        let marker = self.home().locks().join(file);
        let follows_a_kill = match fs_err::File::create_new(&marker) {
            Ok(_) => false,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => true,
            Err(source) => return Err(Error::Busy { path: marker, source }),
        };
        let turn = Turn {
            runtime,
            id: record.id.clone(),
            marker,
            follows_a_kill,
        };
        if follows_a_kill {
            turn.quiet().await?;
        }
        Ok(turn)
    }
}

impl Turn<'_> {
    /// [`Runtime::up`], again where it meets what the killed run had asked for and what came late.
    pub(crate) async fn up(
        &self,
        spec: &IsolatedSpec,
        options: &UpOptions,
        events: &dyn EventSink,
    ) -> Result<UpOutcome, UpError> {
        let mut attempt = 1;
        loop {
            match self.runtime.up(spec, options, events).await {
                Err(UpError::Failed { first, .. })
                    if self.follows_a_kill && attempt < ATTEMPTS && came_late(&first) =>
                {
                    tracing::debug!(%first, attempt, "waiting for what a killed run began");
                    attempt += 1;
                    // Where the engine does not answer, the next attempt says so.
                    drop(self.quiet().await);
                }
                result => return result,
            }
        }
    }

    /// Returns when nothing of the environment has come or gone for a while.
    async fn quiet(&self) -> Result<(), RuntimeError> {
        let begin = Instant::now();
        let (mut seen, mut since) = (self.contents().await?, begin);
        while since.elapsed() < QUIET && begin.elapsed() < PATIENCE {
            sleep(PAUSE).await;
            let now = self.contents().await?;
            if now != seen {
                (seen, since) = (now, Instant::now());
            }
        }
        Ok(())
    }

    /// In an order of its own: the engine's changes from one answer to the next.
    async fn contents(&self) -> Result<Contents, RuntimeError> {
        let mut contents = self.runtime.contents(&self.id).await?;
        contents.containers.sort_unstable();
        contents.networks.sort_unstable();
        contents.volumes.sort_unstable();
        contents.images.sort_unstable();
        Ok(contents)
    }
}

fn came_late(error: &RuntimeError) -> bool {
    matches!(
        error,
        RuntimeError::AddressPoolOverlap { .. } | RuntimeError::Conflict { .. }
    )
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        // One that stays costs the next run a little time, no more.
        drop(fs_err::remove_file(&self.marker));
    }
}

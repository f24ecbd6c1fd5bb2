// SPDX-License-Identifier: MIT
//! Taking back what a run did, last thing first.

use bollard::query_parameters::{RemoveVolumeOptions, RenameContainerOptionsBuilder, StartContainerOptions};
use futures_util::future::join_all;

use super::run::Run;
use crate::docker::dialect;
use crate::error::{RuntimeError, UpError};
use crate::event::Event;

/// One thing that a run did.
#[derive(Clone, Debug)]
pub(super) enum Undo {
    /// It made a container.
    Container { id: String, name: String },
    /// It put a container aside, under another name.
    Renamed {
        id: String,
        /// The name it had.
        name: String,
        ran: bool,
    },
    /// It started a container that was there.
    Started { id: String },
    /// It made a network.
    Network { id: String, name: String },
    /// It made a volume.
    Volume { name: String },
}

/// Takes everything back that the run did, and adds to `error` what could not be.
pub(super) async fn undo(run: &Run<'_>, error: UpError) -> UpError {
    let journal = run.journal();
    if !journal.is_empty() {
        run.tell(Event::Undoing);
    }
    let mut failed = Vec::new();
    // Containers first: nothing else can go while they use it. Then those whose names they had.
    for stage in [Stage::Containers, Stage::Names, Stage::Rest] {
        let steps = journal.iter().rev().filter(|undo| stage_of(undo) == stage);
        let done = join_all(steps.map(|undo| take_back(run, undo))).await;
        failed.extend(done.into_iter().filter_map(Result::err));
    }
    match error {
        UpError::Failed { first, others, .. } => UpError::Failed {
            first,
            others,
            leftovers: failed,
        },
        UpError::Cancelled { .. } => UpError::Cancelled { leftovers: failed },
        other => other,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Containers,
    Names,
    Rest,
}

fn stage_of(undo: &Undo) -> Stage {
    match undo {
        Undo::Container { .. } | Undo::Started { .. } => Stage::Containers,
        Undo::Renamed { .. } => Stage::Names,
        Undo::Network { .. } | Undo::Volume { .. } => Stage::Rest,
    }
}

async fn take_back(run: &Run<'_>, undo: &Undo) -> Result<(), RuntimeError> {
    let api = &run.docker.api;
    let (action, done) = match undo {
        Undo::Container { id, name } => (
            format!("remove container `{name}`"),
            run.docker.remove(id, true).await,
        ),
        Undo::Started { id } => (format!("stop container `{id}`"), run.docker.stop(id, None).await),
        Undo::Renamed { id, name, ran } => {
            let options = RenameContainerOptionsBuilder::default().name(name).build();
            let renamed = api.rename_container(id, options).await;
            let done = match renamed {
                Ok(()) if *ran => api.start_container(id, None::<StartContainerOptions>).await,
                other => other,
            };
            (format!("put container `{name}` back"), done)
        }
        Undo::Network { id, name } => (format!("remove network `{name}`"), api.remove_network(id).await),
        Undo::Volume { name } => (
            format!("remove volume `{name}`"),
            api.remove_volume(name, None::<RemoveVolumeOptions>).await,
        ),
    };
    match done {
        Err(error) if !dialect::is_missing(&error) && !dialect::is_so_already(&error) => {
            Err(dialect::classify(action, error))
        }
        _ => Ok(()),
    }
}

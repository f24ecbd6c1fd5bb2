// SPDX-License-Identifier: MIT
//! What becomes of a container that is there: pure decisions.

use cilo_spec::ReplicaState;
use cilo_spec::model::{Condition, MountKind, Service};

use super::containers::Next;
use super::run::Run;
use crate::docker::observe::{MountedVolume, Seen};
use crate::docker::request::Resolved;
use crate::docker::{files, labels};
use crate::event::Reason;

/// Why the container cannot stay; `None` when it can.
pub(super) fn reason(
    run: &Run<'_>,
    service: &Service,
    seen: &Seen,
    digest: &str,
    resolved: &Resolved,
) -> Option<Reason> {
    if run.options.recreate {
        return Some(Reason::Asked);
    }
    if matches!(seen.state, ReplicaState::Dead | ReplicaState::Removing) {
        return Some(Reason::Broken);
    }
    if seen.labels.get(labels::HASH).map(String::as_str) == Some(digest) {
        // One that never ran may lack what is added between making and starting it.
        let additions = files::copies(run.spec, service) || service.networks.len() > 1;
        return (seen.state == ReplicaState::Created && additions).then_some(Reason::Broken);
    }
    if seen.labels.get(labels::IMAGE) != Some(&resolved.image) {
        return Some(Reason::Image);
    }
    let gone = seen.networks.values().any(|attachment| {
        !attachment.network.is_empty()
            && !run
                .there
                .networks
                .iter()
                .any(|network| network.id == attachment.network)
    });
    Some(if gone { Reason::Network } else { Reason::Changed })
}

/// What is left to do with a container that stays.
pub(super) fn next(run: &Run<'_>, name: &str, seen: &Seen) -> Next {
    match seen.state {
        ReplicaState::Running | ReplicaState::Restarting => Next::Leave,
        ReplicaState::Paused => Next::Unpause,
        ReplicaState::Created => Next::StartNew,
        _ if seen.exit_code == Some(0) && is_one_shot(run, name) => Next::Leave,
        _ => Next::StartAgain,
    }
}

/// Another service waits for it to complete: when it has, it is done.
fn is_one_shot(run: &Run<'_>, name: &str) -> bool {
    run.spec.environment().services.values().any(|service| {
        service
            .depends_on
            .get(name)
            .is_some_and(|dependency| dependency.condition == Condition::Completed)
    })
}

/// Volumes without a name that the new container would otherwise get empty.
pub(super) fn inherited(service: &Service, seen: &Seen, image_volumes: &[String]) -> Vec<MountedVolume> {
    let anonymous = |target: &str| {
        let mount = service.volumes.iter().find(|mount| mount.target == target);
        match mount {
            Some(mount) => mount.kind == MountKind::Volume && mount.source.is_empty(),
            None => image_volumes.iter().any(|path| path == target),
        }
    };
    seen.volumes
        .iter()
        .filter(|volume| anonymous(&volume.target))
        .cloned()
        .collect()
}

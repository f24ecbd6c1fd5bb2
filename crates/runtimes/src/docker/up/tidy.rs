// SPDX-License-Identifier: MIT
//! The end of a run that went well: what was replaced, orphaned or is too many goes.

use std::collections::BTreeSet;
use std::time::Instant;

use cilo_spec::ReplicaState;
use futures_util::future::join_all;

use super::REPLACED;
use super::run::Run;
use crate::docker::observe::Seen;
use crate::docker::{dialect, labels};
use crate::event::{Event, Reason};
use crate::report::Step;

/// Takes away everything that is not of the environment any more. A failure is a warning: the environment runs.
pub(super) async fn all(run: &Run<'_>, order: &[&str]) {
    let made: BTreeSet<&str> = order.iter().copied().collect();
    let environment = run.spec.environment();
    let mut obsolete = run.take_obsolete();
    for container in &run.there.containers {
        let name = container.replica.service.as_str();
        // A service that no active profile names is still one of the project.
        let orphan = !environment.services.contains_key(name) && !environment.disabled.contains_key(name);
        let hook = container.labels.contains_key(labels::HOOK);
        let left_aside = !made.contains(name) && container.name.ends_with(REPLACED);
        if (orphan || hook || left_aside) && !obsolete.iter().any(|other| other.id == container.id) {
            obsolete.push(container.clone());
        }
    }
    take_away(run, obsolete).await;
}

/// Takes away only what was replaced.
pub(super) async fn replaced(run: &Run<'_>) {
    let obsolete = run.take_obsolete();
    let services = &run.spec.environment().services;
    let replaced = obsolete
        .into_iter()
        .filter(|seen| {
            services
                .get(&seen.replica.service)
                .is_some_and(|service| seen.replica.number <= service.replicas())
        })
        .collect();
    take_away(run, replaced).await;
}

async fn take_away(run: &Run<'_>, containers: Vec<Seen>) {
    let services = &run.spec.environment().services;
    let all = containers.into_iter().map(|container| async move {
        let begin = Instant::now();
        if let Err(error) = discard(run, &container).await {
            run.tell(Event::Warning {
                service: Some(container.replica.service.clone()),
                text: format!("container `{}` could not be removed: {error}", container.name),
            });
            return;
        }
        let service = services.get(&container.replica.service);
        let why = match service {
            None => Some(Reason::Orphan),
            Some(service) if container.replica.number > service.replicas() => Some(Reason::Scale),
            Some(_) if container.replica.number == 0 => Some(Reason::Broken),
            // The event of its replacement told it.
            Some(_) => None,
        };
        run.timed(Step::Remove, container.replica.to_string(), begin);
        if why.is_some() {
            run.count(|outcome| outcome.removed += 1);
            run.tell(Event::ContainerRemoved {
                replica: container.replica.clone(),
                why,
            });
        }
    });
    join_all(all).await;
}

async fn discard(run: &Run<'_>, container: &Seen) -> Result<(), crate::error::RuntimeError> {
    if matches!(
        container.state,
        ReplicaState::Running | ReplicaState::Restarting | ReplicaState::Paused
    ) {
        match run.docker.stop(&container.id, None).await {
            Err(error) if !dialect::is_so_already(&error) && !dialect::is_missing(&error) => {
                let action = format!("stop container `{}`", container.name);
                return Err(dialect::classify(action, error));
            }
            _ => {}
        }
    }
    run.docker.discard(container).await
}

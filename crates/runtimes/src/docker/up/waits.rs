// SPDX-License-Identifier: MIT
//! Waiting for a dependency: by events, and by one look at what may have happened before.

use std::time::Duration;

use bollard::models::{ContainerInspectResponse, ContainerStateStatusEnum, HealthStatusEnum};
use bollard::query_parameters::InspectContainerOptions;
use cilo_spec::Health;
use cilo_spec::model::{Condition, Dependency, Service};

use super::pulse::State;
use super::run::{Run, Stopped};
use super::start::Started;
use crate::docker::{dialect, request};
use crate::error::{DependencyFailure, RuntimeError, UpError};
use crate::event::{Event, Replica};
use crate::report::Step;

/// One edge of `depends_on`.
#[derive(Clone, Copy)]
pub(super) struct Edge<'a> {
    /// The service that waits.
    pub(super) service: &'a str,
    /// The one it waits for.
    pub(super) other: &'a str,
    pub(super) dependency: &'a Dependency,
}

enum Failure {
    Dependency(DependencyFailure),
    Engine(RuntimeError),
}

/// Returns when all containers of the dependency have reached what `edge` asks for.
pub(super) async fn wait(run: &Run<'_>, edge: Edge<'_>, started: &Started) -> Result<(), Stopped> {
    let condition = edge.dependency.condition;
    if condition == Condition::Started || started.containers.is_empty() {
        return Ok(());
    }
    let Some(service) = run.spec.environment().services.get(edge.other) else {
        return Ok(());
    };
    let begin = std::time::Instant::now();
    run.tell(Event::Waiting {
        service: edge.service.to_owned(),
        dependency: edge.other.to_owned(),
        condition,
    });
    for (number, id) in &started.containers {
        let reached = reach(run, id, condition, service);
        let within = async {
            match run.options.dependency_timeout {
                None => reached.await,
                Some(limit) => match tokio::time::timeout(limit, reached).await {
                    Ok(done) => done,
                    Err(_) => Err(timed_out(condition, limit)),
                },
            }
        };
        match run.unless_stopped(within).await? {
            Ok(state) => tell(run, edge.other, *number, condition, state),
            Err(Failure::Engine(error)) => return Err(run.fail(error)),
            Err(Failure::Dependency(reason)) if edge.dependency.required => {
                return Err(run.give_up(UpError::Dependency {
                    service: edge.service.to_owned(),
                    dependency: edge.other.to_owned(),
                    reason,
                }));
            }
            Err(Failure::Dependency(reason)) => run.tell(Event::Warning {
                service: Some(edge.service.to_owned()),
                text: format!("`{}` {reason}; it is not required", edge.other),
            }),
        }
    }
    run.timed(Step::Wait, format!("{} for {}", edge.service, edge.other), begin);
    Ok(())
}

async fn reach(run: &Run<'_>, id: &str, condition: Condition, service: &Service) -> Result<State, Failure> {
    let mut known = run.pulse.subscribe();
    loop {
        // Events tell what happens from the subscription on; this tells what happened before.
        let gaps = known.borrow_and_update().gaps;
        look(run, id, condition).await?;
        let reached = known
            .wait_for(|now| now.lost || now.gaps != gaps || verdict(now.of(id), condition, service).is_some())
            .await;
        let now = reached.map_err(|_| lost())?.clone();
        match verdict(now.of(id), condition, service) {
            Some(Ok(())) => return Ok(now.of(id)),
            Some(Err(failure)) => return Err(Failure::Dependency(failure)),
            None if now.lost => return Err(lost()),
            None => {}
        }
    }
}

/// `None` while it can still be reached.
fn verdict(state: State, condition: Condition, service: &Service) -> Option<Result<(), DependencyFailure>> {
    if state.removed {
        return Some(Err(DependencyFailure::Removed));
    }
    match (condition, state.ended) {
        (Condition::Started, _) | (Condition::Completed, Some(0)) => Some(Ok(())),
        (_, Some(code)) if request::restarts(service, code) => None,
        (_, Some(code)) => Some(Err(DependencyFailure::Exited(code))),
        (Condition::Completed, None) => None,
        (Condition::Healthy, None) => match state.health {
            Some(Health::Healthy) => Some(Ok(())),
            Some(Health::Unhealthy) => Some(Err(DependencyFailure::Unhealthy)),
            Some(Health::Starting) | None => None,
        },
    }
}

async fn look(run: &Run<'_>, id: &str, condition: Condition) -> Result<(), Failure> {
    let inspected = run
        .docker
        .api
        .inspect_container(id, None::<InspectContainerOptions>)
        .await;
    let container = match inspected {
        Ok(container) => container,
        Err(error) if dialect::is_missing(&error) => {
            return Err(Failure::Dependency(DependencyFailure::Removed));
        }
        Err(error) => return Err(Failure::Engine(dialect::classify("inspect a container", error))),
    };
    if condition == Condition::Healthy && !is_checked(&container) {
        return Err(Failure::Dependency(DependencyFailure::NoHealthCheck));
    }
    let Some(state) = container.state else {
        return Ok(());
    };
    let health = state
        .health
        .and_then(|health| health.status)
        .and_then(|status| match status {
            HealthStatusEnum::HEALTHY => Some(Health::Healthy),
            HealthStatusEnum::UNHEALTHY => Some(Health::Unhealthy),
            _ => None,
        });
    let ended = matches!(
        state.status,
        Some(ContainerStateStatusEnum::EXITED | ContainerStateStatusEnum::DEAD)
    );
    run.pulse.merge(id, health, state.exit_code.filter(|_| ended));
    Ok(())
}

/// It has a health check, of its own or from its image.
fn is_checked(container: &ContainerInspectResponse) -> bool {
    let check = container
        .config
        .as_ref()
        .and_then(|config| config.healthcheck.as_ref());
    let test = check.and_then(|check| check.test.as_deref()).unwrap_or_default();
    test.first().is_some_and(|kind| kind != "NONE")
}

fn tell(run: &Run<'_>, service: &str, number: u32, condition: Condition, state: State) {
    let replica = Replica {
        service: service.to_owned(),
        number,
    };
    // A container that was left alone reached it long ago.
    let Some(started) = state.started else { return };
    let took = started.elapsed();
    run.tell(match condition {
        Condition::Completed => Event::ContainerExited {
            replica,
            exit_code: state.ended.unwrap_or(0),
            took,
        },
        _ => Event::ContainerHealthy { replica, took },
    });
}

fn timed_out(condition: Condition, after: Duration) -> Failure {
    Failure::Dependency(DependencyFailure::TimedOut { condition, after })
}

fn lost() -> Failure {
    Failure::Engine(RuntimeError::Unreachable {
        action: "wait for events".to_owned(),
        source: "the engine's events ended".into(),
    })
}

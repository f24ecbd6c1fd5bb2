// SPDX-License-Identifier: MIT
//! Commands around a start: `pre_start` in containers of their own, `post_start` in the started one.

use std::time::Instant;

use bollard::models::ContainerCreateBody;
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, InspectContainerOptions, LogsOptionsBuilder, StartContainerOptions,
    WaitContainerOptionsBuilder,
};
use cilo_spec::model::{Hook, Service};
use cilo_spec::names;
use futures_util::StreamExt;

use super::containers::Made;
use super::run::{Run, Stopped};
use super::undo::Undo;
use crate::docker::{dialect, exec, labels};
use crate::error::RuntimeError;
use crate::event::{Event, Replica};
use crate::report::Step;

/// Lines of a failed hook's output that the error shows.
const TAIL: usize = 20;

/// Runs the service's `post_start` commands in the container, one after the other.
pub(super) async fn post_start(
    run: &Run<'_>,
    service: &Service,
    id: &str,
    replica: &Replica,
) -> Result<(), Stopped> {
    for hook in &service.post_start {
        run.goes_on()?;
        let begin = Instant::now();
        let ended = run.unless_stopped(exec::hook(run.docker, id, hook)).await?;
        let (exit_code, log) = ended.map_err(|error| run.fail(error))?;
        if exit_code != 0 {
            return Err(run.fail(failed(replica, "post_start", exit_code, log)));
        }
        let took = run.timed(Step::Hook, replica.to_string(), begin);
        run.tell(Event::HookEnded {
            replica: replica.clone(),
            hook: "post_start",
            took,
        });
    }
    Ok(())
}

/// Runs the service's `pre_start` containers before `made` starts. Those that are not per replica run with the first.
pub(super) async fn pre_start(
    run: &Run<'_>,
    (name, service): (&str, &Service),
    made: &Made,
    first: bool,
) -> Result<(), Stopped> {
    let replica = Replica {
        service: name.to_owned(),
        number: made.number,
    };
    for (index, hook) in service.pre_start.iter().enumerate() {
        if !hook.per_replica && !first {
            continue;
        }
        run.goes_on()?;
        let begin = Instant::now();
        let container = format!(
            "{}.pre-start-{index}",
            names::container(run.spec.identity(), name, made.number)
        );
        let (exit_code, log) = throw_away(run, hook, made, &container).await?;
        if exit_code != 0 {
            return Err(run.fail(failed(&replica, "pre_start", exit_code, log)));
        }
        let took = run.timed(Step::Hook, replica.to_string(), begin);
        run.tell(Event::HookEnded {
            replica: replica.clone(),
            hook: "pre_start",
            took,
        });
    }
    Ok(())
}

/// Runs a hook in a container like the one that is about to start, and removes it.
async fn throw_away(
    run: &Run<'_>,
    hook: &Hook,
    made: &Made,
    name: &str,
) -> Result<(i64, Vec<String>), Stopped> {
    let api = &run.docker.api;
    let failed = |error| {
        run.fail(dialect::classify(
            format!("run `pre_start` container `{name}`"),
            error,
        ))
    };
    for leftover in run.there.containers.iter().filter(|seen| seen.name == name) {
        run.docker.remove(&leftover.id, true).await.map_err(failed)?;
    }
    let inspected = api
        .inspect_container(&made.id, None::<InspectContainerOptions>)
        .await;
    let container = inspected.map_err(failed)?;
    let config = container.config.unwrap_or_default();
    let mut env = config.env.unwrap_or_default();
    env.extend(hook.environment.iter().map(|(key, value)| match value {
        Some(value) => format!("{key}={value}"),
        None => key.clone(),
    }));
    let mut labels = config.labels.unwrap_or_default();
    labels.insert(labels::HOOK.to_owned(), "pre_start".to_owned());
    labels.remove(labels::HASH);
    let mut host_config = container.host_config.unwrap_or_default();
    host_config.restart_policy = None;
    host_config.privileged = hook.privileged.then_some(true).or(host_config.privileged);
    let said = |text: &str, otherwise: Option<String>| {
        if text.is_empty() {
            otherwise
        } else {
            Some(text.to_owned())
        }
    };
    let body = ContainerCreateBody {
        image: said(&hook.image, config.image),
        cmd: hook.command.clone().or(config.cmd),
        entrypoint: if hook.command.is_some() {
            Some(Vec::new())
        } else {
            config.entrypoint
        },
        env: Some(env),
        user: said(&hook.user, config.user),
        working_dir: said(&hook.working_dir, config.working_dir),
        labels: Some(labels),
        host_config: Some(host_config),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        ..ContainerCreateBody::default()
    };
    let options = CreateContainerOptionsBuilder::default().name(name).build();
    let created = api.create_container(Some(options), body).await.map_err(failed)?;
    run.did(Undo::Container {
        id: created.id.clone(),
        name: name.to_owned(),
    });
    let started = api
        .start_container(&created.id, None::<StartContainerOptions>)
        .await;
    started.map_err(failed)?;
    let options = WaitContainerOptionsBuilder::default()
        .condition("not-running")
        .build();
    let mut waiting = api.wait_container(&created.id, Some(options));
    let exit_code = match run.unless_stopped(waiting.next()).await? {
        Some(Ok(ended)) => ended.status_code,
        Some(Err(bollard::errors::Error::DockerContainerWaitError { code, .. })) => code,
        Some(Err(error)) => return Err(failed(error)),
        None => 0,
    };
    let log = if exit_code == 0 {
        Vec::new()
    } else {
        tail(run, &created.id).await
    };
    run.docker.remove(&created.id, true).await.map_err(failed)?;
    Ok((exit_code, log))
}

async fn tail(run: &Run<'_>, id: &str) -> Vec<String> {
    let options = LogsOptionsBuilder::default()
        .stdout(true)
        .stderr(true)
        .tail(&TAIL.to_string())
        .build();
    let pieces: Vec<String> = run
        .docker
        .api
        .logs(id, Some(options))
        .filter_map(|piece| async { piece.ok().map(|piece| piece.to_string()) })
        .collect()
        .await;
    pieces.concat().lines().map(str::to_owned).collect()
}

fn failed(replica: &Replica, hook: &'static str, exit_code: i64, log: Vec<String>) -> RuntimeError {
    let skip = log.len().saturating_sub(TAIL);
    RuntimeError::HookFailed {
        service: replica.service.clone(),
        hook,
        exit_code,
        log: log.into_iter().skip(skip).collect(),
    }
}

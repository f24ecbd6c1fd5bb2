// SPDX-License-Identifier: MIT
//! Commands in running containers.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bollard::container::LogOutput;
use bollard::exec::{CreateExecOptions, StartExecOptions, StartExecResults};
use bollard::models::ExecInspectResponse;
use bollard::query_parameters::ResizeExecOptionsBuilder;
use cilo_spec::model::Hook;
use cilo_spec::{EnvId, ReplicaState};
use futures_util::StreamExt;

use super::observe::{Seen, of};
use super::{Docker, dialect, status};
use crate::error::RuntimeError;
use crate::exec::{ExecControl, ExecRequest, ExecSession, Size};
use crate::options::Stream;

/// Bytes of output that are taken at a time.
const CAPACITY: usize = 64 * 1024;
/// Between two looks at a command whose output has ended: the engine writes its exit code down a moment later.
const MOMENT: Duration = Duration::from_millis(10);
/// By which a command and its children are found again to be sent a signal.
const MARK: &str = "CILO_EXEC";
/// Sends the signal `$1` to every process with the mark `$2`. Data come in as arguments only.
const SIGNAL: &str = r#"for d in /proc/[0-9]*; do
if tr '\0' '\n' <"$d/environ" 2>/dev/null | grep -qx "$2"; then kill -"$1" "${d#/proc/}" 2>/dev/null; fi
done; true"#;

pub(super) async fn exec(
    docker: &Docker,
    env: &EnvId,
    request: &ExecRequest,
) -> Result<ExecSession, RuntimeError> {
    let containers = docker.containers(&[of(env)]).await?;
    let container = pick(containers, request).ok_or_else(|| RuntimeError::NotRunning {
        service: request.service.clone(),
    })?;
    let failed = |error| dialect::classify(format!("run a command in `{}`", container.replica), error);
    let mark = format!("{MARK}={}", next_mark());
    let variables = request.env.iter().map(|(key, value)| format!("{key}={value}"));
    let options = CreateExecOptions {
        attach_stdin: Some(request.interactive),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        tty: Some(request.tty),
        env: Some(variables.chain([mark.clone()]).collect()),
        cmd: Some(request.argv.clone()),
        privileged: request.privileged.then_some(true),
        user: request.user.clone(),
        working_dir: request.workdir.clone(),
        detach_keys: None,
    };
    let created = docker
        .api
        .create_exec(&container.id, options)
        .await
        .map_err(failed)?;
    let start = StartExecOptions {
        detach: false,
        tty: request.tty,
        output_capacity: Some(CAPACITY),
    };
    let started = docker
        .api
        .start_exec(&created.id, Some(start))
        .await
        .map_err(failed)?;
    let StartExecResults::Attached { output, input } = started else {
        return Err(RuntimeError::Engine {
            action: format!("run a command in `{}`", container.replica),
            source: "the engine did not attach to it".into(),
        });
    };
    let control = Control {
        docker: docker.clone(),
        container: container.id,
        exec: created.id,
        mark,
    };
    if let Some(size) = request.size.filter(|_| request.tty) {
        // A command that has ended already has no terminal any more.
        let resized = control.resize(size).await;
        drop(resized);
    }
    Ok(ExecSession {
        input: request.interactive.then_some(input),
        output: output
            .map(|piece| {
                piece
                    .map(split)
                    .map_err(|error| dialect::classify("read a command's output", error))
            })
            .boxed(),
        control: Box::new(control),
    })
}

/// Runs a service's hook in a container; gives its exit code and what it printed.
pub(super) async fn hook(
    docker: &Docker,
    container: &str,
    hook: &Hook,
) -> Result<(i64, Vec<String>), RuntimeError> {
    let failed = |error| dialect::classify("run a hook", error);
    let options = CreateExecOptions {
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        cmd: hook.command.clone(),
        user: Some(hook.user.clone()).filter(|user| !user.is_empty()),
        privileged: hook.privileged.then_some(true),
        working_dir: Some(hook.working_dir.clone()).filter(|folder| !folder.is_empty()),
        env: Some(
            hook.environment
                .iter()
                .map(|(key, value)| match value {
                    Some(value) => format!("{key}={value}"),
                    None => key.clone(),
                })
                .collect(),
        ),
        ..CreateExecOptions::default()
    };
    let created = docker.api.create_exec(container, options).await.map_err(failed)?;
    let started = docker
        .api
        .start_exec(&created.id, None::<StartExecOptions>)
        .await
        .map_err(failed)?;
    let mut text = String::new();
    if let StartExecResults::Attached { mut output, .. } = started {
        while let Some(piece) = output.next().await {
            text.push_str(&String::from_utf8_lossy(&piece.map_err(failed)?.into_bytes()));
        }
    }
    let exit_code = ended(docker, &created.id).await?;
    Ok((exit_code, text.lines().map(str::to_owned).collect()))
}

struct Control {
    docker: Docker,
    container: String,
    exec: String,
    mark: String,
}

#[async_trait]
impl ExecControl for Control {
    async fn resize(&self, size: Size) -> Result<(), RuntimeError> {
        let options = ResizeExecOptionsBuilder::default()
            .w(i32::from(size.width))
            .h(i32::from(size.height))
            .build();
        let done = self.docker.api.resize_exec(&self.exec, options).await;
        done.map_err(|error| dialect::classify("resize a terminal", error))
    }

    async fn signal(&self, signal: i32) -> Result<(), RuntimeError> {
        let hook = Hook {
            command: Some(
                ["sh", "-c", SIGNAL, "sh", &signal.to_string(), &self.mark]
                    .map(str::to_owned)
                    .to_vec(),
            ),
            user: "0".to_owned(),
            ..Hook::default()
        };
        self::hook(&self.docker, &self.container, &hook).await.map(drop)
    }

    async fn wait(&self) -> Result<i64, RuntimeError> {
        ended(&self.docker, &self.exec).await
    }
}

/// The exit code, when there is one.
async fn ended(docker: &Docker, exec: &str) -> Result<i64, RuntimeError> {
    loop {
        let now: ExecInspectResponse = docker
            .api
            .inspect_exec(exec)
            .await
            .map_err(|error| dialect::classify("ask for a command's exit code", error))?;
        if now.running != Some(true)
            && let Some(code) = now.exit_code
        {
            return Ok(code);
        }
        tokio::time::sleep(MOMENT).await;
    }
}

fn pick(containers: Vec<Seen>, request: &ExecRequest) -> Option<Seen> {
    containers
        .into_iter()
        .filter(|container| {
            status::is_replica(container)
                && container.state == ReplicaState::Running
                && container.replica.service == request.service
                && (request.replica == 0 || container.replica.number == request.replica)
        })
        .min_by_key(|container| container.replica.number)
}

fn split(piece: LogOutput) -> (Stream, bytes::Bytes) {
    match piece {
        LogOutput::StdErr { message } => (Stream::Stderr, message),
        LogOutput::StdOut { message } | LogOutput::StdIn { message } | LogOutput::Console { message } => {
            (Stream::Stdout, message)
        }
    }
}

/// Unique among the commands that run in one container.
fn next_mark() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let now = std::time::SystemTime::now()
        .duration_since(std::time::SystemTime::UNIX_EPOCH)
        .map(|since| since.as_nanos())
        .unwrap_or_default();
    format!(
        "{}-{now}-{}",
        std::process::id(),
        COUNT.fetch_add(1, Ordering::Relaxed)
    )
}

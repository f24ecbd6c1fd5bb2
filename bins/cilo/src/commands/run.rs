// SPDX-License-Identifier: MIT
//! `cilo run`.

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use cilo_engine::{RunRequest, UpRequest};
use cilo_spec::EnvName;

use crate::context::Context;
use crate::failure::{Failure, NOT_EXECUTABLE, NOT_FOUND};
use crate::progress::Progress;

/// Run a command in an environment's workspace, with the environment's addresses in its variables
///
/// The environment is created and started when it is missing. The second word is the environment, and is taken out:
/// `cilo run claude agent-1 "fix the login"` runs `claude "fix the login"` in `agent-1`. With a `--` on the line the
/// environment is the last word before the first `--`. Options of `cilo run` come before the command.
///
/// The command gets CILO_ENV, CILO_PROJECT, CILO_WORKSPACE, CILO_BASE_URL, CILO_DNS_SUFFIX and, for each service,
/// `CILO_<SERVICE>_HOST`, `CILO_<SERVICE>_PORT` and `CILO_<SERVICE>_URL`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cilo run claude agent-1 \"fix the login\"
  cilo run npm test feature-a -- --suite=e2e      runs `npm test -- --suite=e2e` in feature-a
  cilo run --env agent-1 make test                nothing is taken out
  cilo run --no-up env agent-1                    see the variables without starting anything")]
pub(crate) struct Args {
    /// The environment, named explicitly: the command is then taken as it is
    #[arg(long, value_name = "NAME")]
    env: Option<EnvName>,
    /// The project's folder [default: the current folder's project]
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,
    /// Take the environment as it is, do not start it
    #[arg(long)]
    no_up: bool,
    /// Fail when the environment does not exist
    #[arg(long)]
    no_create: bool,
    /// Build images again
    #[arg(long)]
    build: bool,
    /// Do not wait until the services are ready
    #[arg(long)]
    no_wait: bool,
    /// How long to wait for readiness, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    timeout: u64,
    /// The command, the environment, and the command's arguments
    #[arg(
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "COMMAND ENV [ARGS]"
    )]
    words: Vec<String>,
}

pub(crate) async fn run(context: &Context, args: Args) -> Result<ExitCode, Failure> {
    let (env, argv) = match args.env {
        Some(env) => (env, args.words),
        None => split(args.words)?,
    };
    let request = RunRequest {
        env: env.clone(),
        project: context.project.clone(),
        up: (!args.no_up).then(|| {
            let mut up = UpRequest {
                from: args.from,
                project: context.project.clone(),
                wait: !args.no_wait,
                timeout: Duration::from_secs(args.timeout),
                create: !args.no_create,
                ..UpRequest::new(env)
            };
            up.options.build = args.build;
            up.options.dependency_timeout = Some(up.timeout);
            up.options.cancel = context.cancel_on_signal();
            up
        }),
    };
    let progress = Progress::new(context.ui);
    let child = context
        .engine
        .prepare(&request, &|event| progress.show(event))
        .await;
    progress.finish();
    let child = child?;
    if !child.names_resolve {
        context
            .ui
            .status("this machine does not resolve the environment's names yet: CILO_*_HOST hold addresses");
    }
    // Replaced by the command: the terminal, signals and the exit code are its own.
    #[expect(
        clippy::disallowed_methods,
        reason = "the typed wrapper that starts the user's command"
    )]
    let mut command = std::process::Command::new(&argv[0]);
    let error = command
        .args(&argv[1..])
        .current_dir(&child.folder)
        .envs(&child.variables)
        .exec();
    let code = if error.kind() == std::io::ErrorKind::NotFound {
        NOT_FOUND
    } else {
        NOT_EXECUTABLE
    };
    Err(Failure::failed(format!("cannot run `{}`: {error}", argv[0])).with_code(code))
}

/// Takes the environment's word out of the command line.
fn split(mut words: Vec<String>) -> Result<(EnvName, Vec<String>), Failure> {
    let example = "for example `cilo run claude agent-1 \"fix the login\"`";
    let place = match words.iter().position(|word| word == "--") {
        Some(dashes) => dashes.checked_sub(1).filter(|place| *place > 0),
        None => Some(1).filter(|place| *place < words.len()),
    };
    let Some(place) = place else {
        return Err(Failure::usage_error(format!(
            "which environment? Name it after the command, {example}"
        )));
    };
    let word = words.remove(place);
    let env = word.parse().map_err(|error| {
        Failure::usage_error(format!("{error}")).hint(format!(
            "`{word}` stands where the environment's name does, {example}"
        ))
    })?;
    Ok((env, words))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split_line(line: &str) -> String {
        match split(line.split(' ').map(ToOwned::to_owned).collect()) {
            Ok((env, argv)) => format!("{env}: {}", argv.join(" ")),
            Err(failure) => format!("{failure:?}"),
        }
    }

    #[test]
    fn the_environment_is_taken_out_of_the_line() {
        assert_eq!(
            split_line("claude agent-1 fix --now"),
            "agent-1: claude fix --now"
        );
        assert_eq!(split_line("env agent-1"), "agent-1: env");
        assert_eq!(
            split_line("npm test feature-a -- --suite=e2e"),
            "feature-a: npm test -- --suite=e2e"
        );
        assert_eq!(split_line("npm feature-a -- a -- b"), "feature-a: npm -- a -- b");
    }

    #[test]
    fn a_line_without_an_environment_is_wrong_usage() {
        for line in ["env", "npm -- test", "claude Agent_1 x"] {
            assert!(
                split_line(line).contains("code: 2"),
                "{line}: {}",
                split_line(line)
            );
        }
    }
}

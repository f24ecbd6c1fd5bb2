// SPDX-License-Identifier: MIT
//! How a failure ends the program: what is said, the hints, and the exit code.

use std::process::ExitCode;

use cilo_engine::runtimes::{ConnectError, RuntimeError, UpError};
use cilo_engine::{Error, Kind, ProjectError};
use clap::error::ErrorKind;

use crate::ui::Ui;

/// It did not work.
const FAILED: u8 = 1;
/// It was asked for in the wrong way.
const USAGE: u8 = 2;
/// It runs and is not ready.
const NOT_READY: u8 = 3;
/// It took too long.
const TIMED_OUT: u8 = 4;
/// It is in conflict with something, or work would be lost.
const CONFLICT: u8 = 5;
/// A command that is not there, and one that cannot be run, as shells say it.
pub(crate) const NOT_FOUND: u8 = 127;
pub(crate) const NOT_EXECUTABLE: u8 = 126;

/// Why a command failed.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    message: String,
    hints: Vec<String>,
}

impl Failure {
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self {
            code: FAILED,
            message: message.into(),
            hints: Vec::new(),
        }
    }

    pub(crate) fn usage_error(message: impl Into<String>) -> Self {
        Self {
            code: USAGE,
            message: message.into(),
            hints: Vec::new(),
        }
    }

    pub(crate) fn with_code(mut self, code: u8) -> Self {
        self.code = code;
        self
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Says it and gives the exit code.
    pub(crate) fn report(self, ui: Ui) -> ExitCode {
        ui.error(&self.message);
        for hint in &self.hints {
            ui.hint(hint);
        }
        ExitCode::from(self.code)
    }
}

/// clap's own words; asking for help is no failure.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    drop(error.print());
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::SUCCESS,
        _ => ExitCode::from(USAGE),
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let code = match error.kind() {
            Kind::Failed => FAILED,
            Kind::Usage => USAGE,
            Kind::NotReady => NOT_READY,
            Kind::TimedOut => TIMED_OUT,
            Kind::Conflict => CONFLICT,
        };
        let mut message = chain(&error);
        for further in further(&error) {
            message.push_str("\n  ");
            message.push_str(&chain(further));
        }
        Self {
            code,
            message,
            hints: hints(&error),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::failed(chain(&error))
    }
}

/// The error and its causes, each said once.
fn chain(error: &dyn std::error::Error) -> String {
    let mut message = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        // fs_err's wrapping of its own cause names a path, which our messages do themselves.
        let wraps = error.is::<std::io::Error>()
            && error
                .source()
                .is_some_and(|inner| text.ends_with(&inner.to_string()));
        if !wraps && !message.contains(&text) {
            message.push_str(": ");
            message.push_str(&text);
        }
        cause = error.source();
    }
    message
}

/// Failures beside the first one: each is worth a line.
fn further(error: &Error) -> impl Iterator<Item = &RuntimeError> {
    let all: [&[RuntimeError]; 2] = match error {
        Error::Teardown(error) => [&error.errors, &[]],
        Error::Up(UpError::Failed {
            others, leftovers, ..
        }) => [others, leftovers],
        Error::Up(UpError::Cancelled { leftovers }) => [leftovers, &[]],
        _ => [&[], &[]],
    };
    all.into_iter().flatten()
}

/// What to do about it, where the message itself does not say.
fn hints(error: &Error) -> Vec<String> {
    let hint = match error {
        Error::Project(ProjectError::NotFound { .. }) => {
            "go to the project's folder, or name it with `--from DIR`".to_owned()
        }
        Error::NameClash { env, .. } => format!(
            "use another name for `{}`, or give this project names of its own: `dns_suffix: myproject.test` in {}",
            env.env,
            cilo_engine::CONFIG
        ),
        Error::OtherSource { env, .. } => format!(
            "use another name for `{}`, or set `project:` in one project's {}",
            env.env,
            cilo_engine::CONFIG
        ),
        Error::UnsavedWork { env, .. } => {
            let path = format!("see it in `cilo path {}`", env.env);
            format!("{path}; `--force` keeps a patch of it under ~/.cilo/salvage and destroys")
        }
        Error::Exists { env, .. } => format!("`cilo up {}` starts it", env.env),
        Error::Occupied { env, workspace } => {
            let path = workspace.display();
            format!(
                "look at {path} and move it away, or use another name for `{}`",
                env.env
            )
        }
        Error::WorkspaceGone { env, .. } => {
            format!("`cilo destroy {} --force` removes what is left", env.env)
        }
        Error::NotReady { env, .. } | Error::TimedOut { env, .. } => {
            format!(
                "it keeps running; `cilo logs {}` shows more, `cilo up {0}` waits again",
                env.env
            )
        }
        Error::Claim(_) => {
            "destroy environments you do not need, or choose other addresses with CILO_BASE_SUBNET".to_owned()
        }
        Error::Connect(ConnectError::NoSocket { .. }) | Error::Connect(ConnectError::NoneFound { .. }) => {
            "is Docker running? `docker info` should answer".to_owned()
        }
        Error::Up(UpError::Refused(_)) => "`cilo explain` lists what the project asks for".to_owned(),
        _ => return Vec::new(),
    };
    vec![hint]
}

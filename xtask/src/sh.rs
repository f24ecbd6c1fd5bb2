// SPDX-License-Identifier: MIT
//! The only way a chore starts a program: an argv vector with its folder and variables, and errors that name the command.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};

/// Why a program did not do its work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The program could not be started at all.
    #[error("cannot start `{command}`: is it installed and on PATH?")]
    Start {
        command: String,
        #[source]
        source: io::Error,
    },
    /// The program ended with something other than 0.
    #[error("`{command}` failed ({status}){}", indented(.stderr))]
    Failed {
        command: String,
        status: ExitStatus,
        stderr: String,
    },
    /// Neither root nor a `sudo` to become it.
    #[error(
        "`{command}` needs root, and there is no `sudo` on PATH: run this again as root, or run that command yourself first"
    )]
    NoRoot { command: String },
}

/// One program with its arguments, ready to run.
#[derive(Debug, Clone)]
pub(crate) struct Sh {
    argv: Vec<OsString>,
    dir: Option<PathBuf>,
    variables: Vec<(OsString, OsString)>,
}

impl Sh {
    /// `program` as found on `PATH`, or by its path.
    pub(crate) fn new(program: impl AsRef<OsStr>) -> Self {
        Self {
            argv: vec![program.as_ref().into()],
            dir: None,
            variables: Vec::new(),
        }
    }

    /// Adds one argument.
    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.argv.push(arg.as_ref().into());
        self
    }

    /// Adds several arguments.
    pub(crate) fn args<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(mut self, args: I) -> Self {
        self.argv.extend(args.into_iter().map(|a| a.as_ref().into()));
        self
    }

    /// Runs in `dir` instead of the current folder.
    pub(crate) fn dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.dir = Some(dir.into());
        self
    }

    /// Sets one variable for the program.
    pub(crate) fn variable(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.variables.push((name.as_ref().into(), value.as_ref().into()));
        self
    }

    /// The same command as root: unchanged when we are root, through `sudo` otherwise.
    pub(crate) fn privileged(mut self) -> Result<Self, Error> {
        if is_root() {
            return Ok(self);
        }
        if !on_path("sudo") {
            return Err(Error::NoRoot {
                command: self.shown(),
            });
        }
        // sudo drops variables, so those of ours travel on the command line.
        let mut argv: Vec<OsString> = vec!["sudo".into()];
        if !self.variables.is_empty() {
            argv.push("env".into());
            for (name, value) in self.variables.drain(..) {
                let mut pair = name;
                pair.push("=");
                pair.push(value);
                argv.push(pair);
            }
        }
        argv.append(&mut self.argv);
        self.argv = argv;
        Ok(self)
    }

    /// Runs with our own terminal and fails unless it ends with 0.
    pub(crate) fn run(&self) -> Result<(), Error> {
        let status = self.command().status().map_err(|source| self.start(source))?;
        self.checked(status, String::new())
    }

    /// Runs quietly; what it said on stderr is part of the error.
    pub(crate) fn quiet(&self) -> Result<(), Error> {
        self.output().map(|_| ())
    }

    /// Runs quietly and returns what it printed.
    pub(crate) fn output(&self) -> Result<String, Error> {
        let out = self
            .command()
            .stdin(Stdio::null())
            .output()
            .map_err(|source| self.start(source))?;
        self.checked(out.status, String::from_utf8_lossy(&out.stderr).into_owned())?;
        Ok(String::from_utf8_lossy(&out.stdout).into_owned())
    }

    /// Starts it with the given output streams, without waiting for it.
    pub(crate) fn spawn(&self, stdout: Stdio, stderr: Stdio) -> Result<Child, Error> {
        let mut command = self.command();
        command.stdin(Stdio::null()).stdout(stdout).stderr(stderr);
        command.spawn().map_err(|source| self.start(source))
    }

    /// Fails with this command's name unless `status` is 0.
    pub(crate) fn checked(&self, status: ExitStatus, stderr: String) -> Result<(), Error> {
        if status.success() {
            Ok(())
        } else {
            Err(Error::Failed {
                command: self.shown(),
                status,
                stderr,
            })
        }
    }

    /// The command as one line, for messages only.
    pub(crate) fn shown(&self) -> String {
        self.argv
            .iter()
            .map(|a| a.to_string_lossy())
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[expect(clippy::disallowed_methods, reason = "the typed wrapper of the chores")]
    fn command(&self) -> Command {
        let mut command = Command::new(&self.argv[0]);
        command
            .args(&self.argv[1..])
            .envs(self.variables.iter().map(|(k, v)| (k, v)));
        if let Some(dir) = &self.dir {
            command.current_dir(dir);
        }
        command
    }

    fn start(&self, source: io::Error) -> Error {
        Error::Start {
            command: self.shown(),
            source,
        }
    }
}

/// Whether we run as root.
pub(crate) fn is_root() -> bool {
    fs_err::metadata("/proc/self").is_ok_and(|m| m.uid() == 0)
}

/// Whether `program` can be found on `PATH` or in the folders where administration tools live.
pub(crate) fn on_path(program: &str) -> bool {
    let path = crate::settings::variable("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin", "/usr/local/sbin"].map(PathBuf::from))
        .any(|folder| folder.join(program).is_file())
}

fn indented(stderr: &str) -> String {
    if stderr.trim().is_empty() {
        return String::new();
    }
    let lines: Vec<&str> = stderr.trim_end().lines().collect();
    let from = lines.len().saturating_sub(12);
    lines[from..]
        .iter()
        .fold(":".to_owned(), |all, line| all + "\n    " + line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_does_not_exist_is_named() {
        let error = Sh::new("no-such-program-here").arg("--now").run().unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot start `no-such-program-here --now`: is it installed and on PATH?"
        );
    }

    #[test]
    fn a_failure_shows_what_the_program_said() {
        let error = Sh::new("ls")
            .arg("/no/such/folder")
            .quiet()
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("`ls /no/such/folder` failed"), "{error}");
        assert!(error.contains("/no/such/folder"), "{error}");
    }

    #[test]
    fn output_variables_and_folder_reach_the_program() {
        let here = tempfile::tempdir().unwrap();
        let folder = here.path().canonicalize().unwrap();
        assert_eq!(
            Sh::new("pwd").dir(&folder).output().unwrap(),
            format!("{}\n", folder.display())
        );
        let printed = Sh::new("printenv")
            .variable("CHORE", "tidy")
            .arg("CHORE")
            .output();
        assert_eq!(printed.unwrap(), "tidy\n");
    }
}

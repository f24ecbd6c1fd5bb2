// SPDX-License-Identifier: MIT
//! The program under test: started with arguments, ended with a code and what it wrote.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use rustix::process::{Pid, Signal, kill_process};

use super::wait::eventually;

/// A command line of `cilo`, or of another program, not started yet.
#[must_use = "nothing runs before `run` or `start`"]
pub(crate) struct Cilo {
    command: Command,
    input: Option<Vec<u8>>,
    replacements: Vec<(String, String)>,
}

/// A program that runs. It is killed when this is dropped.
pub(crate) struct Running {
    child: Child,
    out: Arc<Mutex<Vec<u8>>>,
    err: Arc<Mutex<Vec<u8>>>,
    readers: Vec<JoinHandle<()>>,
    replacements: Vec<(String, String)>,
    line: String,
}

/// A program that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    replacements: Vec<(String, String)>,
    line: String,
}

impl Cilo {
    /// `program`, with the environment of the tests and none of their settings for Cilo.
    pub(crate) fn new(program: impl AsRef<OsStr>) -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is the tests' typed wrapper")]
        let mut command = Command::new(program);
        for name in [
            "NO_COLOR",
            "COMPOSE_FILE",
            "COMPOSE_PROJECT_NAME",
            "COMPOSE_PROFILES",
            "CILO_TEST_ENGINE",
        ] {
            command.env_remove(name);
        }
        for (name, value) in [
            ("LC_ALL", "C"),
            ("GIT_CONFIG_GLOBAL", "/dev/null"),
            ("GIT_CONFIG_NOSYSTEM", "1"),
        ] {
            command.env(name, value);
        }
        Self {
            command,
            input: None,
            replacements: Vec::new(),
        }
    }

    pub(crate) fn args(mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.command.args(args);
        self
    }

    pub(crate) fn dir(mut self, dir: impl AsRef<Path>) -> Self {
        self.command.current_dir(dir);
        self
    }

    pub(crate) fn var(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn input(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = Some(input.into());
        self
    }

    /// As user and group `id`; who may not become somebody else stays who they are.
    pub(crate) fn user(self, id: u32) -> Self {
        self.user_and_group(id, id)
    }

    pub(crate) fn user_and_group(mut self, user: u32, group: u32) -> Self {
        if rustix::process::geteuid().is_root() {
            self.command.uid(user).gid(group);
        }
        self
    }

    /// In [`Ended::told`], `from` reads `to`.
    pub(crate) fn replace(mut self, from: impl ToString, to: &str) -> Self {
        self.replacements.push((from.to_string(), to.to_owned()));
        self
    }

    /// Runs it to its end.
    pub(crate) fn run(self) -> Ended {
        self.start().wait()
    }

    /// Starts it.
    pub(crate) fn start(mut self) -> Running {
        let line = format!("{:?}", self.command);
        self.command.stdin(if self.input.is_some() {
            Stdio::piped()
        } else {
            Stdio::null()
        });
        let mut child = self
            .command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a program");
        let (out, err) = (Arc::default(), Arc::default());
        let mut readers = vec![
            read(child.stdout.take().unwrap(), Arc::clone(&out)),
            read(child.stderr.take().unwrap(), Arc::clone(&err)),
        ];
        if let (Some(mut stdin), Some(input)) = (child.stdin.take(), self.input) {
            // Who does not read to the end is no failure of the writer.
            readers.push(std::thread::spawn(move || drop(stdin.write_all(&input))));
        }
        Running {
            child,
            out,
            err,
            readers,
            replacements: self.replacements,
            line,
        }
    }
}

impl Running {
    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).expect("a process to signal");
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        self.child.wait().unwrap();
    }

    /// Returns as soon as it has written `text` to standard output or error.
    pub(crate) fn wait_for(&mut self, text: &str) {
        eventually(&format!("`{text}` from {}", self.line), || {
            let wrote =
                |stream: &Mutex<Vec<u8>>| String::from_utf8_lossy(&stream.lock().unwrap()).contains(text);
            (wrote(&self.out) || wrote(&self.err)).then_some(())
        });
    }

    pub(crate) fn wait(mut self) -> Ended {
        let line = self.line.clone();
        let status = eventually(&format!("the end of {line}"), || self.child.try_wait().unwrap());
        for reader in self.readers.drain(..) {
            reader.join().unwrap();
        }
        let text = |stream: &Mutex<Vec<u8>>| String::from_utf8_lossy(&stream.lock().unwrap()).into_owned();
        Ended {
            status,
            stdout: text(&self.out),
            stderr: text(&self.err),
            replacements: std::mem::take(&mut self.replacements),
            line,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Ended {
    /// The exit code, as a shell has it.
    pub(crate) fn code(&self) -> i32 {
        self.status
            .code()
            .unwrap_or_else(|| 128 + self.status.signal().unwrap_or_default())
    }

    /// It ended with 0.
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        self.ends_with(0)
    }

    /// It ended with `code`.
    #[track_caller]
    pub(crate) fn ends_with(self, code: i32) -> Self {
        assert_eq!(
            self.code(),
            code,
            "{}\n--- stdout\n{}--- stderr\n{}",
            self.line,
            self.stdout,
            self.stderr
        );
        self
    }

    /// The exit code and what it told the user, without what differs from run to run.
    pub(crate) fn told(&self) -> String {
        let mut text = format!("exit {}\n{}", self.code(), self.stderr);
        for (from, to) in &self.replacements {
            text = text.replace(from, to);
        }
        text
    }

    /// Standard output without what differs from run to run.
    pub(crate) fn data(&self) -> String {
        let mut text = self.stdout.clone();
        for (from, to) in &self.replacements {
            text = text.replace(from, to);
        }
        text
    }

    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        let parsed = serde_json::from_str(&self.stdout);
        parsed.unwrap_or_else(|error| panic!("{}: {error}\n{}{}", self.line, self.stdout, self.stderr))
    }

    pub(crate) fn lines(&self) -> Vec<&str> {
        self.stdout.lines().collect()
    }
}

fn read(from: impl Read + Send + 'static, to: Arc<Mutex<Vec<u8>>>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut from = BufReader::new(from);
        while let Ok(bytes) = from.fill_buf() {
            if bytes.is_empty() {
                break;
            }
            to.lock().unwrap().extend(bytes);
            let length = bytes.len();
            from.consume(length);
        }
    })
}

// SPDX-License-Identifier: MIT
//! The `git` program, and the only place that starts it.
//!
//! The repository is named, never searched for: a workspace can neither lead git to a repository above it nor be
//! refused for its owner. Hooks, monitors and prompts are off, git's variables do not reach it, and filters run only as
//! the user's own settings define them: what a repository says of itself starts no program.

use std::ffi::{OsStr, OsString};
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::OnceLock;

/// Variables that would lead git elsewhere or change what it prints (`git rev-parse --local-env-vars`, git(1)).
const VARIABLES: [&str; 33] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_ASKPASS",
    "GIT_ATTR_SOURCE",
    "GIT_CEILING_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_CONFIG",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_PARAMETERS",
    "GIT_DEFAULT_HASH",
    "GIT_DEFAULT_REF_FORMAT",
    "GIT_DIFF_OPTS",
    "GIT_DIR",
    "GIT_EXTERNAL_DIFF",
    "GIT_GLOB_PATHSPECS",
    "GIT_GRAFT_FILE",
    "GIT_ICASE_PATHSPECS",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_INDEX_VERSION",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_LITERAL_PATHSPECS",
    "GIT_NAMESPACE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_QUARANTINE_PATH",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_TRACE",
    "GIT_TRACE2",
    "GIT_TRACE_SETUP",
    "GIT_WORK_TREE",
];

/// Settings that outrank those of the repository. The last keeps a partial clone from fetching.
const SETTINGS: [&str; 11] = [
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.quotePath=false",
    "color.ui=false",
    "core.splitIndex=false",
    "core.safecrlf=false",
    "safe.directory=*",
    "gc.auto=0",
    "maintenance.auto=false",
    "log.showSignature=false",
    "protocol.allow=never",
];

/// One repository and how git is run in it.
#[derive(Clone, Debug)]
pub(crate) struct Git {
    work_tree: PathBuf,
    git_dir: PathBuf,
    variables: Vec<(&'static str, OsString)>,
    /// Settings that outrank the repository's own filters.
    filters: OnceLock<Vec<String>>,
}

/// Where `HEAD` is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Head {
    /// On a branch, by its full name; the branch may have no commit yet.
    Branch(String),
    /// On a commit.
    Commit(String),
}

/// Why git did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// There is no git.
    #[error("git is not installed, or not on the PATH")]
    Missing,
    /// It could not be started, or its output not be kept.
    #[error("cannot run git in `{}`", path.display())]
    Run {
        /// The work tree.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It ran and failed.
    #[error("`git {command}` failed in `{}` ({status}): {message}", path.display())]
    Failed {
        /// Its first argument.
        command: String,
        /// The work tree.
        path: PathBuf,
        /// How it ended.
        status: ExitStatus,
        /// What it printed on its error output.
        message: String,
    },
}

impl Git {
    /// The repository in the folder `work_tree`, whose git folder is `git_dir` (a `.git` file will do).
    pub(crate) fn at(work_tree: &Path, git_dir: &Path) -> Self {
        Self {
            work_tree: work_tree.to_owned(),
            git_dir: git_dir.to_owned(),
            variables: Vec::new(),
            filters: OnceLock::new(),
        }
    }

    /// The repository whose `.git` is in the folder `work_tree`.
    pub(crate) fn of(work_tree: &Path) -> Self {
        Self::at(work_tree, &work_tree.join(".git"))
    }

    /// The same, without refreshing the index on the way: nothing is written.
    pub(crate) fn reading_only(self) -> Self {
        self.with("GIT_OPTIONAL_LOCKS", OsString::from("0"))
    }

    /// The same, with a variable of git's set.
    pub(crate) fn with(mut self, name: &'static str, value: OsString) -> Self {
        self.variables.push((name, value));
        self
    }

    /// The work tree.
    pub(crate) fn work_tree(&self) -> &Path {
        &self.work_tree
    }

    /// What git prints.
    pub(crate) fn run(&self, args: &[&str]) -> Result<Vec<u8>, GitError> {
        self.run_with_input(args, b"")
    }

    /// What git prints, given `input`.
    pub(crate) fn run_with_input(&self, args: &[&str], input: &[u8]) -> Result<Vec<u8>, GitError> {
        let output = self.command(args, input, Stdio::piped())?;
        Ok(output.stdout)
    }

    /// The first line git prints.
    pub(crate) fn line(&self, args: &[&str]) -> Result<String, GitError> {
        let output = self.run(args)?;
        Ok(String::from_utf8_lossy(&output)
            .lines()
            .next()
            .unwrap_or_default()
            .to_owned())
    }

    /// Lets git print into a file.
    pub(crate) fn run_into(&self, args: &[&str], file: &fs_err::File) -> Result<(), GitError> {
        let file = file.file().try_clone().map_err(|source| self.run_error(source))?;
        self.command(args, b"", Stdio::from(file)).map(drop)
    }

    /// Where `HEAD` is.
    pub(crate) fn head(&self) -> Result<Head, GitError> {
        match self.line(&["symbolic-ref", "--quiet", "HEAD"]) {
            Ok(branch) => Ok(Head::Branch(branch)),
            Err(GitError::Failed { status, .. }) if status.code() == Some(1) => {
                self.line(&["rev-parse", "--verify", "HEAD"]).map(Head::Commit)
            }
            Err(error) => Err(error),
        }
    }

    /// Moves `HEAD`, and nothing else.
    pub(crate) fn set_head(&self, head: &Head) -> Result<(), GitError> {
        match head {
            Head::Branch(branch) => self.run(&["symbolic-ref", "HEAD", branch]),
            Head::Commit(commit) => self.run(&["update-ref", "--no-deref", "HEAD", commit]),
        }
        .map(drop)
    }

    fn command(&self, args: &[&str], input: &[u8], output: Stdio) -> Result<std::process::Output, GitError> {
        let filters = match self.filters.get() {
            Some(filters) => filters,
            None => {
                let found = self.own_filters()?;
                self.filters.get_or_init(|| found)
            }
        };
        let output = self.start(filters, args, input, output)?;
        if output.status.success() {
            return Ok(output);
        }
        Err(self.failure(args, &output))
    }

    /// The filters that the repository's own settings define (`gitattributes(5)`, "filter"), each as the user's
    /// settings have it, or switched off. Reading settings starts no program.
    fn own_filters(&self) -> Result<Vec<String>, GitError> {
        let ask = |args: &[&str]| self.start(&[], args, b"", Stdio::piped());
        let names = [
            "config",
            "--show-scope",
            "--name-only",
            "--null",
            "--get-regexp",
            "^filter[.]",
        ];
        let found = ask(&names)?;
        // Exit code 1: there are none.
        if !matches!(found.status.code(), Some(0 | 1)) {
            return Err(self.failure(&names, &found));
        }
        let text = String::from_utf8_lossy(&found.stdout);
        let mut fields = text.split_terminator('\0');
        let mut settings = Vec::new();
        while let (Some(scope), Some(name)) = (fields.next(), fields.next()) {
            if !matches!(scope, "local" | "worktree") {
                continue;
            }
            let off = if name.ends_with(".required") { "false" } else { "" };
            let mut value = off.to_owned();
            for users in ["--global", "--system"] {
                let answer = ask(&["config", users, "--get", name])?;
                if answer.status.success() {
                    value = String::from_utf8_lossy(&answer.stdout).trim_end().to_owned();
                    break;
                }
            }
            settings.push(format!("{name}={value}"));
        }
        Ok(settings)
    }

    fn failure(&self, args: &[&str], output: &std::process::Output) -> GitError {
        GitError::Failed {
            command: args.first().copied().unwrap_or_default().to_owned(),
            path: self.work_tree.clone(),
            status: output.status,
            message: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        }
    }

    fn start(
        &self,
        filters: &[String],
        args: &[&str],
        input: &[u8],
        output: Stdio,
    ) -> Result<std::process::Output, GitError> {
        #[expect(clippy::disallowed_methods, reason = "this is git's typed wrapper")]
        let mut command = Command::new("git");
        for variable in VARIABLES {
            command.env_remove(variable);
        }
        command
            .env("LC_ALL", "C")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("GIT_PAGER", "cat")
            .env("GIT_EDITOR", "false")
            .envs(self.variables.iter().map(|(name, value)| (*name, value)));
        for setting in SETTINGS.into_iter().chain(filters.iter().map(String::as_str)) {
            command.args(["-c", setting]);
        }
        command
            .arg(option("--git-dir=", &self.git_dir))
            .arg(option("--work-tree=", &self.work_tree))
            .args(args)
            .current_dir(&self.work_tree)
            .stdin(self.input(input)?)
            .stdout(output)
            .stderr(Stdio::piped());
        command.output().map_err(|source| match source.kind() {
            io::ErrorKind::NotFound if self.work_tree.is_dir() => GitError::Missing,
            _ => self.run_error(source),
        })
    }

    /// Input as a file without a name: git may print before it has read everything.
    fn input(&self, input: &[u8]) -> Result<Stdio, GitError> {
        if input.is_empty() {
            return Ok(Stdio::null());
        }
        let file = tempfile::tempfile().and_then(|mut file| {
            file.write_all(input)?;
            file.rewind()?;
            Ok(file)
        });
        file.map(Stdio::from).map_err(|source| self.run_error(source))
    }

    fn run_error(&self, source: io::Error) -> GitError {
        GitError::Run {
            path: self.work_tree.clone(),
            source,
        }
    }
}

fn option(name: &str, value: &Path) -> OsString {
    let mut option = OsString::from(name);
    option.push(OsStr::new(value));
    option
}

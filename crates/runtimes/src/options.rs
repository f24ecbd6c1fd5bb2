// SPDX-License-Identifier: MIT
//! What can be asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use cilo_spec::{EnvId, ProjectName};
use tokio_util::sync::CancellationToken;

/// How [`up`](crate::Runtime::up) goes about it. The default makes and starts everything, once.
#[derive(Clone, Debug, Default)]
pub struct UpOptions {
    /// Only these services; empty means all.
    pub services: BTreeSet<String>,
    /// Leave out the dependencies of [`UpOptions::services`].
    pub no_dependencies: bool,
    /// Replace containers that would be left alone.
    pub recreate: bool,
    /// Build images that are there already, too.
    pub build: bool,
    /// Which images are pulled, over each service's `pull_policy`.
    pub pull: Option<Pull>,
    /// Logins by registry host, `ghcr.io`; Docker Hub is `docker.io`.
    pub credentials: BTreeMap<String, Credentials>,
    /// Make everything and start nothing.
    pub no_start: bool,
    /// How long one dependency may take to become healthy or to complete; `None` waits for ever.
    pub dependency_timeout: Option<Duration>,
    /// Fires when the user wants out: what this run made is undone.
    pub cancel: CancellationToken,
}

/// A login to a registry. Not printed by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// With a name and a password.
    Password {
        /// The name.
        user: String,
        /// The password or access token.
        password: String,
    },
    /// With a token that the registry gave out for a login before.
    IdentityToken(String),
}

/// When an image is pulled (Compose specification, `pull_policy`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pull {
    /// Even when it is there.
    Always,
    /// When it is not there. The default.
    Missing,
    /// Not at all: it has to be there.
    Never,
    /// When it was last pulled longer ago than this.
    Every(Duration),
}

/// How [`down`](crate::Runtime::down) goes about it.
#[derive(Clone, Debug, Default)]
pub struct DownOptions {
    /// Only these services, and no networks; empty means all.
    pub services: BTreeSet<String>,
    /// How long each container may take to stop; `None` is its own `stop_grace_period`, else 10 s.
    pub grace: Option<Duration>,
}

/// Which environments are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    /// Every one in the engine.
    All,
    /// Those of a project.
    Project(ProjectName),
    /// One.
    Env(EnvId),
}

/// Which output [`logs`](crate::Runtime::logs) gives. The default is all of it up to now.
#[derive(Clone, Debug, Default)]
pub struct LogOptions {
    /// Only these services; empty means all.
    pub services: BTreeSet<String>,
    /// Go on with what is written from now on.
    pub follow: bool,
    /// Only the last lines of each container.
    pub tail: Option<u32>,
    /// Only what was written since then, in seconds since 1970.
    pub since: Option<i64>,
    /// Ask for the time of each line.
    pub timestamps: bool,
}

/// One piece of a container's output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// Whose.
    pub service: String,
    /// Its number, from 1.
    pub replica: u32,
    /// Standard output or error; a terminal has only the first.
    pub stream: Stream,
    /// When, as RFC 3339 text with nanoseconds, if it was asked for.
    pub timestamp: Option<String>,
    /// The line without its end. Whatever the program wrote: not always UTF-8.
    pub bytes: Bytes,
}

/// Where a program wrote to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(..)")
    }
}

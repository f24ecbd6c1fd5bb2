// SPDX-License-Identifier: MIT
//! What isolation changed, and what it could not isolate.

use std::fmt;

use serde::Serialize;

/// Everything isolation has to say about one environment, in a stable order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// What differs from the project's files.
    pub changes: Vec<Change>,
    /// What is shared with the host or with other environments all the same.
    pub warnings: Vec<Warning>,
}

/// One difference between the project's files and what runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Where in the project: `services.web.ports`, `networks.front.name`.
    pub at: String,
    /// What the project says.
    pub from: String,
    /// What runs instead; empty when it is left out.
    pub to: String,
    /// Why.
    pub why: String,
}

/// One thing that defeats isolation, kept because the project asks for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// Where in the project.
    pub at: String,
    /// What it shares, as a sentence.
    pub what: String,
    /// Which kind of thing it is.
    pub kind: WarningKind,
}

/// The kinds of [`Warning`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum WarningKind {
    /// A path of the host outside the workspace.
    HostPath,
    /// The engine's own socket.
    EngineSocket,
    /// A namespace or privilege of the host.
    HostAccess,
    /// A network, volume, secret or container that other things use too.
    External,
    /// Something that worked on a host port or address that is not there any more.
    Address,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.to.is_empty() {
            write!(f, "{}: `{}` is left out: {}", self.at, self.from, self.why)
        } else {
            write!(
                f,
                "{}: `{}` becomes `{}`: {}",
                self.at, self.from, self.to, self.why
            )
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.what)
    }
}

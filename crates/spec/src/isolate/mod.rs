// SPDX-License-Identifier: MIT
//! Isolation: a resolved application becomes one that shares nothing with its other copies.
//!
//! [`isolate`] is the only way to an [`IsolatedSpec`], and engines run nothing else.

mod report;

use std::path::PathBuf;

use ipnet::Ipv4Net;

pub use report::{Change, Report, Warning, WarningKind};

use crate::model::EnvironmentSpec;
use crate::{DnsSuffix, Identity};

/// For whom a spec is isolated, and what it may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Isolation {
    /// The environment.
    pub identity: Identity,
    /// The domain of its names.
    pub suffix: DnsSuffix,
    /// The addresses it may use; at least as large as [`block_needed`] says.
    pub subnet: Ipv4Net,
    /// The folder the workspace was copied from, absolute.
    pub source: PathBuf,
    /// The workspace, absolute. Paths below `source` are moved here.
    pub workspace: PathBuf,
}

/// An application that may run: every name, address and path is the environment's own.
#[derive(Clone, Debug, PartialEq)]
pub struct IsolatedSpec {
    identity: Identity,
    suffix: DnsSuffix,
    workspace: PathBuf,
    spec: EnvironmentSpec,
    report: Report,
}

impl IsolatedSpec {
    /// The environment it is for.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The domain of its names.
    #[must_use]
    pub fn suffix(&self) -> &DnsSuffix {
        &self.suffix
    }

    /// The environment's workspace.
    #[must_use]
    pub fn workspace(&self) -> &std::path::Path {
        &self.workspace
    }

    /// The application with everything rewritten. Services, networks and volumes carry Cilo's labels.
    #[must_use]
    pub fn environment(&self) -> &EnvironmentSpec {
        &self.spec
    }

    /// What was changed and what could not be isolated.
    #[must_use]
    pub fn report(&self) -> &Report {
        &self.report
    }
}

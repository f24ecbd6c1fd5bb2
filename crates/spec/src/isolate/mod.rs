// SPDX-License-Identifier: MIT
//! Isolation: a resolved application becomes one that shares nothing with its other copies.
//!
//! [`isolate`] is the only way to an [`IsolatedSpec`], and engines run nothing else. It rewrites the resolved model
//! and never writes an override file: Compose appends `ports`, so an override cannot take them away.

mod images;
mod literals;
mod networks;
mod paths;
mod report;
mod services;
mod subnets;
mod volumes;

use std::path::{Path, PathBuf};

use ipnet::Ipv4Net;

pub use report::{Change, Report, Warning, WarningKind};
pub use subnets::block_needed;

use crate::model::EnvironmentSpec;
use crate::{DnsSuffix, Identity, names};

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

/// Why an application cannot be isolated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IsolateError {
    /// The networks do not fit in the addresses the environment has.
    #[error(
        "the networks need a /{needed} of addresses and the environment has {given}; \
         fewer services per network or a larger subnet would fit"
    )]
    SubnetTooSmall {
        /// The prefix length that would do.
        needed: u8,
        /// What there is.
        given: Ipv4Net,
    },
    /// The networks do not fit in any block that Cilo hands out.
    #[error("the networks need {addresses} addresses; one environment can have at most 65536")]
    TooLarge {
        /// How many they need together.
        addresses: u64,
    },
    /// An address that is none.
    #[error("{at}: `{value}` is not an IP address or subnet")]
    BadAddress {
        /// Where in the project.
        at: String,
        /// What it says.
        value: String,
    },
    /// A fixed address in a network that declares no subnet, or outside the one it declares.
    #[error("{at}: `{value}` is not in a subnet that the network `{network}` declares under `ipam.config`")]
    AddressOutside {
        /// Where in the project.
        at: String,
        /// The address.
        value: String,
        /// The network's key.
        network: String,
    },
}

/// Makes `spec` share nothing with other copies of it: rules I1 to I12.
///
/// - no host port is bound; what was published is remembered as a declared port;
/// - every network, volume, container and built image is named after project and environment, and original names
///   (service, `container_name`, `hostname`, aliases) still resolve inside, on the same networks as before;
/// - every declared network gets an equal part of [`Isolation::subnet`], fixed addresses keep their host part;
/// - paths inside the project lead to the workspace;
/// - what cannot be isolated is kept and reported as a [`Warning`]; external things are left as they are.
///
/// # Errors
/// [`IsolateError`] when addresses are malformed or do not fit.
pub fn isolate(spec: &EnvironmentSpec, isolation: &Isolation) -> Result<IsolatedSpec, IsolateError> {
    let mut draft = Draft {
        spec: spec.clone(),
        isolation,
        report: Report::default(),
    };
    draft.spec.name = names::engine_project(&isolation.identity);
    services::join_default_network(&mut draft.spec, Some(&mut draft.report));
    let moved = networks::rewrite(&mut draft)?;
    volumes::rewrite(&mut draft);
    images::rename(&mut draft, &spec.name);
    services::rewrite(&mut draft);
    literals::rewrite(&mut draft, &moved);
    Ok(IsolatedSpec {
        identity: isolation.identity.clone(),
        suffix: isolation.suffix.clone(),
        workspace: isolation.workspace.clone(),
        spec: draft.spec,
        report: draft.report,
    })
}

/// A spec on its way to being isolated.
struct Draft<'a> {
    spec: EnvironmentSpec,
    isolation: &'a Isolation,
    report: Report,
}

impl Report {
    fn change(&mut self, at: String, from: impl Into<String>, to: impl Into<String>, why: &str) {
        self.changes.push(Change {
            at,
            from: from.into(),
            to: to.into(),
            why: why.to_owned(),
        });
    }

    fn warn(&mut self, at: String, kind: WarningKind, what: impl Into<String>) {
        self.warnings.push(Warning {
            at,
            what: what.into(),
            kind,
        });
    }
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
    pub fn workspace(&self) -> &Path {
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

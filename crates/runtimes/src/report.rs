// SPDX-License-Identifier: MIT
//! What an engine says: about itself, about environments, about what was done.

use std::fmt;
use std::time::Duration;

use cilo_spec::{EnvId, EnvName, ProjectName, ServiceStatus};
use ipnet::Ipv4Net;

/// What answers at an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Its version: `28.2.2`.
    pub version: String,
    /// The API version it is spoken to in: `1.41`.
    pub api_version: String,
    /// Operating system: `linux`.
    pub os: String,
    /// Processor: `amd64`.
    pub arch: String,
    /// Where it answers, as [`Endpoint`](crate::Endpoint) prints it.
    pub endpoint: String,
    /// It runs without root: container addresses cannot be reached from the host.
    pub rootless: bool,
    /// It runs in a virtual machine of a desktop product: container addresses cannot be reached from the host.
    pub desktop: bool,
}

/// A subnet that an engine network uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkSubnet {
    /// The network's name in the engine.
    pub network: String,
    /// The subnet.
    pub subnet: Ipv4Net,
    /// The environment it belongs to; `None` when it is not Cilo's.
    pub env: Option<EnvId>,
}

/// An environment that has containers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvironmentStatus {
    /// The project it is a copy of.
    pub project: ProjectName,
    /// Its name.
    pub env: EnvName,
    /// Its services by name.
    pub services: Vec<ServiceStatus>,
}

/// Engine objects by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// Containers.
    pub containers: Vec<String>,
    /// Networks.
    pub networks: Vec<String>,
    /// Volumes.
    pub volumes: Vec<String>,
    /// Images that were built for the environment.
    pub images: Vec<String>,
}

/// What [`up`](crate::Runtime::up) did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UpOutcome {
    /// Every service of the environment as it is now.
    pub services: Vec<ServiceStatus>,
    /// Containers that are new.
    pub created: u32,
    /// Containers that took the place of another one.
    pub recreated: u32,
    /// Containers that were started, new ones included.
    pub started: u32,
    /// Containers that were left alone.
    pub unchanged: u32,
    /// Containers that were taken away.
    pub removed: u32,
    /// Where the time went, in the order of the ends.
    pub timings: Vec<Timing>,
}

/// How long one step took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timing {
    /// What was done.
    pub step: Step,
    /// To what: a service's container (`api 1`), a network's key, an image.
    pub subject: String,
    /// When it began, counted from the begin of the call.
    pub begin: Duration,
    /// How long it took.
    pub took: Duration,
}

/// The kinds of step that are timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Asking what is there.
    Observe,
    /// Pulling an image.
    Pull,
    /// Building an image.
    Build,
    /// Making a network.
    Network,
    /// Making a volume.
    Volume,
    /// Making a container.
    Create,
    /// Waiting for a dependency.
    Wait,
    /// Starting a container.
    Start,
    /// Running a hook.
    Hook,
    /// Taking away a container.
    Remove,
}

impl Contents {
    /// Nothing at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.containers.is_empty()
            && self.networks.is_empty()
            && self.volumes.is_empty()
            && self.images.is_empty()
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Observe => "look",
            Self::Pull => "pull",
            Self::Build => "build",
            Self::Network => "network",
            Self::Volume => "volume",
            Self::Create => "create",
            Self::Wait => "wait",
            Self::Start => "start",
            Self::Hook => "hook",
            Self::Remove => "remove",
        })
    }
}

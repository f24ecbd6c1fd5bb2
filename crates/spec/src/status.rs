// SPDX-License-Identifier: MIT
//! What runs: services and their containers as an engine reports them.

use std::collections::BTreeMap;
use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A service of an environment, read live from its engine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceStatus {
    /// The service's name in the project.
    pub service: String,
    /// Its containers in the order of their numbers.
    pub replicas: Vec<ReplicaStatus>,
    /// The ports it declares.
    pub ports: Vec<DeclaredPort>,
    /// The environment's apex name leads to it.
    pub ingress: bool,
    /// Its further host names, relative to the environment.
    pub hostnames: Vec<String>,
    /// The service whose network it uses, when it has none of its own.
    pub network_of: Option<String>,
}

/// One container of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplicaStatus {
    /// Its number, from 1.
    pub number: u32,
    /// Its id in the engine.
    pub container: String,
    /// Its name in the engine.
    pub name: String,
    /// The image it was made from, as the project names it.
    pub image: String,
    /// What it does.
    pub state: ReplicaState,
    /// What its health check says; `None` without one.
    pub health: Option<Health>,
    /// Its last exit code; `None` while it has not ended.
    pub exit_code: Option<i64>,
    /// Its IPv4 addresses by network key.
    pub addresses: BTreeMap<String, Ipv4Addr>,
}

/// What a container does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReplicaState {
    /// Made, not started.
    Created,
    /// Running.
    Running,
    /// Frozen.
    Paused,
    /// Between two starts.
    Restarting,
    /// Ended.
    Exited,
    /// Broken beyond restart.
    Dead,
    /// Going away.
    Removing,
}

/// What a health check says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// Not known yet.
    Starting,
    /// It passes.
    Healthy,
    /// It fails.
    Unhealthy,
}

/// A port a service listens on, by what its project says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DeclaredPort {
    /// The port number in the container.
    pub port: u16,
    /// `tcp`, `udp` or `sctp`.
    pub protocol: String,
    /// It was published (`ports`), not only exposed (`expose`).
    pub published: bool,
    /// The application protocol the project names, `http` for example; empty when it names none.
    pub app_protocol: String,
}

impl ServiceStatus {
    /// The addresses of its running containers, first network by name first, without repeats.
    #[must_use]
    pub fn addresses(&self) -> Vec<Ipv4Addr> {
        let mut found = Vec::new();
        for replica in self
            .replicas
            .iter()
            .filter(|replica| replica.state == ReplicaState::Running)
        {
            // One address per container: names should not lead to the same container twice.
            if let Some(address) = replica.addresses.values().next()
                && !found.contains(address)
            {
                found.push(*address);
            }
        }
        found
    }

    /// The port a user most likely wants: TCP before the rest, published before exposed, then as declared.
    #[must_use]
    pub fn main_port(&self) -> Option<&DeclaredPort> {
        self.ports
            .iter()
            .min_by_key(|port| (port.protocol != "tcp", !port.published))
    }
}

impl fmt::Display for DeclaredPort {
    /// `8080/tcp`, `+8080/tcp` when published, with `/http` behind it when the project says so.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.published { "+" } else { "" };
        write!(f, "{sign}{}/{}", self.port, self.protocol)?;
        if self.app_protocol.is_empty() {
            Ok(())
        } else {
            write!(f, "/{}", self.app_protocol)
        }
    }
}

/// A text that is no [`DeclaredPort`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a port")]
pub struct PortError(String);

impl FromStr for DeclaredPort {
    type Err = PortError;

    fn from_str(text: &str) -> Result<Self, PortError> {
        let refuse = || PortError(text.to_owned());
        let (published, rest) = match text.strip_prefix('+') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let mut parts = rest.splitn(3, '/');
        let port = parts
            .next()
            .and_then(|port| port.parse().ok())
            .ok_or_else(refuse)?;
        let protocol = parts.next().ok_or_else(refuse)?.to_owned();
        Ok(Self {
            port,
            protocol,
            published,
            app_protocol: parts.next().unwrap_or_default().to_owned(),
        })
    }
}

impl fmt::Display for ReplicaState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Created => "created",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Restarting => "restarting",
            Self::Exited => "exited",
            Self::Dead => "dead",
            Self::Removing => "removing",
        })
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Starting => "starting",
            Self::Healthy => "healthy",
            Self::Unhealthy => "unhealthy",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_read_back() {
        for text in ["80/tcp", "+8080/tcp/http", "53/udp"] {
            assert_eq!(text.parse::<DeclaredPort>().unwrap().to_string(), text);
        }
        assert!("x/tcp".parse::<DeclaredPort>().is_err());
        assert!("80".parse::<DeclaredPort>().is_err());
    }
}

// SPDX-License-Identifier: MIT
//! Where an engine answers, and getting through to it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use crate::error::Source;
use crate::runtime::Runtime;
use crate::{MIN_API_VERSION, RUNTIMES};

/// Where an engine answers. Read from what `DOCKER_HOST` may hold.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Endpoint {
    /// A socket of this machine, `unix:///run/docker.sock`.
    Unix(PathBuf),
    /// A port, without encryption, `tcp://127.0.0.1:2375`.
    Tcp(String),
}

/// A text that names no endpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an engine's address: {why}; for example `unix:///var/run/docker.sock`")]
pub struct EndpointError {
    /// The text.
    pub text: String,
    /// What is wrong with it.
    pub why: &'static str,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// There is no such socket.
    #[error(
        "no container engine: there is no socket at {endpoint}; install and start Docker, or set DOCKER_HOST \
         to where your engine answers"
    )]
    NoSocket {
        /// Where.
        endpoint: Endpoint,
    },
    /// The socket is there and this user may not use it.
    #[error(
        "the container engine at {endpoint} may not be used by this user; add it to the group that owns the \
         socket (`sudo usermod -aG docker $USER`, then log in again) or use a rootless engine"
    )]
    PermissionDenied {
        /// Where.
        endpoint: Endpoint,
        /// Why.
        #[source]
        source: Source,
    },
    /// The socket is there and nothing answers.
    #[error("no container engine answers at {endpoint}; start it (`sudo systemctl start docker`)")]
    NoAnswer {
        /// Where.
        endpoint: Endpoint,
        /// Why.
        #[source]
        source: Source,
    },
    /// It is too old.
    #[error(
        "the container engine at {endpoint} speaks API {has} and at least {MIN_API_VERSION} is needed; \
         install Docker 20.10 or newer"
    )]
    TooOld {
        /// Where.
        endpoint: Endpoint,
        /// The newest version it speaks.
        has: String,
    },
    /// Something else answers there.
    #[error("what answers at {endpoint} is `{name}`, which Cilo does not know")]
    UnknownEngine {
        /// Where.
        endpoint: Endpoint,
        /// What it calls itself.
        name: String,
    },
    /// None of the usual places has one.
    #[error(
        "no container engine was found (looked at {}); install and start Docker, or set DOCKER_HOST to where \
         your engine answers", places(.looked)
    )]
    NoneFound {
        /// Where was looked.
        looked: Vec<Endpoint>,
    },
}

/// Connects to the engine at `endpoint`, whichever it is.
///
/// # Errors
/// [`ConnectError`], one variant for each thing to do about it.
pub async fn connect(endpoint: &Endpoint) -> Result<Arc<dyn Runtime>, ConnectError> {
    for kind in RUNTIMES {
        if let Some(runtime) = (kind.connect)(endpoint).await? {
            return Ok(runtime);
        }
    }
    Err(ConnectError::UnknownEngine {
        endpoint: endpoint.clone(),
        name: "another engine".to_owned(),
    })
}

/// Connects to the first of `endpoints` that has a socket: a place where nothing is, is passed over; one that does
/// not work is the error.
///
/// # Errors
/// [`ConnectError::NoneFound`] when there is none; what [`connect`] says otherwise.
pub async fn connect_first(endpoints: &[Endpoint]) -> Result<Arc<dyn Runtime>, ConnectError> {
    let mut refused = None;
    for endpoint in endpoints {
        match connect(endpoint).await {
            Err(ConnectError::NoSocket { .. }) => {}
            Err(error) => refused = refused.or(Some(error)),
            Ok(runtime) => return Ok(runtime),
        }
    }
    Err(refused.unwrap_or_else(|| ConnectError::NoneFound {
        looked: endpoints.to_vec(),
    }))
}

impl Endpoint {
    /// The usual places, most particular first: rootless Docker in `runtime_dir` (`XDG_RUNTIME_DIR`), the system's
    /// Docker, Docker Desktop and Colima below `home`.
    #[must_use]
    pub fn usual(home: Option<&Path>, runtime_dir: Option<&Path>) -> Vec<Self> {
        let rootless = runtime_dir.map(|dir| dir.join("docker.sock"));
        let system = PathBuf::from("/var/run/docker.sock");
        let desktop = home.map(|home| home.join(".docker/run/docker.sock"));
        let colima = home.map(|home| home.join(".colima/default/docker.sock"));
        rootless
            .into_iter()
            .chain([system])
            .chain(desktop)
            .chain(colima)
            .map(Self::Unix)
            .collect()
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let refuse = |why| EndpointError {
            text: text.to_owned(),
            why,
        };
        let (scheme, rest) = text.split_once("://").unwrap_or(("unix", text));
        match scheme {
            "unix" if rest.starts_with('/') => Ok(Self::Unix(PathBuf::from(rest))),
            "unix" => Err(refuse("the path of the socket is not absolute")),
            "tcp" | "http" if !rest.is_empty() => Ok(Self::Tcp(rest.trim_end_matches('/').to_owned())),
            "tcp" | "http" => Err(refuse("it names no host")),
            "ssh" => Err(refuse(
                "an engine on another machine is reached with `cilo remote add`",
            )),
            "https" | "npipe" => Err(refuse("this way of connecting is not supported")),
            _ => Err(refuse("it begins with no known scheme")),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
            Self::Tcp(address) => write!(f, "tcp://{address}"),
        }
    }
}

fn places(endpoints: &[Endpoint]) -> String {
    endpoints
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_read_back_or_say_why_not() {
        for text in ["unix:///var/run/docker.sock", "tcp://127.0.0.1:2375"] {
            assert_eq!(text.parse::<Endpoint>().unwrap().to_string(), text);
        }
        let messages: Vec<String> = ["unix://x", "tcp://", "ssh://me@host", "ftp://x", "docker.sock"]
            .iter()
            .map(|text| text.parse::<Endpoint>().unwrap_err().to_string())
            .collect();
        insta::assert_snapshot!(messages.join("\n"), @r"
        `unix://x` is not an engine's address: the path of the socket is not absolute; for example `unix:///var/run/docker.sock`
        `tcp://` is not an engine's address: it names no host; for example `unix:///var/run/docker.sock`
        `ssh://me@host` is not an engine's address: an engine on another machine is reached with `cilo remote add`; for example `unix:///var/run/docker.sock`
        `ftp://x` is not an engine's address: it begins with no known scheme; for example `unix:///var/run/docker.sock`
        `docker.sock` is not an engine's address: the path of the socket is not absolute; for example `unix:///var/run/docker.sock`
        ");
    }
}

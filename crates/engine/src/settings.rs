// SPDX-License-Identifier: MIT
//! What the engine is told about the machine and the user, once, by the program that embeds it.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use cilo_runtimes::Endpoint;
use cilo_spec::DnsSuffix;
use ipnet::Ipv4Net;

/// Where Cilo's DNS server listens when nothing else is said.
pub const DEFAULT_DNS: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 5354);

/// Everything that is not in a request.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Cilo's home folder, absolute.
    pub home: PathBuf,
    /// The addresses environments get theirs from.
    pub pool: Ipv4Net,
    /// Where Cilo's DNS server listens.
    pub dns: SocketAddr,
    /// The domain of names for projects that do not choose one.
    pub suffix: DnsSuffix,
    /// Where a container engine may answer; the first that does is used.
    pub endpoints: Vec<Endpoint>,
    /// This version of Cilo: a daemon of another one is replaced.
    pub version: String,
    /// The program whose `daemon run` is the daemon, absolute; `None` never starts one.
    pub program: Option<PathBuf>,
    /// The folder relative paths and project discovery start from, absolute.
    pub directory: PathBuf,
    /// The user's home, for `~` in project files.
    pub user_home: Option<PathBuf>,
    /// The variables that project files may use.
    pub variables: BTreeMap<String, String>,
}

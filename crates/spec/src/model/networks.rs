// SPDX-License-Identifier: MIT
//! Networks, a service's place in them, and its ports.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Extensions, Mapping, is_default};

/// A top-level `networks` entry.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Network {
    /// Its name in the engine.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Network driver; empty is the engine's default, `bridge`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub driver: String,
    /// Driver options.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub driver_opts: Mapping,
    /// Address management.
    pub ipam: Ipam,
    /// It exists already and is neither made nor removed.
    #[serde(skip_serializing_if = "is_default")]
    pub external: bool,
    /// Without a way out.
    #[serde(skip_serializing_if = "is_default")]
    pub internal: bool,
    /// Standalone containers may join.
    #[serde(skip_serializing_if = "is_default")]
    pub attachable: bool,
    /// Labels.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: Mapping,
    /// IPv4 addresses; `None` is the engine's default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enable_ipv4: Option<bool>,
    /// IPv6 addresses; `None` is the engine's default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enable_ipv6: Option<bool>,
    /// `x-` keys.
    #[serde(flatten)]
    pub extensions: Extensions,
}

/// `networks.*.ipam`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ipam {
    /// IPAM driver.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub driver: String,
    /// Address pools.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub config: Vec<IpamPool>,
    /// Driver options.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub options: Mapping,
    /// `x-` keys.
    #[serde(flatten)]
    pub extensions: Extensions,
}

/// One pool of [`Ipam`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct IpamPool {
    /// The subnet in CIDR form, IPv4 or IPv6.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub subnet: String,
    /// The gateway's address.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub gateway: String,
    /// The part of the subnet that containers get addresses from.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub ip_range: String,
    /// Addresses that are taken by other things, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub aux_addresses: Mapping,
    /// `x-` keys.
    #[serde(flatten)]
    pub extensions: Extensions,
}

/// A service's endpoint in one network (`services.*.networks.*`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Endpoint {
    /// Further names in this network.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// Fixed IPv4 address.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub ipv4_address: String,
    /// Fixed IPv6 address.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub ipv6_address: String,
    /// Link-local addresses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub link_local_ips: Vec<String>,
    /// Fixed MAC address.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub mac_address: String,
    /// The interface's name in the container (engine API 1.49).
    #[serde(skip_serializing_if = "String::is_empty")]
    pub interface_name: String,
    /// Driver options of the endpoint.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub driver_opts: Mapping,
    /// The network with the highest one is the primary. Default 0.
    #[serde(skip_serializing_if = "is_default")]
    pub priority: i64,
    /// The network with the highest one is the default gateway (engine API 1.48). Default 0.
    #[serde(skip_serializing_if = "is_default")]
    pub gw_priority: i64,
    /// `x-` keys.
    #[serde(flatten)]
    pub extensions: Extensions,
}

/// One published port in its long form.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Port {
    /// A name for people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// `ingress` or `host`; without meaning outside swarm.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub mode: String,
    /// Host address to bind.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub host_ip: String,
    /// The port in the container.
    #[serde(skip_serializing_if = "is_default")]
    pub target: u16,
    /// Host port or range `a-b`; empty is any free one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub published: String,
    /// `tcp`, `udp` or `sctp`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub protocol: String,
    /// The application protocol, `http` for example.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub app_protocol: String,
    /// `x-` keys.
    #[serde(flatten)]
    pub extensions: Extensions,
}

/// What `network_mode` means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NetworkMode {
    /// No network at all.
    None,
    /// The host's network.
    Host,
    /// The engine's default bridge.
    Bridge,
    /// The network of another service of the project.
    Service(String),
    /// The network of a container that is not of the project.
    Container(String),
    /// A named engine network or a mode of the engine's own.
    Other(String),
}

impl NetworkMode {
    /// Reads the attribute; `None` when it is empty.
    #[must_use]
    pub fn read(mode: &str) -> Option<Self> {
        Some(match mode {
            "" => return None,
            "none" => Self::None,
            "host" => Self::Host,
            "bridge" | "default" => Self::Bridge,
            other => match other.split_once(':') {
                Some(("service", name)) => Self::Service(name.to_owned()),
                Some(("container", id)) => Self::Container(id.to_owned()),
                _ => Self::Other(other.to_owned()),
            },
        })
    }
}

// SPDX-License-Identifier: MIT
//! How an environment's addresses are shared out among its networks.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use super::{IsolateError, services};
use crate::model::{EnvironmentSpec, Network};

/// An environment has at least a /24.
const SMALLEST_BLOCK: u64 = 1 << 8;
/// And at most a /16.
const LARGEST_BLOCK: u64 = 1 << 16;
/// Network, gateway and broadcast address, and room for containers that replace others.
const RESERVE: u64 = 8;
/// A fixed address further into its subnet than this does not enlarge the network; it moves instead.
const FARTHEST_HOST: u64 = 1 << 12;

/// The prefix length of the smallest block that `spec`'s networks fit in: 24, or less for more.
///
/// # Errors
/// [`IsolateError::TooLarge`] when not even a /16 is enough.
pub fn block_needed(spec: &EnvironmentSpec) -> Result<u8, IsolateError> {
    let mut spec = spec.clone();
    services::join_default_network(&mut spec, None);
    let (parts, each) = shares(&spec);
    let block = (parts * each).max(SMALLEST_BLOCK);
    if block > LARGEST_BLOCK {
        return Err(IsolateError::TooLarge { addresses: block });
    }
    Ok(prefix_of(block))
}

/// An equal part of `subnet` for every network that Cilo makes, in the order of their keys.
pub(super) fn share_out(
    spec: &EnvironmentSpec,
    subnet: Ipv4Net,
) -> Result<BTreeMap<String, Ipv4Net>, IsolateError> {
    let (parts, each) = shares(spec);
    let whole = 1_u64 << (32 - subnet.prefix_len());
    if parts * each > whole {
        return Err(IsolateError::SubnetTooSmall {
            needed: prefix_of(parts * each),
            given: subnet,
        });
    }
    let size = whole / parts;
    let prefix = prefix_of(size);
    let first = u64::from(u32::from(subnet.network()));
    let nets = own_networks(spec).enumerate().map(|(index, (key, _))| {
        let base = first + index as u64 * size;
        let address = Ipv4Addr::from(u32::try_from(base).expect("a part of an IPv4 subnet"));
        (
            key.clone(),
            Ipv4Net::new(address, prefix).expect("a prefix of at most 32"),
        )
    });
    Ok(nets.collect())
}

/// The networks that get a part: not external ones, and not those that live on a network of the host.
pub(super) fn own_networks(spec: &EnvironmentSpec) -> impl Iterator<Item = (&String, &Network)> {
    spec.networks
        .iter()
        .filter(|(_, network)| !network.external && bridged(network))
}

pub(super) fn bridged(network: &Network) -> bool {
    matches!(network.driver.as_str(), "" | "bridge" | "default")
}

/// The distance of a declared address from the start of its subnet, when the network keeps room for it.
pub(super) fn kept_offset(declared: Ipv4Net, address: Ipv4Addr) -> Option<u64> {
    let offset = u64::from(u32::from(address)).checked_sub(u64::from(u32::from(declared.network())))?;
    (offset < FARTHEST_HOST).then_some(offset)
}

/// How many parts of how many addresses each, both powers of two.
fn shares(spec: &EnvironmentSpec) -> (u64, u64) {
    let parts = own_networks(spec).count().max(1).next_power_of_two() as u64;
    let each = own_networks(spec)
        .map(|(key, network)| hosts_needed(spec, key, network))
        .max()
        .unwrap_or(RESERVE);
    (parts, each.next_power_of_two())
}

fn hosts_needed(spec: &EnvironmentSpec, key: &str, network: &Network) -> u64 {
    let members = spec
        .services
        .values()
        .filter(|service| service.networks.contains_key(key));
    let containers: u64 = members.clone().map(|service| u64::from(service.replicas())).sum();
    let declared = declared_subnet(network);
    let fixed = members
        .filter_map(|service| service.networks.get(key)?.as_ref())
        .filter_map(|endpoint| kept_offset(declared?, endpoint.ipv4_address.parse().ok()?))
        .max();
    (containers + RESERVE).max(fixed.map_or(0, |offset| offset + 2))
}

/// The IPv4 subnet a network declares; only the first one can be used by a bridge.
pub(super) fn declared_subnet(network: &Network) -> Option<Ipv4Net> {
    network
        .ipam
        .config
        .iter()
        .find_map(|pool| pool.subnet.parse().ok())
}

fn prefix_of(addresses: u64) -> u8 {
    u8::try_from(32 - addresses.ilog2()).expect("at most 32")
}

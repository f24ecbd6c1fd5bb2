// SPDX-License-Identifier: MIT
//! Networks: one of its own for every declared one, with addresses moved together.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use sha2::{Digest, Sha256};

use super::subnets::{bridged, declared_subnet, kept_offset, share_out};
use super::{Draft, IsolateError, WarningKind};
use crate::model::{IpamPool, Network};
use crate::{Identity, labels, names};

/// Fixes the bridge's interface name on the host, which two copies cannot both have.
const BRIDGE_NAME: &str = "com.docker.network.bridge.name";

/// Fixed addresses and what they became, in the order they were found.
pub(super) type Moved = Vec<(IpAddr, IpAddr)>;

/// Gives every network its name, labels and addresses.
pub(super) fn rewrite(draft: &mut Draft<'_>) -> Result<Moved, IsolateError> {
    let parts = share_out(&draft.spec, draft.isolation.subnet)?;
    let mut moved = Moved::new();
    let keys: Vec<String> = draft.spec.networks.keys().cloned().collect();
    for key in keys {
        let mut network = draft.spec.networks.remove(&key).expect("a key of the map");
        if network.external {
            draft.report.warn(
                format!("networks.{key}"),
                WarningKind::External,
                format!(
                    "the external network `{}` is shared with everything else in it",
                    network.name
                ),
            );
        } else {
            name_and_label(draft, &key, &mut network);
            match parts.get(&key) {
                Some(part) => readdress(draft, (&key, &mut network), *part, &mut moved)?,
                None => draft.report.warn(
                    format!("networks.{key}.driver"),
                    WarningKind::HostAccess,
                    format!(
                        "`{}` networks use the host's network; their addresses are not moved",
                        network.driver
                    ),
                ),
            }
        }
        draft.spec.networks.insert(key, network);
    }
    Ok(moved)
}

fn name_and_label(draft: &mut Draft<'_>, key: &str, network: &mut Network) {
    let identity = &draft.isolation.identity;
    let name = names::network(identity, key);
    if !network.name.is_empty() && network.name != name {
        draft.report.change(
            format!("networks.{key}.name"),
            &network.name,
            &name,
            "a network of its own",
        );
    }
    network.name = name;
    network.labels.extend(labels::of(identity));
    if bridged(network)
        && let Some(bridge) = network.driver_opts.remove(BRIDGE_NAME)
    {
        let at = format!("networks.{key}.driver_opts.{BRIDGE_NAME}");
        draft
            .report
            .change(at, bridge, "", "two copies cannot have one interface on the host");
    }
}

fn readdress(
    draft: &mut Draft<'_>,
    (key, network): (&str, &mut Network),
    part: Ipv4Net,
    moved: &mut Moved,
) -> Result<(), IsolateError> {
    let at = format!("networks.{key}.ipam");
    let declared = declared_subnet(network);
    let mut pools = std::mem::take(&mut network.ipam.config);
    for pool in &pools {
        if !pool.subnet.is_empty() && pool.subnet.parse::<IpNet>().is_err() {
            return Err(IsolateError::BadAddress {
                at,
                value: pool.subnet.clone(),
            });
        }
    }
    let first = pools
        .iter()
        .position(|pool| pool.subnet.parse::<Ipv6Net>().is_err());
    let pool = first.map(|index| pools.remove(index)).unwrap_or_default();
    if let Some(declared) = declared {
        draft
            .report
            .change(at, declared.to_string(), part.to_string(), "a subnet of its own");
    }
    let mut hosts = Hosts::new(declared, part);
    let pool = move_pool(&pool, &mut hosts);
    network.ipam.config.push(pool);
    if network.enable_ipv6 == Some(true) || pools.iter().any(|pool| pool.subnet.parse::<Ipv6Net>().is_ok()) {
        network.ipam.config.push(own_ipv6(draft, key, &pools, moved)?);
    }
    move_endpoints(draft, key, &mut hosts)?;
    moved.extend(
        hosts
            .moved
            .iter()
            .map(|(old, new)| (IpAddr::V4(*old), IpAddr::V4(*new))),
    );
    Ok(())
}

/// Which host parts of a network's new subnet are taken, and by what.
struct Hosts {
    declared: Option<Ipv4Net>,
    part: Ipv4Net,
    taken: BTreeSet<u32>,
    moved: BTreeMap<Ipv4Addr, Ipv4Addr>,
}

impl Hosts {
    fn new(declared: Option<Ipv4Net>, part: Ipv4Net) -> Self {
        let edges = [
            u32::from(part.network()),
            u32::from(part.network()) + 1,
            u32::from(part.broadcast()),
        ];
        Self {
            declared,
            part,
            taken: BTreeSet::from(edges),
            moved: BTreeMap::new(),
        }
    }

    /// The same host part in the new subnet, when that is free.
    fn keep(&mut self, address: Ipv4Addr) -> Option<Ipv4Addr> {
        let offset = kept_offset(self.declared?, address)?;
        let kept = u32::from(self.part.network()).checked_add(u32::try_from(offset).ok()?)?;
        let inside = kept > u32::from(self.part.network()) && kept < u32::from(self.part.broadcast());
        inside.then(|| self.record(address, kept))
    }

    /// The last free address: far from where an engine begins to hand them out.
    fn any(&mut self, address: Ipv4Addr) -> Option<Ipv4Addr> {
        let range = u32::from(self.part.network())..u32::from(self.part.broadcast());
        let free = range.rev().find(|host| !self.taken.contains(host))?;
        Some(self.record(address, free))
    }

    fn record(&mut self, old: Ipv4Addr, new: u32) -> Ipv4Addr {
        self.taken.insert(new);
        *self.moved.entry(old).or_insert(Ipv4Addr::from(new))
    }
}

fn move_pool(pool: &IpamPool, hosts: &mut Hosts) -> IpamPool {
    let gateway = pool.gateway.parse().ok().and_then(|gateway| hosts.keep(gateway));
    let mut aux_addresses = BTreeMap::new();
    for (name, address) in &pool.aux_addresses {
        if let Some(kept) = address.parse().ok().and_then(|address| hosts.keep(address)) {
            aux_addresses.insert(name.clone(), kept.to_string());
        }
    }
    let ip_range = pool.ip_range.parse::<Ipv4Net>().ok().and_then(|range| {
        let offset = u32::try_from(kept_offset(hosts.declared?, range.network())?).ok()?;
        let first = Ipv4Addr::from(u32::from(hosts.part.network()).checked_add(offset)?);
        let moved = Ipv4Net::new(first, range.prefix_len()).ok()?;
        hosts.part.contains(&moved).then(|| moved.to_string())
    });
    IpamPool {
        subnet: hosts.part.to_string(),
        gateway: gateway.map(|gateway| gateway.to_string()).unwrap_or_default(),
        ip_range: ip_range.unwrap_or_default(),
        aux_addresses,
        extensions: pool.extensions.clone(),
    }
}

fn move_endpoints(draft: &mut Draft<'_>, key: &str, hosts: &mut Hosts) -> Result<(), IsolateError> {
    let mut far = Vec::new();
    for (name, service) in &mut draft.spec.services {
        let Some(endpoint) = service.networks.get_mut(key).and_then(Option::as_mut) else {
            continue;
        };
        if endpoint.ipv4_address.is_empty() {
            continue;
        }
        let at = || format!("services.{name}.networks.{key}.ipv4_address");
        let value = endpoint.ipv4_address.clone();
        let address: Ipv4Addr = value.parse().map_err(|_| IsolateError::BadAddress {
            at: at(),
            value: value.clone(),
        })?;
        if !hosts.declared.is_some_and(|declared| declared.contains(&address)) {
            return Err(IsolateError::AddressOutside {
                at: at(),
                value,
                network: key.to_owned(),
            });
        }
        match hosts.keep(address) {
            Some(kept) => endpoint.ipv4_address = kept.to_string(),
            None => far.push((name.clone(), address)),
        }
    }
    for (name, address) in far {
        let new = hosts.any(address).ok_or(IsolateError::SubnetTooSmall {
            needed: draft.isolation.subnet.prefix_len().saturating_sub(1),
            given: draft.isolation.subnet,
        })?;
        if let Some(endpoint) = draft
            .spec
            .services
            .get_mut(&name)
            .and_then(|s| s.networks.get_mut(key))
            .and_then(Option::as_mut)
        {
            endpoint.ipv4_address = new.to_string();
        }
    }
    for (old, new) in &hosts.moved {
        let at = format!("networks.{key}.addresses");
        draft.report.change(
            at,
            old.to_string(),
            new.to_string(),
            "an address in a subnet of its own",
        );
    }
    Ok(())
}

/// A unique local prefix (RFC 4193) made from the environment's id, with the host parts that were declared.
fn own_ipv6(
    draft: &mut Draft<'_>,
    key: &str,
    pools: &[IpamPool],
    moved: &mut Moved,
) -> Result<IpamPool, IsolateError> {
    let pool = pools
        .iter()
        .find(|pool| pool.subnet.parse::<Ipv6Net>().is_ok())
        .cloned()
        .unwrap_or_default();
    let net = unique_local(&draft.isolation.identity, key);
    let host = |address: Ipv6Addr| {
        Ipv6Addr::from(u128::from(net.network()) | (u128::from(address) & u128::from(u64::MAX)))
    };
    if !pool.subnet.is_empty() {
        let at = format!("networks.{key}.ipam");
        draft
            .report
            .change(at, &pool.subnet, net.to_string(), "a subnet of its own");
    }
    for (name, service) in &mut draft.spec.services {
        let Some(endpoint) = service.networks.get_mut(key).and_then(Option::as_mut) else {
            continue;
        };
        if endpoint.ipv6_address.is_empty() {
            continue;
        }
        let at = format!("services.{name}.networks.{key}.ipv6_address");
        let old: Ipv6Addr = endpoint
            .ipv6_address
            .parse()
            .map_err(|_| IsolateError::BadAddress {
                at,
                value: endpoint.ipv6_address.clone(),
            })?;
        moved.push((IpAddr::V6(old), IpAddr::V6(host(old))));
        endpoint.ipv6_address = host(old).to_string();
    }
    let gateway = pool
        .gateway
        .parse()
        .map(|gateway| host(gateway).to_string())
        .unwrap_or_default();
    Ok(IpamPool {
        subnet: net.to_string(),
        gateway,
        ..IpamPool::default()
    })
}

fn unique_local(identity: &Identity, key: &str) -> Ipv6Net {
    let digest = Sha256::digest(format!("{}/{key}", identity.id));
    let mut octets = [0; 16];
    octets[0] = 0xfd;
    octets[1..8].copy_from_slice(&digest[..7]);
    Ipv6Net::new(Ipv6Addr::from(octets), 64).expect("64 is at most 128")
}

// SPDX-License-Identifier: MIT
//! A container's places in networks.

use bollard::models::{EndpointIpamConfig, EndpointSettings};
use cilo_spec::model::Service;
use cilo_spec::names;

use super::{Wanted, said, text};

/// The driver option that names an interface (engine API 1.49).
const INTERFACE_NAME: &str = "com.docker.network.endpoint.ifname";
/// The first API version that takes more than one network at create.
const SEVERAL_AT_CREATE: (usize, usize) = (1, 44);

/// Keys of the service's networks, the primary one first: by priority, then by name.
pub(in crate::docker) fn order(service: &Service) -> Vec<&str> {
    let mut keys: Vec<(&String, i64)> = service
        .networks
        .iter()
        .map(|(key, endpoint)| (key, endpoint.as_ref().map_or(0, |endpoint| endpoint.priority)))
        .collect();
    keys.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    keys.into_iter().map(|(key, _)| key.as_str()).collect()
}

/// Endpoints that go into the request for the container, by network id; the rest has to be connected before it
/// starts.
pub(super) fn at_create(wanted: &Wanted<'_>) -> Option<Vec<(String, EndpointSettings)>> {
    let count = if wanted.version < SEVERAL_AT_CREATE {
        1
    } else {
        usize::MAX
    };
    if !wanted.service.network_mode.is_empty() {
        return None;
    }
    said(order(wanted.service).into_iter().take(count).filter_map(|key| {
        let id = wanted.resolved.networks.get(key)?;
        Some((id.clone(), settings(wanted, key)))
    }))
}

/// The container's endpoint in the network `key`.
pub(in crate::docker) fn settings(wanted: &Wanted<'_>, key: &str) -> EndpointSettings {
    let service = wanted.service;
    let own = service.networks.get(key).cloned().flatten().unwrap_or_default();
    let mut aliases = vec![
        names::container(wanted.spec.identity(), wanted.name, wanted.number),
        wanted.name.to_owned(),
    ];
    for alias in &own.aliases {
        if !aliases.contains(alias) {
            aliases.push(alias.clone());
        }
    }
    let mut driver_opts = own.driver_opts.clone();
    if !own.interface_name.is_empty() {
        driver_opts.insert(INTERFACE_NAME.to_owned(), own.interface_name.clone());
    }
    let primary = order(service).first().copied() == Some(key);
    let mac = if own.mac_address.is_empty() && primary {
        &service.mac_address
    } else {
        &own.mac_address
    };
    let ipam = EndpointIpamConfig {
        ipv4_address: text(&own.ipv4_address),
        ipv6_address: text(&own.ipv6_address),
        link_local_ips: said(own.link_local_ips.iter().cloned()),
    };
    EndpointSettings {
        aliases: Some(aliases),
        links: said(links(wanted)),
        mac_address: text(mac),
        driver_opts: said(driver_opts),
        gw_priority: super::number(own.gw_priority),
        // Compose sends a fixed address in these two as well.
        ip_address: text(&own.ipv4_address),
        ipv6_gateway: text(&own.ipv6_address),
        ipam_config: (ipam != EndpointIpamConfig::default()).then_some(ipam),
        ..EndpointSettings::default()
    }
}

/// `container:alias` for every container of every linked service, and for links out of the project.
pub(super) fn links(wanted: &Wanted<'_>) -> Vec<String> {
    let mut all = Vec::new();
    for link in &wanted.service.links {
        let (service, alias) = link.split_once(':').unwrap_or((link, link));
        let Some(linked) = wanted.spec.environment().services.get(service) else {
            continue;
        };
        for number in 1..=linked.replicas() {
            let container = names::container(wanted.spec.identity(), service, number);
            all.push(format!("{container}:{alias}"));
            all.push(format!("{container}:{service}-{number}"));
            all.push(format!("{container}:{container}"));
        }
    }
    for link in &wanted.service.external_links {
        let (container, alias) = link.split_once(':').unwrap_or((link, link));
        all.push(format!("{container}:{alias}"));
    }
    all
}

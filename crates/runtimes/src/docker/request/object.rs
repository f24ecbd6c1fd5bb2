// SPDX-License-Identifier: MIT
//! Networks and volumes.

use bollard::models::{Ipam, IpamConfig, NetworkCreateRequest, VolumeCreateRequest};
use cilo_spec::IsolatedSpec;
use cilo_spec::model::{Network, Volume};

use super::{said, text};
use crate::docker::hash;
use crate::docker::labels;

/// The digest by which a network that differs from its description is known.
pub(in crate::docker) fn network_hash(network: &Network) -> String {
    hash::of(&serde_json::to_value(network).unwrap_or_default())
}

/// The digest by which a volume that differs from its description is known.
pub(in crate::docker) fn volume_hash(volume: &Volume) -> String {
    hash::of(&serde_json::to_value(volume).unwrap_or_default())
}

/// The request that makes the network `key`.
pub(in crate::docker) fn network(spec: &IsolatedSpec, key: &str, network: &Network) -> NetworkCreateRequest {
    let mut labels = network.labels.clone();
    labels.extend(labels::of_object(
        spec,
        labels::NETWORK,
        key,
        network_hash(network),
    ));
    let pools = network.ipam.config.iter().map(|pool| IpamConfig {
        subnet: text(&pool.subnet),
        ip_range: text(&pool.ip_range),
        gateway: text(&pool.gateway),
        auxiliary_addresses: said(pool.aux_addresses.clone()),
    });
    let ipam = Ipam {
        driver: text(&network.ipam.driver),
        config: said(pools),
        options: said(network.ipam.options.clone()),
    };
    NetworkCreateRequest {
        name: network.name.clone(),
        driver: text(&network.driver),
        internal: network.internal.then_some(true),
        attachable: network.attachable.then_some(true),
        ipam: (ipam != Ipam::default()).then_some(ipam),
        enable_ipv4: network.enable_ipv4,
        enable_ipv6: network.enable_ipv6,
        options: said(network.driver_opts.clone()),
        labels: said(labels),
        ..NetworkCreateRequest::default()
    }
}

/// The request that makes the volume `key`.
pub(in crate::docker) fn volume(spec: &IsolatedSpec, key: &str, volume: &Volume) -> VolumeCreateRequest {
    let mut labels = volume.labels.clone();
    labels.extend(labels::of_object(spec, labels::VOLUME, key, volume_hash(volume)));
    VolumeCreateRequest {
        name: Some(volume.name.clone()),
        driver: text(&volume.driver),
        driver_opts: said(volume.driver_opts.clone()),
        labels: said(labels),
        cluster_volume_spec: None,
    }
}

// SPDX-License-Identifier: MIT
//! Stage 10: services of inactive profiles are set aside, and what nobody uses goes.

use std::collections::BTreeSet;

use cilo_spec::EnvironmentSpec;
use cilo_spec::Service;
use cilo_spec::model::MountKind;

/// Moves the services that no active profile names to [`EnvironmentSpec::disabled`].
pub(crate) fn select(spec: &mut EnvironmentSpec, active: &[String]) {
    let enabled = |service: &Service| {
        service.profiles.is_empty()
            || active
                .iter()
                .any(|profile| profile == "*" || service.profiles.contains(profile))
    };
    let (on, off) = std::mem::take(&mut spec.services)
        .into_iter()
        .partition(|(_, service)| enabled(service));
    (spec.services, spec.disabled) = (on, off);
}

/// Drops the resources that no enabled service uses.
pub(crate) fn prune(spec: &mut EnvironmentSpec) {
    let (mut networks, mut volumes) = (BTreeSet::new(), BTreeSet::new());
    let (mut secrets, mut configs, mut models) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for service in spec.services.values() {
        networks.extend(service.networks.keys().cloned());
        let named = service
            .volumes
            .iter()
            .filter(|mount| mount.kind == MountKind::Volume);
        volumes.extend(named.map(|mount| mount.source.clone()));
        secrets.extend(service.secrets.iter().map(|grant| grant.source.clone()));
        if let Some(build) = &service.build {
            secrets.extend(build.secrets.iter().map(|grant| grant.source.clone()));
        }
        configs.extend(service.configs.iter().map(|grant| grant.source.clone()));
        if let Some(credentials) = &service.credential_spec {
            configs.insert(credentials.config.clone());
        }
        models.extend(service.models.keys().cloned());
    }
    spec.networks.retain(|key, _| networks.contains(key));
    spec.volumes.retain(|key, _| volumes.contains(key));
    spec.secrets.retain(|key, _| secrets.contains(key));
    spec.configs.retain(|key, _| configs.contains(key));
    spec.models.retain(|key, _| models.contains(key));
}

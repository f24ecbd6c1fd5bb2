// SPDX-License-Identifier: MIT
//! The isolation rules on one project that breaks all of them, and the promise that two copies share nothing.

#![expect(clippy::unwrap_used, reason = "an unwrap in a test is an assertion")]

use std::collections::BTreeSet;

use cilo_spec::model::{Endpoint, EnvironmentSpec, IpamPool, Network, Port, Service, Volume};
use cilo_spec::{DnsSuffix, Identity, IsolateError, IsolatedSpec, Isolation, isolate, isolate::block_needed};
use ipnet::Ipv4Net;
use proptest::prelude::*;

const EVERYTHING: &str = include_str!("fixtures/everything/spec.json");

fn everything() -> EnvironmentSpec {
    serde_json::from_str(EVERYTHING).unwrap()
}

fn isolation(env: &str, subnet: &str) -> Isolation {
    Isolation {
        identity: Identity {
            project: "shop".parse().unwrap(),
            env: env.parse().unwrap(),
            id: format!("id-{env}").parse().unwrap(),
        },
        suffix: DnsSuffix::test(),
        subnet: subnet.parse().unwrap(),
        source: "/home/me/shop".into(),
        workspace: format!("/home/me/.cilo/envs/shop/{env}").into(),
    }
}

#[test]
fn the_report_names_every_change_and_every_warning() {
    let isolated = isolate(&everything(), &isolation("a", "10.224.4.0/22")).unwrap();
    let report = isolated.report();
    let changes: Vec<String> = report.changes.iter().map(ToString::to_string).collect();
    let warnings: Vec<String> = report.warnings.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!("everything-changes", changes.join("\n"));
    insta::assert_snapshot!("everything-warnings", warnings.join("\n"));
}

#[test]
fn the_isolated_model_is_as_expected() {
    let isolated = isolate(&everything(), &isolation("a", "10.224.4.0/22")).unwrap();
    let json = serde_json::to_string_pretty(isolated.environment()).unwrap();
    insta::assert_snapshot!("everything-isolated", json);
}

#[test]
fn isolating_twice_changes_nothing_more() {
    let isolation = isolation("a", "10.224.4.0/22");
    let once = isolate(&everything(), &isolation).unwrap();
    let twice = isolate(once.environment(), &isolation).unwrap();
    let names = |spec: &IsolatedSpec| {
        let spec = spec.environment();
        let networks = spec.networks.values().map(|network| network.name.clone());
        networks
            .chain(spec.volumes.values().map(|volume| volume.name.clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&once), names(&twice));
}

#[test]
fn addresses_that_make_no_sense_are_refused_by_name() {
    let mut spec = everything();
    let endpoint = Endpoint {
        ipv4_address: "10.9.9.9".to_owned(),
        ..Endpoint::default()
    };
    spec.services
        .get_mut("web")
        .unwrap()
        .networks
        .insert("front".to_owned(), Some(endpoint));
    let error = isolate(&spec, &isolation("a", "10.224.4.0/22")).unwrap_err();
    insta::assert_snapshot!(error, @"services.web.networks.front.ipv4_address: `10.9.9.9` is not in a subnet that the network `front` declares under `ipam.config`");

    let mut spec = everything();
    spec.networks.get_mut("back").unwrap().ipam.config[0].subnet = "many".to_owned();
    let error = isolate(&spec, &isolation("a", "10.224.4.0/22")).unwrap_err();
    insta::assert_snapshot!(error, @"networks.back.ipam: `many` is not an IP address or subnet");
}

#[test]
fn services_that_share_a_built_image_still_share_it() {
    let service = |image: &str, build: bool| Service {
        image: image.to_owned(),
        build: build.then(Default::default),
        ..Service::default()
    };
    let services = [
        ("api", service("acme/app", true)),
        ("worker", service("acme/app:latest", false)),
        ("jobs", service("acme/app", true)),
        ("older", service("acme/app:1", false)),
        ("own", service("", true)),
        ("user", service("p-own", false)),
    ];
    let services = services
        .into_iter()
        .map(|(name, service)| (name.to_owned(), service))
        .collect();
    let spec = EnvironmentSpec {
        name: "p".to_owned(),
        services,
        ..EnvironmentSpec::default()
    };
    let isolated = isolate(&spec, &isolation("a", "10.224.1.0/24")).unwrap();
    let images = isolated
        .environment()
        .services
        .iter()
        .map(|(name, service)| format!("{name} {}", service.image));
    insta::assert_snapshot!(images.collect::<Vec<_>>().join("\n"), @r"
    api cilo_shop_a_api
    jobs cilo_shop_a_api
    older acme/app:1
    own cilo_shop_a_own
    user cilo_shop_a_own
    worker cilo_shop_a_api
    ");
}

#[test]
fn blocks_grow_with_the_networks() {
    let spec_of = |services: usize, networks: usize| {
        let mut spec = EnvironmentSpec::default();
        for n in 0..networks {
            spec.networks.insert(format!("n{n}"), Network::default());
        }
        for s in 0..services {
            let networks = (0..networks).map(|n| (format!("n{n}"), None)).collect();
            spec.services.insert(
                format!("s{s}"),
                Service {
                    networks,
                    ..Service::default()
                },
            );
        }
        spec
    };
    assert_eq!(block_needed(&spec_of(0, 0)).unwrap(), 24);
    assert_eq!(block_needed(&spec_of(200, 1)).unwrap(), 24);
    assert_eq!(block_needed(&spec_of(300, 1)).unwrap(), 23);
    assert_eq!(block_needed(&spec_of(100, 3)).unwrap(), 23);
    assert_eq!(block_needed(&everything()).unwrap(), 24);
    let mut many = spec_of(1, 1);
    many.services.get_mut("s0").unwrap().scale = Some(70_000);
    assert!(matches!(block_needed(&many), Err(IsolateError::TooLarge { .. })));
    let small = isolate(&spec_of(300, 1), &isolation("a", "10.224.4.0/24")).unwrap_err();
    insta::assert_snapshot!(small, @"the networks need a /23 of addresses and the environment has 10.224.4.0/24; fewer services per network or a larger subnet would fit");
}

fn key() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9._-]{1,8}"
}

prop_compose! {
    fn any_spec()(
        networks in prop::collection::btree_map(key(), (any::<bool>(), 0_u8..3), 1..5),
        volumes in prop::collection::btree_map(key(), prop::option::of("[a-z]{1,3}"), 0..4),
        services in prop::collection::btree_map(
            key(), (prop::option::of("[a-z]{1,6}"), 0_u16..3, any::<bool>(), any::<prop::sample::Index>()), 1..6),
    ) -> EnvironmentSpec {
        let mut spec = EnvironmentSpec { name: "p".to_owned(), ..EnvironmentSpec::default() };
        for (key, (named, declared)) in networks {
            let mut network = Network { name: format!("p_{key}"), ..Network::default() };
            if named { network.name = "fixed".to_owned(); }
            if declared > 0 {
                network.ipam.config.push(IpamPool { subnet: format!("172.{}.0.0/16", 20 + declared), ..IpamPool::default() });
            }
            spec.networks.insert(key, network);
        }
        for (key, name) in volumes {
            let name = name.unwrap_or_else(|| format!("p_{key}"));
            spec.volumes.insert(key, Volume { name, ..Volume::default() });
        }
        let keys: Vec<String> = spec.networks.keys().cloned().collect();
        for (name, (container_name, ports, build, network)) in services {
            let key = network.get(&keys).clone();
            let service = Service {
                container_name: container_name.unwrap_or_default(),
                build: build.then(Default::default),
                ports: (0..ports)
                    .map(|n| Port { target: 80 + n, published: format!("{}", 8080 + n), ..Port::default() })
                    .collect(),
                networks: [(key, None)].into(),
                ..Service::default()
            };
            spec.services.insert(name, service);
        }
        spec
    }
}

/// Everything of an environment that an engine keeps apart by name or address.
fn held(isolated: &IsolatedSpec) -> (BTreeSet<String>, Vec<Ipv4Net>) {
    let spec = isolated.environment();
    let mut names: BTreeSet<String> = BTreeSet::new();
    names.extend(
        spec.networks
            .values()
            .map(|network| format!("network {}", network.name)),
    );
    names.extend(
        spec.volumes
            .values()
            .map(|volume| format!("volume {}", volume.name)),
    );
    for (name, service) in &spec.services {
        assert!(service.ports.is_empty() && service.container_name.is_empty());
        names.insert(cilo_spec::names::container(isolated.identity(), name, 1));
        if service.build.is_some() {
            names.insert(format!("image {}", service.image));
        }
        for alias in service
            .networks
            .values()
            .flatten()
            .flat_map(|endpoint| &endpoint.aliases)
        {
            if alias.ends_with(".test") {
                names.insert(format!("name {alias}"));
            }
        }
    }
    let subnets = spec.networks.values().flat_map(|network| &network.ipam.config);
    (names, subnets.map(|pool| pool.subnet.parse().unwrap()).collect())
}

proptest! {
    #[test]
    fn two_copies_share_no_name_and_no_address(spec in any_spec()) {
        let one = held(&isolate(&spec, &isolation("a", "10.224.1.0/24")).unwrap());
        let two = held(&isolate(&spec, &isolation("b", "10.224.2.0/24")).unwrap());
        prop_assert!(one.0.is_disjoint(&two.0), "{:?}", one.0.intersection(&two.0).collect::<Vec<_>>());
        for (index, net) in one.1.iter().enumerate() {
            prop_assert!("10.224.1.0/24".parse::<Ipv4Net>().unwrap().contains(net));
            for other in one.1.iter().skip(index + 1).chain(&two.1) {
                prop_assert!(!net.contains(other) && !other.contains(net));
            }
        }
    }

    #[test]
    fn what_had_one_name_still_has_one(spec in any_spec()) {
        let isolated = isolate(&spec, &isolation("a", "10.224.1.0/24")).unwrap();
        for (a, before) in &spec.volumes {
            for (b, other) in &spec.volumes {
                let after = &isolated.environment().volumes;
                prop_assert_eq!(before.name == other.name, after[a].name == after[b].name);
            }
        }
    }
}

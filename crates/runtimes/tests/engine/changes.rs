// SPDX-License-Identifier: MIT
//! Bringing environments up again: what changed is replaced, and nothing else.

use std::collections::BTreeMap;

use cilo_runtimes::{Event, Reason, UpOptions};
use cilo_spec::ReplicaState;
use serde_json::json;

use crate::support::{Env, for_each_engine, free_subnet, idle, idle_with};

async fn ids(env: &Env) -> BTreeMap<String, String> {
    let status = env.status().await;
    status
        .into_values()
        .flat_map(|service| service.replicas)
        .map(|replica| (replica.name, replica.container))
        .collect()
}

#[test]
fn a_second_time_changes_nothing() {
    for_each_engine(|env| async move {
        let spec = env.project(json!({
            "services": { "a": idle(), "b": idle_with(json!({
                "volumes": [{ "type": "volume", "source": "data", "target": "/data" }],
            }))},
            "volumes": { "data": {} },
        }));
        env.up(&spec).await;
        let before = ids(&env).await;
        let outcome = env.up(&spec).await;
        assert_eq!(
            (
                outcome.created,
                outcome.recreated,
                outcome.started,
                outcome.unchanged
            ),
            (0, 0, 0, 2)
        );
        assert_eq!(ids(&env).await, before);
        let forced = UpOptions {
            recreate: true,
            ..UpOptions::default()
        };
        assert_eq!(env.up_with(&spec, &forced).await.unwrap().recreated, 2);
    });
}

#[test]
fn a_change_replaces_one_service_and_stopped_ones_start() {
    for_each_engine(|env| async move {
        let spec = |value: &str| {
            env.spec(json!({
                "a": idle_with(json!({ "environment": { "VALUE": value } })),
                "b": idle(),
                "c": idle(),
            }))
        };
        env.up(&spec("one")).await;
        let before = env.status().await;
        assert_eq!(env.run("c", &["kill", "1"]).await.0, 0);
        env.until("c is stopped", async || {
            env.status().await["c"].replicas[0].state == ReplicaState::Exited
        })
        .await;
        let outcome = env.up(&spec("two")).await;
        assert_eq!((outcome.recreated, outcome.started, outcome.unchanged), (1, 2, 1));
        let after = env.status().await;
        let id = |status: &BTreeMap<String, cilo_spec::ServiceStatus>, service: &str| {
            status[service].replicas[0].container.clone()
        };
        assert_ne!(id(&before, "a"), id(&after, "a"));
        assert_eq!(id(&before, "b"), id(&after, "b"));
        assert_eq!(id(&before, "c"), id(&after, "c"));
        assert_eq!(env.run("a", &["sh", "-c", "echo $VALUE"]).await.1.trim(), "two");
        assert_eq!(after["a"].replicas[0].name, before["a"].replicas[0].name);
        assert!(
            env.place(|event| matches!(
                event,
                Event::ContainerRecreated {
                    why: Reason::Changed,
                    ..
                }
            ))
            .is_some()
        );
    });
}

#[test]
fn anonymous_volumes_outlive_a_replacement_and_not_the_environment() {
    for_each_engine(|env| async move {
        let spec = |value: &str| {
            env.spec(json!({ "a": idle_with(json!({
                "environment": { "VALUE": value },
                "volumes": [{ "type": "volume", "target": "/kept" }],
            }))}))
        };
        env.up(&spec("one")).await;
        assert_eq!(env.run("a", &["touch", "/kept/file"]).await.0, 0);
        for value in ["two", "three"] {
            assert_eq!(env.up(&spec(value)).await.recreated, 1);
            assert_eq!(env.run("a", &["ls", "/kept"]).await.1.trim(), "file");
        }
    });
}

#[test]
fn replicas_come_and_go_with_their_numbers() {
    for_each_engine(|env| async move {
        let spec = |scale: u32| env.spec(json!({ "a": idle_with(json!({ "scale": scale })), "b": idle() }));
        env.up(&spec(2)).await;
        let two = ids(&env).await;
        assert_eq!(two.len(), 3);
        // Both answer to the service's name.
        let (_, text) = env.run("b", &["nslookup", "a"]).await;
        for replica in &env.status().await["a"].replicas {
            let address = replica.addresses["default"].to_string();
            assert!(text.contains(&address), "{address}: {text}");
        }
        let outcome = env.up(&spec(1)).await;
        assert_eq!((outcome.removed, outcome.unchanged), (1, 2));
        let one = ids(&env).await;
        assert_eq!(one.len(), 2);
        assert!(one.iter().all(|(name, id)| two.get(name) == Some(id)));
    });
}

#[test]
fn orphans_go_and_a_part_can_be_brought_up() {
    for_each_engine(|env| async move {
        let both = env.spec(json!({
            "a": idle(),
            "b": idle_with(json!({ "depends_on": { "a": { "condition": "service_started" } } })),
            "c": idle(),
        }));
        let options = UpOptions {
            services: ["b".to_owned()].into(),
            ..UpOptions::default()
        };
        assert_eq!(env.up_with(&both, &options).await.unwrap().created, 2);
        assert_eq!(env.up(&both).await.created, 1);
        let outcome = env.up(&env.spec(json!({ "a": idle(), "b": idle() }))).await;
        assert_eq!((outcome.removed, outcome.unchanged), (1, 2));
        assert!(
            env.place(|event| matches!(
                event,
                Event::ContainerRemoved {
                    why: Some(Reason::Orphan),
                    ..
                }
            ))
            .is_some()
        );
        let unknown = UpOptions {
            services: ["nope".to_owned()].into(),
            ..UpOptions::default()
        };
        let error = env.up_with(&both, &unknown).await.unwrap_err().to_string();
        assert!(
            error.contains("services.nope is not a service of the project"),
            "{error}"
        );
    });
}

#[test]
fn a_network_that_moved_takes_its_containers_with_it() {
    for_each_engine(|mut env| async move {
        env.up(&env.spec(json!({ "a": idle(), "b": idle() }))).await;
        let old = env.isolation.subnet;
        env.isolation.subnet = free_subnet(&*env.runtime).await;
        let outcome = env.up(&env.spec(json!({ "a": idle(), "b": idle() }))).await;
        assert_eq!(outcome.recreated, 2);
        for service in env.status().await.values() {
            let address = service.replicas[0].addresses["default"];
            assert!(
                env.isolation.subnet.contains(&address) && !old.contains(&address),
                "{address}"
            );
        }
    });
}

#[test]
fn a_dependant_restarts_with_what_it_depends_on() {
    for_each_engine(|env| async move {
        let spec = |value: &str| {
            env.spec(json!({
                "a": idle_with(json!({ "environment": { "VALUE": value } })),
                "b": idle_with(json!({ "depends_on": { "a": { "condition": "service_started", "restart": true } } })),
                "c": idle_with(json!({ "depends_on": { "a": { "condition": "service_started" } } })),
            }))
        };
        env.up(&spec("one")).await;
        let outcome = env.up(&spec("two")).await;
        assert_eq!((outcome.recreated, outcome.started, outcome.unchanged), (1, 2, 1));
        assert!(env.started("a") < env.started("b"));
    });
}

#[test]
fn a_fixed_address_passes_to_the_successor() {
    for_each_engine(|env| async move {
        let spec = |value: &str| {
            env.project(json!({
                "services": { "a": idle_with(json!({
                    "environment": { "VALUE": value },
                    "networks": { "fixed": { "ipv4_address": "172.30.9.77" } },
                }))},
                "networks": { "fixed": { "ipam": { "config": [{ "subnet": "172.30.9.0/24" }] } } },
            }))
        };
        env.up(&spec("one")).await;
        let before = env.status().await["a"].replicas[0].addresses["fixed"];
        // Two networks share the environment's addresses: the fixed one has the second half.
        assert_eq!(before.octets()[3], 128 + 77);
        assert_eq!(env.up(&spec("two")).await.recreated, 1);
        assert_eq!(env.status().await["a"].replicas[0].addresses["fixed"], before);
    });
}

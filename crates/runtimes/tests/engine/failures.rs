// SPDX-License-Identifier: MIT
//! What goes wrong: undone, told, mended by the same command.

use std::time::Duration;

use cilo_runtimes::{Event, RuntimeError, Unavailable, UpError, UpOptions};
use cilo_spec::ReplicaState;
use serde_json::json;

use crate::support::{for_each_engine, idle, idle_with, report};

#[test]
fn a_failure_undoes_what_was_made() {
    for_each_engine(|env| async move {
        let spec = env.project(json!({
            "services": {
                "good": idle_with(json!({ "volumes": [{ "type": "volume", "source": "data", "target": "/data" }] })),
                "bad": idle_with(json!({
                    "command": ["/no/such/program"],
                    "init": false,
                    "depends_on": { "good": { "condition": "service_started" } },
                })),
            },
            "volumes": { "data": {} },
        }));
        let error = env.up_with(&spec, &UpOptions::default()).await.unwrap_err();
        let text = report(&error);
        assert!(text.contains("start container `bad 1`"), "{text}");
        assert!(text.contains("/no/such/program"), "{text}");
        let UpError::Failed {
            others, leftovers, ..
        } = error
        else {
            panic!("{text}");
        };
        assert!(
            others.is_empty() && leftovers.is_empty(),
            "{others:?} {leftovers:?}"
        );
        assert!(env.place(|event| *event == Event::Undoing).is_some());
        let left = env.runtime.contents(&env.isolation.identity.id).await.unwrap();
        assert!(left.is_empty(), "{left:?}");
    });
}

#[test]
fn a_failed_change_leaves_the_old_containers_running() {
    for_each_engine(|env| async move {
        let before = env.up(&env.spec(json!({ "a": idle(), "b": idle() }))).await;
        let bad = env.spec(json!({
            "a": idle_with(json!({ "command": ["/no/such/program"], "init": false })),
            "b": idle(),
            "c": idle(),
        }));
        let error = env.up_with(&bad, &UpOptions::default()).await.unwrap_err();
        assert!(matches!(error, UpError::Failed { .. }), "{error}");
        let after = env.status().await;
        assert_eq!(after.len(), 2);
        for old in before.services {
            let now = &after[&old.service].replicas[0];
            assert_eq!(now.container, old.replicas[0].container);
            assert_eq!(now.name, old.replicas[0].name);
            assert_eq!(now.state, ReplicaState::Running);
        }
    });
}

#[test]
fn a_cancelled_run_leaves_nothing() {
    for_each_engine(|env| async move {
        let spec = env.spec(json!({
            "db": idle_with(json!({
                "healthcheck": { "test": ["CMD", "false"], "interval": "100s", "start_period": "100s" },
            })),
            "api": idle_with(json!({ "depends_on": { "db": { "condition": "service_healthy" } }})),
        }));
        let options = UpOptions::default();
        let cancel = options.cancel.clone();
        let cancelling = async {
            env.until("db is started", async || env.started("db").is_some())
                .await;
            cancel.cancel();
        };
        let (result, ()) = tokio::join!(env.up_with(&spec, &options), cancelling);
        assert!(matches!(result, Err(UpError::Cancelled { leftovers }) if leftovers.is_empty()));
        let left = env.runtime.contents(&env.isolation.identity.id).await.unwrap();
        assert!(left.is_empty(), "{left:?}");
    });
}

#[test]
fn a_run_that_was_cut_off_is_mended() {
    for_each_engine(|env| async move {
        let spec = |value: &str| {
            env.spec(json!({
                "a": idle_with(json!({ "environment": { "VALUE": value } })),
                "b": idle_with(json!({ "environment": { "VALUE": value } })),
                "c": idle_with(json!({ "environment": { "VALUE": value } })),
            }))
        };
        env.up(&spec("one")).await;
        // Dropping the run at some point is what a kill does, but for what is on its way.
        for (round, delay) in [20, 60, 120, 200, 350].into_iter().enumerate() {
            let spec = spec(&format!("round {round}"));
            let options = UpOptions::default();
            let run = env.runtime.up(&spec, &options, &());
            let cut = tokio::time::timeout(Duration::from_millis(delay), run).await;
            drop(cut);
            env.up(&spec).await;
            let contents = env.runtime.contents(&env.isolation.identity.id).await.unwrap();
            assert_eq!(
                contents.containers.len(),
                3,
                "{delay} ms: {:?}",
                contents.containers
            );
            for (name, service) in env.status().await {
                assert_eq!(
                    service.replicas[0].state,
                    ReplicaState::Running,
                    "{delay} ms: {name}"
                );
                let (_, value) = env.run(&name, &["sh", "-c", "echo $VALUE"]).await;
                assert_eq!(value.trim(), format!("round {round}"), "{delay} ms");
            }
        }
    });
}

#[test]
fn an_image_that_cannot_be_had_is_named() {
    for_each_engine(|env| async move {
        let spec = env.spec(json!({
            "a": idle_with(json!({ "image": "registry.invalid/none:1" })),
            "b": idle(),
        }));
        let error = env.up_with(&spec, &UpOptions::default()).await.unwrap_err();
        let UpError::Failed { first, .. } = &error else {
            panic!("{}", report(&error));
        };
        assert!(
            matches!(&**first, RuntimeError::ImageUnavailable { image, reason: Unavailable::Offline, .. }
                if image == "registry.invalid/none:1"),
            "{}",
            report(&error)
        );
        let never = env.spec(json!({
            "a": idle_with(json!({ "image": "registry.invalid/none:1", "pull_policy": "never" })),
        }));
        let error = env.up_with(&never, &UpOptions::default()).await.unwrap_err();
        assert!(
            report(&error).contains("its pull_policy is never"),
            "{}",
            report(&error)
        );
        assert!(
            env.runtime
                .contents(&env.isolation.identity.id)
                .await
                .unwrap()
                .is_empty()
        );
    });
}

#[test]
fn a_subnet_in_use_is_named() {
    for_each_engine(|env| async move {
        env.up(&env.spec(json!({ "a": idle() }))).await;
        let mut other = env.isolation.clone();
        other.identity.id = uuid::Uuid::now_v7().to_string().parse().unwrap();
        other.identity.env = "overlap".parse().unwrap();
        let spec: cilo_spec::EnvironmentSpec = serde_json::from_value(json!({
            "name": "runtimes",
            "services": { "a": { "image": "busybox:latest", "networks": { "default": null } } },
            "networks": { "default": {} },
        }))
        .unwrap();
        let spec = cilo_spec::isolate(&spec, &other).unwrap();
        let error = env.up_with(&spec, &UpOptions::default()).await.unwrap_err();
        let UpError::Failed { first, .. } = &error else {
            panic!("{}", report(&error));
        };
        assert!(
            matches!(&**first, RuntimeError::AddressPoolOverlap { .. }),
            "{}",
            report(&error)
        );
    });
}

#[test]
fn what_the_engine_cannot_do_is_refused_before_anything_is_made() {
    for_each_engine(|env| async move {
        let about = env.runtime.about().await.unwrap();
        if about.api_version != "1.41" {
            return;
        }
        let spec = env.spec(json!({
            "ok": idle(),
            "bad": idle_with(json!({
                "healthcheck": { "test": ["CMD", "true"], "start_interval": "1s", "start_period": "1s" },
                "volumes": [{ "type": "image", "source": "busybox:latest", "target": "/image" }],
            })),
        }));
        let error = env.up_with(&spec, &UpOptions::default()).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "this container engine cannot run it: services.bad.healthcheck.start_interval needs engine API 1.44, \
             this engine has 1.41; services.bad.volumes./image needs engine API 1.48, this engine has 1.41"
        );
        assert!(
            env.runtime
                .contents(&env.isolation.identity.id)
                .await
                .unwrap()
                .is_empty()
        );
    });
}

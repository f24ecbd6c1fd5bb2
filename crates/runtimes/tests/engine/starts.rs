// SPDX-License-Identifier: MIT
//! Bringing environments up: order, conditions, files, networks.

use cilo_runtimes::{DependencyFailure, Event, UpError, UpOptions};
use cilo_spec::{Health, ReplicaState};
use serde_json::{Value, json};

use crate::support::{for_each_engine, idle, idle_with, report};

#[test]
fn six_services_start_and_are_seen() {
    for_each_engine(|env| async move {
        let services: serde_json::Map<String, Value> =
            (1..=6).map(|number| (format!("s{number}"), idle())).collect();
        let outcome = env.up(&env.spec(services.into())).await;
        assert_eq!(
            (outcome.created, outcome.started, outcome.services.len()),
            (6, 6, 6)
        );
        let subnet = env.isolation.subnet;
        for service in &outcome.services {
            let replica = &service.replicas[0];
            assert_eq!(replica.state, ReplicaState::Running);
            let address = replica.addresses["default"];
            assert!(subnet.contains(&address), "{address} is in {subnet}");
        }
        assert!(outcome.timings.len() >= 14, "{:?}", outcome.timings);
    });
}

#[test]
fn every_condition_is_waited_for() {
    for_each_engine(|env| async move {
        let check = json!({ "test": ["CMD", "test", "-e", "/ready"], "interval": "1s", "retries": 60 });
        let spec = env.spec(json!({
            "db": idle_with(json!({
                "command": ["sh", "-c", "sleep 1; touch /ready; exec sleep 100000"],
                "healthcheck": check,
            })),
            "migrate": {
                "image": "busybox:latest",
                "command": ["sh", "-c", "sleep 0.3"],
                "depends_on": { "db": { "condition": "service_healthy" } },
            },
            "api": idle_with(json!({ "depends_on": {
                "db": { "condition": "service_healthy" },
                "migrate": { "condition": "service_completed_successfully" },
            }})),
            "web": idle_with(json!({ "depends_on": { "api": { "condition": "service_started" } }})),
            "alone": idle(),
        }));
        let outcome = env.up(&spec).await;
        let order: Vec<usize> = ["db", "migrate", "api", "web"]
            .iter()
            .map(|service| env.started(service).unwrap())
            .collect();
        assert!(order.is_sorted(), "{order:?}");
        assert!(env.started("alone") < env.started("migrate"));
        let healthy = env.place(
            |event| matches!(event, Event::ContainerHealthy { replica, .. } if replica.service == "db"),
        );
        assert!(healthy < env.started("migrate"));
        let ended = env.place(|event| matches!(event, Event::ContainerExited { exit_code: 0, .. }));
        assert!(ended.is_some() && ended < env.started("api"));
        let db = outcome
            .services
            .iter()
            .find(|service| service.service == "db")
            .unwrap();
        assert_eq!(db.replicas[0].health, Some(Health::Healthy));
        // A second time, the one-shot is done and the rest runs.
        let again = env.up(&spec).await;
        assert_eq!((again.started, again.unchanged), (0, 5));
    });
}

#[test]
fn an_unhealthy_dependency_is_told_and_left_for_its_logs() {
    for_each_engine(|env| async move {
        let spec = env.spec(json!({
            "db": idle_with(json!({
                "healthcheck": { "test": ["CMD", "false"], "interval": "1s", "retries": 1 },
            })),
            "api": idle_with(json!({ "depends_on": { "db": { "condition": "service_healthy" } }})),
        }));
        let error = env.up_with(&spec, &UpOptions::default()).await.unwrap_err();
        assert_eq!(error.to_string(), "`api` was not started: `db` is unhealthy");
        let status = env.status().await;
        assert_eq!(status["db"].replicas[0].health, Some(Health::Unhealthy));
        assert_eq!(status["api"].replicas[0].state, ReplicaState::Created);
    });
}

#[test]
fn a_failed_or_late_dependency_is_told() {
    for_each_engine(|env| async move {
        let one_shot = |command: &str| json!({ "image": "busybox:latest", "command": ["sh", "-c", command] });
        let after = |required: bool| {
            idle_with(json!({ "depends_on": {
                "job": { "condition": "service_completed_successfully", "required": required },
            }}))
        };
        let spec = env.spec(json!({ "job": one_shot("exit 3"), "api": after(true) }));
        let error = env.up_with(&spec, &UpOptions::default()).await.unwrap_err();
        assert!(
            matches!(
                &error,
                UpError::Dependency {
                    reason: DependencyFailure::Exited(3),
                    ..
                }
            ),
            "{error}"
        );
        env.until("the list shows it", async || {
            env.status().await["job"].replicas[0].exit_code == Some(3)
        })
        .await;
        let spec = env.spec(json!({ "job": one_shot("exit 3"), "api": after(false) }));
        env.up(&spec).await;
        assert!(
            env.place(|event| matches!(event, Event::Warning { .. }))
                .is_some()
        );
        assert!(env.started("api").is_some());
        let spec = env.spec(json!({ "job": one_shot("sleep 1000"), "api": after(true) }));
        let options = UpOptions {
            dependency_timeout: Some(std::time::Duration::from_secs(1)),
            recreate: true,
            ..UpOptions::default()
        };
        let error = env.up_with(&spec, &options).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "`api` was not started: `job` was not complete after 1 s"
        );
    });
}

#[test]
fn a_condition_that_cannot_come_true_is_told() {
    for_each_engine(|env| async move {
        let spec = env.spec(json!({
            "db": idle(),
            "api": idle_with(json!({ "depends_on": { "db": { "condition": "service_healthy" } }})),
        }));
        let error = env.up_with(&spec, &UpOptions::default()).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "`api` was not started: `db` has no health check to wait for"
        );
    });
}

#[test]
fn secrets_and_configs_arrive() {
    for_each_engine(|env| async move {
        env.write("secret.txt", "from a file");
        let project = |content: &str| {
            let mut spec = json!({
                "services": { "app": idle_with(json!({
                    "secrets": [{ "source": "file" }, { "source": "variable", "target": "renamed", "mode": "0400", "uid": "7" }],
                    "configs": [{ "source": "inline", "target": "/etc/app/inline.conf" }],
                }))},
                "secrets": {
                    "file": { "file": env.path("secret.txt") },
                    "variable": { "environment": "TOKEN" },
                },
                "configs": { "inline": { "content": content } },
            });
            spec["networks"]["default"] = json!({});
            spec["services"]["app"]["networks"]["default"] = json!({});
            spec["name"] = "runtimes".into();
            let mut spec: cilo_spec::EnvironmentSpec = serde_json::from_value(spec).unwrap();
            spec.secrets.get_mut("variable").unwrap().value = Some("from a variable".to_owned());
            cilo_spec::isolate(&spec, &env.isolation).unwrap()
        };
        env.up(&project("one")).await;
        let read = async |path: &str| env.run("app", &["cat", path]).await.1;
        assert_eq!(read("/run/secrets/file").await, "from a file");
        assert_eq!(read("/run/secrets/renamed").await, "from a variable");
        assert_eq!(read("/etc/app/inline.conf").await, "one");
        let (_, stat) = env
            .run("app", &["stat", "-c", "%a %u", "/run/secrets/renamed"])
            .await;
        assert_eq!(stat.trim(), "400 7");
        assert_eq!(env.up(&project("one")).await.unchanged, 1);
        assert_eq!(env.up(&project("two")).await.recreated, 1);
        assert_eq!(read("/etc/app/inline.conf").await, "two");
        env.write("secret.txt", "changed");
        assert_eq!(env.up(&project("two")).await.recreated, 1);
    });
}

#[test]
fn networks_separate_and_names_resolve() {
    for_each_engine(|env| async move {
        // `wget` would do, were it not for the C library in statically linked tools.
        fn fetch(host: &str) -> [&str; 5] {
            let script = r#"printf 'GET / HTTP/1.0\r\n\r\n' | nc -w 3 "$1" 80 | tail -n 1"#;
            ["sh", "-c", script, "sh", host]
        }
        let serve = "echo here > /tmp/index.html; exec httpd -f -p 80 -h /tmp";
        let spec = env.project(json!({
            "services": {
                "front": idle_with(json!({ "networks": { "outer": null } })),
                "both": idle_with(json!({ "networks": { "outer": null, "inner": { "aliases": ["middle"] } } })),
                "back": idle_with(json!({
                    "command": ["sh", "-c", serve],
                    "networks": { "inner": { "aliases": ["store"] } },
                    "container_name": "old-name",
                    "hostname": "given",
                })),
            },
            "networks": { "outer": {}, "inner": { "internal": true } },
        }));
        env.up(&spec).await;
        let env_name = env.isolation.identity.env.as_str();
        for name in [
            "back",
            "store",
            "old-name",
            "given",
            &format!("back.{env_name}.test"),
        ] {
            let (code, text) = env.run("both", &fetch(name)).await;
            assert_eq!((code, text.trim()), (0, "here"), "{name}");
        }
        assert_ne!(env.run("front", &["nslookup", "back"]).await.0, 0);
        let status = env.status().await;
        let address = status["back"].replicas[0].addresses["inner"].to_string();
        assert_eq!(env.run("both", &fetch(&address)).await.1.trim(), "here");
        assert_ne!(env.run("front", &fetch(&address)).await.1.trim(), "here");
        assert_eq!(status["both"].replicas[0].addresses.len(), 2);
    });
}

#[test]
fn namespaces_of_other_services_are_joined() {
    for_each_engine(|env| async move {
        let spec = env.spec(json!({
            "main": idle_with(json!({ "hostname": "shared-host" })),
            "side": idle_with(json!({
                "network_mode": "service:main",
                "depends_on": { "main": { "condition": "service_started", "restart": true } },
            })),
        }));
        env.up(&spec).await;
        assert_eq!(env.run("side", &["hostname"]).await.1.trim(), "shared-host");
        assert_eq!(env.status().await["side"].network_of.as_deref(), Some("main"));
    });
}

#[test]
fn hooks_run_around_the_start() {
    for_each_engine(|env| async move {
        let spec = env.project(json!({
            "services": { "app": idle_with(json!({
                "volumes": [{ "type": "volume", "source": "data", "target": "/data" }],
                "pre_start": [{ "command": ["sh", "-c", "echo pre >> /data/log"] }],
                "post_start": [{ "command": ["sh", "-c", "echo post >> /data/log"] }],
            }))},
            "volumes": { "data": {} },
        }));
        env.up(&spec).await;
        assert_eq!(env.run("app", &["cat", "/data/log"]).await.1, "pre\npost\n");
        assert_eq!(env.status().await["app"].replicas.len(), 1);
        let broken = env.project(json!({
            "services": { "app": idle_with(json!({
                "volumes": [{ "type": "volume", "source": "data", "target": "/data" }],
                "post_start": [{ "command": ["sh", "-c", "echo why; exit 9"] }],
            }))},
            "volumes": { "data": {} },
        }));
        let error = env.up_with(&broken, &UpOptions::default()).await.unwrap_err();
        assert!(
            report(&error).contains("`post_start` of `app` ended with exit code 9:\n    why"),
            "{}",
            report(&error)
        );
        // The container that ran before is back.
        let status = env.status().await;
        assert_eq!(status["app"].replicas.len(), 1);
        assert_eq!(status["app"].replicas[0].state, ReplicaState::Running);
    });
}

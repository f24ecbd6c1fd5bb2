// SPDX-License-Identifier: MIT
//! Taking environments down: in order, all of it, and nothing else.

use std::sync::Mutex;

use cilo_runtimes::{DownOptions, Event, Filter, UpOptions};
use futures_util::future::join_all;
use serde_json::json;

use crate::support::{for_each_engine, free_subnet, idle, idle_with, report};

#[test]
fn down_goes_backwards_and_keeps_volumes() {
    for_each_engine(|env| async move {
        let spec = env.project(json!({
            "services": {
                "db": idle_with(json!({ "volumes": [{ "type": "volume", "source": "data", "target": "/data" }] })),
                "api": idle_with(json!({
                    "depends_on": { "db": { "condition": "service_started" } },
                    "pre_stop": [{ "command": ["true"] }],
                })),
                "web": idle_with(json!({ "depends_on": { "api": { "condition": "service_started" } } })),
            },
            "volumes": { "data": {} },
        }));
        env.up(&spec).await;
        assert_eq!(env.run("db", &["touch", "/data/file"]).await.0, 0);
        let order = Mutex::new(Vec::new());
        let sink = |event: Event| match event {
            Event::ContainerStopped { replica, .. } => order.lock().unwrap().push(replica.service),
            Event::HookEnded { hook, .. } => order.lock().unwrap().push(hook.to_owned()),
            _ => {}
        };
        let id = &env.isolation.identity.id;
        let removed = env
            .runtime
            .down(id, &DownOptions::default(), &sink)
            .await
            .unwrap();
        assert_eq!(*order.lock().unwrap(), ["web", "pre_stop", "api", "db"]);
        assert_eq!((removed.containers.len(), removed.networks.len()), (3, 1));
        let left = env.runtime.contents(id).await.unwrap();
        assert_eq!(
            (left.containers.len(), left.networks.len(), left.volumes.len()),
            (0, 0, 1)
        );
        env.up(&spec).await;
        assert_eq!(env.run("db", &["ls", "/data"]).await.1, "file\n");
        // Nothing is there to take down a third time, and that is no error.
        env.down().await;
        env.down().await;
    });
}

#[test]
fn destroy_takes_all_of_one_environment_and_nothing_of_another() {
    for_each_engine(|env| async move {
        let project = || {
            json!({
                "name": "runtimes",
                "services": { "a": {
                    "command": ["sleep", "100000"],
                    "build": { "context": env.path("context"), "dockerfile": "Dockerfile" },
                    "networks": { "default": null },
                    "volumes": [
                        { "type": "volume", "source": "data", "target": "/data" },
                        { "type": "volume", "target": "/anonymous" },
                    ],
                }},
                "networks": { "default": {} },
                "volumes": { "data": {} },
            })
        };
        env.write("context/Dockerfile", "FROM busybox:latest\nVOLUME /declared\n");
        env.up(&env.project(project())).await;
        let id = &env.isolation.identity.id;
        let mut other = env.isolation.clone();
        other.identity.id = uuid::Uuid::now_v7().to_string().parse().unwrap();
        other.identity.env = format!("o{}", &other.identity.id.as_str()[24..]).parse().unwrap();
        other.subnet = free_subnet(&*env.runtime).await;
        let spec = serde_json::from_value(project()).unwrap();
        let foreign = cilo_spec::isolate(&spec, &other).unwrap();
        env.up(&foreign).await;
        let contents = env.runtime.contents(id).await.unwrap();
        let removed = env.runtime.destroy(id, &()).await.unwrap();
        assert_eq!(removed, contents);
        assert_eq!(
            (
                removed.containers.len(),
                removed.networks.len(),
                removed.volumes.len(),
                removed.images.len()
            ),
            (1, 1, 1, 1)
        );
        assert!(env.runtime.contents(id).await.unwrap().is_empty());
        let kept = env.runtime.contents(&other.identity.id).await.unwrap();
        assert_eq!((kept.containers.len(), kept.images.len()), (1, 1));
        env.runtime.destroy(&other.identity.id, &()).await.unwrap();
        assert!(env.runtime.contents(&other.identity.id).await.unwrap().is_empty());
    });
}

#[test]
fn sixteen_environments_come_and_go_at_once() {
    for_each_engine(|env| async move {
        let isolations: Vec<_> = env
            .isolation
            .subnet
            .subnets(28)
            .unwrap()
            .enumerate()
            .map(|(number, subnet)| {
                let mut other = env.isolation.clone();
                other.identity.id = uuid::Uuid::now_v7().to_string().parse().unwrap();
                other.identity.env = format!("n{number}-{}", env.isolation.identity.env)
                    .parse()
                    .unwrap();
                other.subnet = subnet;
                other
            })
            .collect();
        let spec: cilo_spec::EnvironmentSpec = serde_json::from_value(json!({
            "name": "runtimes",
            "services": { "a": {
                "image": "busybox:latest",
                "command": ["sleep", "100000"],
                "networks": { "default": null },
            }},
            "networks": { "default": {} },
        }))
        .unwrap();
        let ups = isolations.iter().map(|isolation| {
            let (spec, runtime) = (cilo_spec::isolate(&spec, isolation).unwrap(), &env.runtime);
            async move { runtime.up(&spec, &UpOptions::default(), &()).await }
        });
        let failed: Vec<String> = join_all(ups)
            .await
            .into_iter()
            .filter_map(|up| up.err().map(|error| report(&error)))
            .collect();
        let project = isolations[0].identity.project.clone();
        let status = env.runtime.statuses(&Filter::Project(project)).await.unwrap();
        let running = isolations
            .iter()
            .filter(|isolation| status.contains_key(&isolation.identity.id))
            .count();
        let gone = isolations
            .iter()
            .map(|isolation| env.runtime.destroy(&isolation.identity.id, &()));
        for destroyed in join_all(gone).await {
            destroyed.unwrap();
        }
        assert!(failed.is_empty(), "{failed:?}");
        assert_eq!(running, isolations.len());
    });
}

#[test]
fn files_that_containers_left_can_be_removed() {
    for_each_engine(|env| async move {
        env.write("shared/ours", "x");
        let spec = env.spec(json!({ "a": idle_with(json!({
            "volumes": [{ "type": "bind", "source": env.path("shared"), "target": "/shared" }],
        })), "b": idle() }));
        env.up(&spec).await;
        let made = [
            "sh",
            "-c",
            "mkdir -p /shared/deep && touch /shared/deep/theirs && chmod 700 /shared/deep",
        ];
        assert_eq!(env.run("a", &made).await.0, 0);
        let folder = env.folder.path().join("shared");
        env.runtime
            .remove_files(&env.isolation.identity.id, &folder)
            .await
            .unwrap();
        assert_eq!(fs_err::read_dir(&folder).unwrap().count(), 0);
    });
}

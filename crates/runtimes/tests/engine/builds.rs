// SPDX-License-Identifier: MIT
//! Images that are built.

use cilo_runtimes::{Event, StepState, UpOptions};
use serde_json::json;

use crate::support::{for_each_engine, idle_with, report};

#[test]
fn a_context_is_built_without_what_it_ignores() {
    for_each_engine(|env| async move {
        env.write(
            "app/Dockerfile",
            "FROM busybox:latest AS base\nARG WHO=nobody\nCOPY . /app\nRUN echo $WHO > /app/who\n\
             FROM base AS other\nRUN false\nFROM base AS final\nRUN --mount=type=cache,target=/c touch /c/x\n",
        );
        env.write("app/kept/a.txt", "a");
        env.write("app/left/b.txt", "b");
        env.write("app/.dockerignore", "left\n");
        let spec = env.spec(json!({ "app": idle_with(json!({
            "image": null,
            "build": {
                "context": env.path("app"),
                "dockerfile": "Dockerfile",
                "args": { "WHO": "me", "UNSET": null },
                "target": "final",
                "labels": { "mine": "yes" },
            },
        }))}));
        env.up(&spec).await;
        assert_eq!(env.run("app", &["ls", "/app"]).await.1, "Dockerfile\nkept\nwho\n");
        assert_eq!(env.run("app", &["cat", "/app/who"]).await.1, "me\n");
        assert!(
            env.place(|event| matches!(
                event,
                Event::BuildStep {
                    state: StepState::Done(_),
                    ..
                }
            ))
            .is_some()
        );
        assert!(env.place(|event| matches!(event, Event::Built { .. })).is_some());
        // It is there: not built again, unless asked for.
        env.up(&spec).await;
        assert!(env.place(|event| matches!(event, Event::Built { .. })).is_none());
        env.write("app/kept/a.txt", "changed");
        let again = UpOptions {
            build: true,
            ..UpOptions::default()
        };
        assert_eq!(env.up_with(&spec, &again).await.unwrap().recreated, 1);
        assert_eq!(env.run("app", &["cat", "/app/kept/a.txt"]).await.1, "changed");
    });
}

#[test]
fn a_dockerfile_may_be_inline() {
    for_each_engine(|env| async move {
        env.write("context/file", "x");
        let spec = env.spec(json!({ "app": idle_with(json!({
            "image": null,
            "build": {
                "context": env.path("context"),
                "dockerfile_inline": "FROM busybox:latest\nCOPY file /copied\n",
            },
        }))}));
        env.up(&spec).await;
        assert_eq!(env.run("app", &["cat", "/copied"]).await.1, "x");
    });
}

#[test]
fn a_build_may_use_secrets() {
    for_each_engine(|env| async move {
        env.write(
            "context/Dockerfile",
            "FROM busybox:latest\nRUN --mount=type=secret,id=token cp /run/secrets/token /seen\n",
        );
        env.write("token.txt", "hush");
        let spec = env.project(json!({
            "services": { "app": idle_with(json!({
                "image": null,
                "build": {
                    "context": env.path("context"),
                    "dockerfile": "Dockerfile",
                    "secrets": [{ "source": "token" }],
                },
            }))},
            "secrets": { "token": { "file": env.path("token.txt") } },
        }));
        env.up(&spec).await;
        assert_eq!(env.run("app", &["cat", "/seen"]).await.1, "hush");
    });
}

#[test]
fn a_failed_build_shows_its_last_lines() {
    for_each_engine(|env| async move {
        env.write(
            "context/Dockerfile",
            "FROM busybox:latest\nRUN echo the reason && exit 3\n",
        );
        let spec = env.spec(json!({ "app": idle_with(json!({
            "image": null,
            "build": { "context": env.path("context"), "dockerfile": "Dockerfile" },
        }))}));
        let error = env.up_with(&spec, &UpOptions::default()).await.unwrap_err();
        let text = report(&error);
        assert!(text.contains("build of `app` failed:\n    the reason"), "{text}");
        let missing = env.spec(json!({ "app": idle_with(json!({
            "image": null,
            "build": { "context": env.path("nowhere"), "dockerfile": "Dockerfile" },
        }))}));
        let text = report(&env.up_with(&missing, &UpOptions::default()).await.unwrap_err());
        assert!(text.contains("find the Dockerfile"), "{text}");
    });
}

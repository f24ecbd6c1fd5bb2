// SPDX-License-Identifier: MIT
//! What runs: status, events, output, commands.

use std::time::Duration;

use cilo_runtimes::{ExecRequest, Happened, LogOptions, Size, Stream};
use cilo_spec::ReplicaState;
use futures_util::StreamExt;
use serde_json::json;
use tokio::io::AsyncWriteExt;

use crate::support::{DEADLINE, for_each_engine, idle, idle_with};

#[test]
fn a_container_killed_behind_our_back_shows() {
    for_each_engine(|env| async move {
        env.up(&env.spec(json!({ "a": { "image": "busybox:latest", "command": ["sh", "-c", "trap 'exit 5' TERM; while :; do sleep 0.1; done"] }, "b": idle() })))
            .await;
        let mut events = env.runtime.watch(&env.isolation.identity.id).await.unwrap();
        assert_eq!(env.run("a", &["kill", "1"]).await.0, 0);
        let died = async {
            loop {
                let event = events.next().await.unwrap().unwrap();
                if let Happened::Died(code) = event.what {
                    return (event.replica.service, code);
                }
            }
        };
        let died = tokio::time::timeout(DEADLINE, died).await.unwrap();
        assert_eq!(died, ("a".to_owned(), 5));
        env.until("the list shows it too", async || {
            env.status().await["a"].replicas[0].state == ReplicaState::Exited
        })
        .await;
        let status = env.status().await;
        let replica = &status["a"].replicas[0];
        assert_eq!(replica.exit_code, Some(5));
        assert!(replica.addresses.is_empty());
        assert_eq!(status["b"].replicas[0].state, ReplicaState::Running);
    });
}

#[test]
fn output_is_read_to_its_end() {
    for_each_engine(|env| async move {
        let say = |text: &str| json!({ "image": "busybox:latest", "command": ["sh", "-c", text] });
        env.up(&env.spec(json!({ "a": say("echo one; echo two >&2; printf three"), "b": say("echo other") }))).await;
        env.until("both ended", async || {
            env.status()
                .await
                .values()
                .all(|service| service.replicas[0].state == ReplicaState::Exited)
        })
        .await;
        let options = LogOptions {
            services: ["a".to_owned()].into(),
            timestamps: true,
            ..LogOptions::default()
        };
        let lines: Vec<_> = env
            .runtime
            .logs(&env.isolation.identity.id, &options)
            .await
            .unwrap()
            .map(Result::unwrap)
            .collect()
            .await;
        let mut texts: Vec<(Stream, String)> = lines
            .iter()
            .map(|line| (line.stream, String::from_utf8_lossy(&line.bytes).into_owned()))
            .collect();
        texts.sort();
        assert_eq!(
            texts,
            [
                (Stream::Stdout, "one".to_owned()),
                (Stream::Stdout, "three".to_owned()),
                (Stream::Stderr, "two".to_owned()),
            ]
        );
        assert!(
            lines
                .iter()
                .all(|line| line.timestamp.as_ref().unwrap().ends_with('Z'))
        );
    });
}

#[test]
fn followed_output_goes_on_over_restarts_and_new_containers() {
    for_each_engine(|env| async move {
        let counting = |service: &str| {
            idle_with(json!({ "command": ["sh", "-c", format!("echo {service} begins; sleep 100000")] }))
        };
        env.up(&env.spec(json!({ "a": counting("a") }))).await;
        let options = LogOptions {
            follow: true,
            ..LogOptions::default()
        };
        let mut lines = env
            .runtime
            .logs(&env.isolation.identity.id, &options)
            .await
            .unwrap();
        let mut next = async || {
            let line = tokio::time::timeout(DEADLINE, lines.next())
                .await
                .unwrap()
                .unwrap()
                .unwrap();
            String::from_utf8_lossy(&line.bytes).into_owned()
        };
        assert_eq!(next().await, "a begins");
        env.up(&env.spec(json!({ "a": counting("a"), "b": counting("b") })))
            .await;
        assert_eq!(next().await, "b begins");
        assert_eq!(env.run("a", &["kill", "1"]).await.0, 0);
        env.until("a ended", async || {
            env.status().await["a"].replicas[0].state == ReplicaState::Exited
        })
        .await;
        env.up(&env.spec(json!({ "a": counting("a"), "b": counting("b") })))
            .await;
        assert_eq!(next().await, "a begins");
    });
}

#[test]
fn a_command_gives_its_exit_code_and_takes_input() {
    for_each_engine(|env| async move {
        env.up(&env.spec(json!({ "a": idle() }))).await;
        assert_eq!(env.run("a", &["sh", "-c", "exit 7"]).await.0, 7);
        let request = ExecRequest {
            service: "a".to_owned(),
            argv: vec!["cat".to_owned()],
            interactive: true,
            ..ExecRequest::default()
        };
        let id = &env.isolation.identity.id;
        let mut session = env.runtime.exec(id, &request).await.unwrap();
        let mut input = session.input.take().unwrap();
        input.write_all(b"hello").await.unwrap();
        input.shutdown().await.unwrap();
        let (stream, bytes) = session.output.next().await.unwrap().unwrap();
        assert_eq!((stream, &bytes[..]), (Stream::Stdout, &b"hello"[..]));
        assert!(session.output.next().await.is_none());
        assert_eq!(session.control.wait().await.unwrap(), 0);
        let nowhere = ExecRequest {
            service: "nope".to_owned(),
            argv: vec!["true".to_owned()],
            ..ExecRequest::default()
        };
        let error = env.runtime.exec(id, &nowhere).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "`nope` has no running container; `cilo up` starts it"
        );
    });
}

#[test]
fn a_command_has_a_terminal_of_the_right_size() {
    for_each_engine(|env| async move {
        env.up(&env.spec(json!({ "a": idle() }))).await;
        let request = ExecRequest {
            service: "a".to_owned(),
            argv: ["sh", "-c", "test -t 0 && sleep 0.3; stty size; exit 7"]
                .map(str::to_owned)
                .to_vec(),
            tty: true,
            interactive: true,
            env: vec![("TERM".to_owned(), "xterm".to_owned())],
            size: Some(Size {
                width: 91,
                height: 33,
            }),
            ..ExecRequest::default()
        };
        let mut session = env
            .runtime
            .exec(&env.isolation.identity.id, &request)
            .await
            .unwrap();
        let mut text = String::new();
        while let Some(piece) = session.output.next().await {
            text.push_str(&String::from_utf8_lossy(&piece.unwrap().1));
        }
        assert!(text.contains("33 91"), "{text}");
        assert_eq!(session.control.wait().await.unwrap(), 7);
    });
}

#[test]
fn a_signal_reaches_the_command_and_not_the_service() {
    for_each_engine(|env| async move {
        env.up(&env.spec(json!({ "a": idle() }))).await;
        let request = ExecRequest {
            service: "a".to_owned(),
            argv: [
                "sh",
                "-c",
                "trap 'echo caught; exit 4' INT; echo ready; while :; do sleep 0.1; done",
            ]
            .map(str::to_owned)
            .to_vec(),
            ..ExecRequest::default()
        };
        let mut session = env
            .runtime
            .exec(&env.isolation.identity.id, &request)
            .await
            .unwrap();
        let (_, ready) = session.output.next().await.unwrap().unwrap();
        assert_eq!(&ready[..], b"ready\n");
        session.control.signal(2).await.unwrap();
        let caught = tokio::time::timeout(Duration::from_secs(20), session.output.next()).await;
        assert_eq!(&caught.unwrap().unwrap().unwrap().1[..], b"caught\n");
        assert_eq!(session.control.wait().await.unwrap(), 4);
        assert_eq!(env.status().await["a"].replicas[0].state, ReplicaState::Running);
    });
}

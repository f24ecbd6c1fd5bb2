// SPDX-License-Identifier: MIT
//! Getting no connection: each reason has its own message.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use cilo_runtimes::{ConnectError, Endpoint, connect, connect_first};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixListener;

/// Answers every request with `body`.
fn serve(socket: &Path, body: &'static str) {
    let listener = UnixListener::bind(socket).expect("a socket in a fresh folder");
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let read = connection.read(&mut request).await;
            assert!(read.is_ok());
            let head =
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: ";
            let answer = format!("{head}{}\r\n\r\n{body}", body.len());
            let written = connection.write_all(answer.as_bytes()).await;
            drop(written);
        }
    });
}

async fn refused(endpoint: &Endpoint) -> ConnectError {
    connect(endpoint).await.expect_err("no engine is there")
}

#[tokio::test]
async fn every_reason_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| Endpoint::Unix(folder.path().join(name));
    let mut messages = Vec::new();
    let missing = refused(&at("missing.sock")).await;
    assert!(matches!(missing, ConnectError::NoSocket { .. }));
    messages.push(missing.to_string());
    drop(std::os::unix::net::UnixListener::bind(folder.path().join("dead.sock")).unwrap());
    let dead = refused(&at("dead.sock")).await;
    assert!(matches!(dead, ConnectError::NoAnswer { .. }), "{dead:?}");
    messages.push(dead.to_string());
    serve(
        &folder.path().join("old.sock"),
        r#"{"Version":"19.03","ApiVersion":"1.40"}"#,
    );
    let old = refused(&at("old.sock")).await;
    assert!(matches!(old, ConnectError::TooOld { .. }), "{old:?}");
    messages.push(old.to_string());
    serve(
        &folder.path().join("other.sock"),
        r#"{"ApiVersion":"1.41","Components":[{"Name":"Podman Engine","Version":"4.3.1"}]}"#,
    );
    let other = refused(&at("other.sock")).await;
    assert!(matches!(other, ConnectError::UnknownEngine { .. }), "{other:?}");
    messages.push(other.to_string());
    let none = connect_first(&[at("missing.sock")]).await.unwrap_err();
    assert!(matches!(none, ConnectError::NoneFound { .. }));
    messages.push(none.to_string());
    let text = messages
        .join("\n")
        .replace(&folder.path().display().to_string(), "@");
    insta::assert_snapshot!(text, @r"
    no container engine: there is no socket at unix://@/missing.sock; install and start Docker, or set DOCKER_HOST to where your engine answers
    no container engine answers at unix://@/dead.sock; start it (`sudo systemctl start docker`)
    the container engine at unix://@/old.sock speaks API 1.40 and at least 1.41 is needed; install Docker 20.10 or newer
    what answers at unix://@/other.sock is `another engine`, which Cilo does not know
    no container engine was found (looked at unix://@/missing.sock); install and start Docker, or set DOCKER_HOST to where your engine answers
    ");
}

#[tokio::test]
async fn a_socket_that_may_not_be_used_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("closed.sock");
    serve(&socket, "{}");
    fs_err::set_permissions(&socket, std::fs::Permissions::from_mode(0o000)).unwrap();
    if tokio::net::UnixStream::connect(&socket).await.is_ok() {
        println!("skipped: needs a user that is not root");
        return;
    }
    let refused = refused(&Endpoint::Unix(socket)).await;
    assert!(
        matches!(refused, ConnectError::PermissionDenied { .. }),
        "{refused:?}"
    );
}

// SPDX-License-Identifier: MIT
//! As much HTTP as a test needs.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);

/// The body of `http://address/path`.
#[track_caller]
pub(crate) fn get(address: Ipv4Addr, path: &str) -> String {
    call(address, "GET", path, "")
}

/// The body of an answer to any request.
#[track_caller]
pub(crate) fn call(address: Ipv4Addr, method: &str, path: &str, body: &str) -> String {
    let mut stream = TcpStream::connect_timeout(&SocketAddr::from((address, 80)), PATIENCE).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.0\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    assert!(
        head.split(' ')
            .nth(1)
            .is_some_and(|status| status.starts_with('2')),
        "{method} {path}: {answer}"
    );
    body.to_owned()
}

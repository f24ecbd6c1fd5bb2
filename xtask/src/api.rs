// SPDX-License-Identifier: MIT
//! The few calls of the engine's HTTP API that the chores need, over its socket; no client program, no library.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use crate::http::{self, Head};
use crate::settings;

/// Where the engine listens when `DOCKER_HOST` does not say.
pub(crate) const DEFAULT_SOCKET: &str = "/var/run/docker.sock";

/// How long a stream of progress may be silent.
const BODY_PATIENCE: Duration = Duration::from_secs(600);

/// Why a call had no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// `DOCKER_HOST` in a form that the chores cannot use.
    #[error(
        "DOCKER_HOST is `{0}`; the chores understand unix:///path and tcp://host:port, so unset it or give one of these"
    )]
    Host(String),
    /// Nothing answers.
    #[error("cannot talk to the container engine at {endpoint}")]
    Talk {
        endpoint: Endpoint,
        #[source]
        source: io::Error,
    },
    /// The engine refused, with its own words.
    #[error("the container engine refused {call} ({status}): {message}")]
    Refused {
        call: String,
        status: u16,
        message: String,
    },
}

/// Where an engine listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// A unix socket.
    Unix(PathBuf),
    /// `host:port`, without TLS.
    Tcp(String),
}

/// What the engine answered: a status that is not an error, and the body to read.
pub(crate) type Answer = Box<dyn BufRead>;

/// What a call carries.
#[derive(Clone, Copy)]
enum Body<'a> {
    None,
    Tar(&'a Path),
    Json(&'a str),
}

trait Connection: Read + Write {
    fn set_patience(&self, patience: Duration) -> io::Result<()>;
}

impl Connection for UnixStream {
    fn set_patience(&self, patience: Duration) -> io::Result<()> {
        self.set_read_timeout(Some(patience))
    }
}

impl Connection for TcpStream {
    fn set_patience(&self, patience: Duration) -> io::Result<()> {
        self.set_read_timeout(Some(patience))
    }
}

impl Endpoint {
    /// The endpoint that `DOCKER_HOST` names, else the default socket.
    pub(crate) fn current() -> Result<Self, Error> {
        match settings::text("DOCKER_HOST") {
            None => Ok(Self::Unix(DEFAULT_SOCKET.into())),
            Some(host) => Self::parse(&host),
        }
    }

    fn parse(host: &str) -> Result<Self, Error> {
        if let Some(path) = host.strip_prefix("unix://") {
            return Ok(Self::Unix(path.into()));
        }
        match host.strip_prefix("tcp://") {
            Some(address) if address.contains(':') => Ok(Self::Tcp(address.trim_end_matches('/').to_owned())),
            _ => Err(Error::Host(host.to_owned())),
        }
    }

    /// The engine's version, when it answers within two seconds.
    pub(crate) fn version(&self) -> Result<String, Error> {
        let mut text = String::new();
        let mut answer = self.call("GET", "/version", &[], None, Duration::from_secs(2))?;
        answer
            .read_to_string(&mut text)
            .map_err(|source| self.talk(source))?;
        let json: Value = serde_json::from_str(&text).unwrap_or_default();
        let name = match json.pointer("/Components/0/Name").and_then(|n| n.as_str()) {
            None | Some("Engine") => "Docker Engine",
            Some(name) => name,
        };
        let version = json
            .get("Version")
            .and_then(|v| v.as_str())
            .unwrap_or("of unknown version");
        Ok(format!("{name} {version}"))
    }

    /// One call. `patience` limits the wait for the head of the answer; its body may take [`BODY_PATIENCE`] per read.
    pub(crate) fn call(
        &self,
        method: &str,
        path: &str,
        query: &[(&str, &str)],
        body: Option<&Path>,
        patience: Duration,
    ) -> Result<Answer, Error> {
        let target = with_query(path, query);
        let body = body.map_or(Body::None, Body::Tar);
        self.answered(method, path, self.ask(method, &target, body, patience))
    }

    /// One call with a JSON body and a JSON answer; `Null` stands for an empty one, both ways.
    pub(crate) fn json(
        &self,
        method: &str,
        path: &str,
        query: &[(&str, &str)],
        body: &Value,
        patience: Duration,
    ) -> Result<Value, Error> {
        let text = body.to_string();
        let body = if body.is_null() {
            Body::None
        } else {
            Body::Json(&text)
        };
        let asked = self.ask(method, &with_query(path, query), body, patience);
        let mut answer = self.answered(method, path, asked)?;
        let mut text = String::new();
        answer
            .read_to_string(&mut text)
            .map_err(|source| self.talk(source))?;
        if text.trim().is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&text).map_err(|error| self.talk(error.into()))
    }

    fn answered(
        &self,
        method: &str,
        path: &str,
        asked: io::Result<(Head, BufReader<Box<dyn Connection>>)>,
    ) -> Result<Answer, Error> {
        let (head, reader) = asked.map_err(|source| self.talk(source))?;
        let mut answer = http::body(reader, head.framing);
        if head.status < 400 {
            return Ok(answer);
        }
        let mut text = String::new();
        answer
            .read_to_string(&mut text)
            .map_err(|source| self.talk(source))?;
        Err(Error::Refused {
            call: format!("{method} {path}"),
            status: head.status,
            message: message_of(&text),
        })
    }

    fn ask(
        &self,
        method: &str,
        target: &str,
        body: Body<'_>,
        patience: Duration,
    ) -> io::Result<(Head, BufReader<Box<dyn Connection>>)> {
        let mut stream = self.connect()?;
        stream.set_patience(patience)?;
        send(&mut *stream, method, target, body)?;
        let mut reader = BufReader::new(stream);
        let head = Head::read(&mut reader)?;
        reader.get_ref().set_patience(BODY_PATIENCE)?;
        Ok((head, reader))
    }

    fn connect(&self) -> io::Result<Box<dyn Connection>> {
        match self {
            Self::Unix(path) => Ok(Box::new(UnixStream::connect(path)?)),
            Self::Tcp(address) => Ok(Box::new(TcpStream::connect(address)?)),
        }
    }

    fn talk(&self, source: io::Error) -> Error {
        Error::Talk {
            endpoint: self.clone(),
            source,
        }
    }
}

impl std::fmt::Display for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "{}", path.display()),
            Self::Tcp(address) => write!(f, "tcp://{address}"),
        }
    }
}

impl Error {
    /// Whether the socket is there but closed to us.
    pub(crate) fn is_permission(&self) -> bool {
        matches!(self, Self::Talk { source, .. } if source.kind() == io::ErrorKind::PermissionDenied)
    }
}

fn send(stream: &mut dyn Connection, method: &str, target: &str, body: Body<'_>) -> io::Result<()> {
    let head = format!("{method} {target} HTTP/1.1\r\nHost: docker\r\n");
    match body {
        Body::None => stream.write_all(format!("{head}Content-Length: 0\r\n\r\n").as_bytes()),
        Body::Json(text) => {
            let fields = described("application/json", text.len() as u64);
            stream.write_all(format!("{head}{fields}{text}").as_bytes())
        }
        Body::Tar(path) => {
            let mut file = fs_err::File::open(path)?;
            let fields = described("application/x-tar", file.metadata()?.len());
            stream.write_all(format!("{head}{fields}").as_bytes())?;
            io::copy(&mut file, stream).map(|_| ())
        }
    }
}

fn described(kind: &str, length: u64) -> String {
    format!("Content-Type: {kind}\r\nContent-Length: {length}\r\n\r\n")
}

fn message_of(body: &str) -> String {
    let json: Option<Value> = serde_json::from_str(body).ok();
    let message = json.as_ref().and_then(|j| j.get("message")?.as_str());
    message.unwrap_or(body).trim().to_owned()
}

fn with_query(path: &str, query: &[(&str, &str)]) -> String {
    let mut target = path.to_owned();
    for (i, (key, value)) in query.iter().enumerate() {
        target.push(if i == 0 { '?' } else { '&' });
        target.push_str(key);
        target.push('=');
        target.extend(value.bytes().map(escaped));
    }
    target
}

fn escaped(byte: u8) -> String {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_that_cannot_be_used_are_named() {
        let error = Endpoint::parse("ssh://box").unwrap_err().to_string();
        assert!(error.starts_with("DOCKER_HOST is `ssh://box`"), "{error}");
        assert!(Endpoint::parse("tcp://nowhere").is_err());
        assert_eq!(
            Endpoint::parse("unix:///run/x.sock").unwrap(),
            Endpoint::Unix("/run/x.sock".into())
        );
        assert_eq!(
            Endpoint::parse("tcp://127.0.0.1:2375/").unwrap(),
            Endpoint::Tcp("127.0.0.1:2375".into())
        );
    }

    #[test]
    fn query_values_are_escaped() {
        assert_eq!(
            with_query("/build", &[("t", "a:b"), ("x", "1 2")]),
            "/build?t=a%3Ab&x=1%202"
        );
    }

    #[test]
    fn an_engine_that_is_not_there_is_named() {
        let error = Endpoint::Unix("/no/such.sock".into()).version().unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot talk to the container engine at /no/such.sock"
        );
        assert!(!error.is_permission());
    }
}

// SPDX-License-Identifier: MIT
//! Output of containers, line by line.

use std::collections::BTreeMap;

use bollard::container::LogOutput;
use bollard::query_parameters::LogsOptionsBuilder;
use bytes::{Bytes, BytesMut};
use cilo_spec::EnvId;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::observe::of;
use super::watch::{AbortOnDrop, occurrence, received, stream};
use super::{Docker, dialect, status};
use crate::error::RuntimeError;
use crate::event::{Happened, Replica};
use crate::options::{LogLine, LogOptions, Stream};

/// Lines that wait for a slow reader.
const QUEUE: usize = 256;

type Sender = mpsc::Sender<Result<LogLine, RuntimeError>>;

pub(super) async fn logs(
    docker: &Docker,
    env: &EnvId,
    options: &LogOptions,
) -> Result<BoxStream<'static, Result<LogLine, RuntimeError>>, RuntimeError> {
    // Listened to before the list is read: a container that starts in between is in one of them.
    let mut events = stream(docker, env);
    let containers = docker.containers(&[of(env)]).await?;
    let (sender, receiver) = mpsc::channel(QUEUE);
    let (docker, options) = (docker.clone(), options.clone());
    let feeder = tokio::spawn(async move {
        let wanted = |service: &String| options.services.is_empty() || options.services.contains(service);
        let mut readers: JoinSet<(String, String)> = JoinSet::new();
        // Containers that are read now, and the time of the last line of those that were.
        let mut last: BTreeMap<String, Option<String>> = BTreeMap::new();
        for container in containers {
            if status::is_replica(&container) && wanted(&container.replica.service) {
                last.insert(container.id.clone(), None);
                let reader = Reader::new(&docker, &options, container.id, container.replica, &sender);
                readers.spawn(reader.read(options.since, options.tail, String::new()));
            }
        }
        loop {
            tokio::select! {
                Some(ended) = readers.join_next() => {
                    if let Ok((container, time)) = ended {
                        last.insert(container, Some(time));
                    }
                    if !options.follow && readers.is_empty() {
                        break;
                    }
                }
                Some(Ok(event)) = events.next(), if options.follow => {
                    let Some(found) = occurrence(&event) else { continue };
                    let read_now = matches!(last.get(&found.container), Some(None));
                    if found.what != Happened::Started || read_now || !wanted(&found.replica.service) {
                        continue;
                    }
                    // The engine's `since` counts whole seconds; what was told before is left out by its time.
                    let before = last.insert(found.container.clone(), None).flatten().unwrap_or_default();
                    let reader = Reader::new(&docker, &options, found.container, found.replica, &sender);
                    readers.spawn(reader.read(event.time, None, before));
                }
                else => break,
            }
        }
    });
    Ok(received(receiver, AbortOnDrop(feeder)))
}

struct Reader {
    docker: Docker,
    options: LogOptions,
    container: String,
    replica: Replica,
    sender: Sender,
}

impl Reader {
    fn new(
        docker: &Docker,
        options: &LogOptions,
        container: String,
        replica: Replica,
        sender: &Sender,
    ) -> Self {
        Self {
            docker: docker.clone(),
            options: options.clone(),
            container,
            replica,
            sender: sender.clone(),
        }
    }

    /// Sends lines until there are no more; gives the container and the time of its last line.
    async fn read(self, since: Option<i64>, tail: Option<u32>, after: String) -> (String, String) {
        let mut options = LogsOptionsBuilder::default()
            .follow(self.options.follow)
            .stdout(true)
            .stderr(true)
            .timestamps(true);
        if let Some(since) = since {
            options = options.since(i32::try_from(since).unwrap_or(i32::MAX));
        }
        if let Some(tail) = tail {
            options = options.tail(&tail.to_string());
        }
        let mut pieces = std::pin::pin!(self.docker.api.logs(&self.container, Some(options.build())));
        let mut lines = Lines::default();
        let mut time = after.clone();
        while let Some(piece) = pieces.next().await {
            let found = match piece {
                Ok(piece) => lines.add(piece),
                Err(error) => {
                    // Gone while it was read: there is no more to come.
                    if !dialect::is_missing(&error) {
                        let action = format!("read the output of `{}`", self.replica);
                        let told = self.sender.send(Err(dialect::classify(action, error))).await;
                        drop(told);
                    }
                    break;
                }
            };
            for line in found {
                if !self.send(line, &mut time, &after).await {
                    return (self.container, time);
                }
            }
        }
        for line in lines.rest() {
            if !self.send(line, &mut time, &after).await {
                break;
            }
        }
        (self.container, time)
    }

    async fn send(&self, line: Line, time: &mut String, after: &str) -> bool {
        if !after.is_empty() && line.time.as_str() <= after {
            return true;
        }
        line.time.clone_into(time);
        let line = LogLine {
            service: self.replica.service.clone(),
            replica: self.replica.number,
            stream: line.stream,
            timestamp: self.options.timestamps.then_some(line.time),
            bytes: line.bytes,
        };
        self.sender.send(Ok(line)).await.is_ok()
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Line {
    stream: Stream,
    time: String,
    bytes: Bytes,
}

/// Puts pieces together into lines: a long line comes in several, each with its time before it.
#[derive(Default)]
struct Lines {
    open: BTreeMap<Stream, (String, BytesMut)>,
}

impl Lines {
    fn add(&mut self, piece: LogOutput) -> Vec<Line> {
        let (stream, message) = match piece {
            LogOutput::StdErr { message } => (Stream::Stderr, message),
            LogOutput::StdOut { message } | LogOutput::StdIn { message } | LogOutput::Console { message } => {
                (Stream::Stdout, message)
            }
        };
        let mut found = Vec::new();
        let mut rest = message;
        while !rest.is_empty() {
            let end = rest.iter().position(|byte| *byte == b'\n').map(|place| place + 1);
            let mut part = rest.split_to(end.unwrap_or(rest.len()));
            let time = take_time(&mut part);
            let (begin, line) = self.open.entry(stream).or_default();
            if line.is_empty() {
                *begin = time;
            }
            line.extend_from_slice(&part);
            if end.is_some() {
                let (time, line) = self.open.remove(&stream).unwrap_or_default();
                found.push(finished(stream, time, line));
            }
        }
        found
    }

    fn rest(&mut self) -> Vec<Line> {
        std::mem::take(&mut self.open)
            .into_iter()
            .map(|(stream, (time, line))| finished(stream, time, line))
            .collect()
    }
}

fn finished(stream: Stream, time: String, mut line: BytesMut) -> Line {
    for end in [b'\n', b'\r'] {
        if line.last() == Some(&end) {
            line.truncate(line.len() - 1);
        }
    }
    Line {
        stream,
        time,
        bytes: line.freeze(),
    }
}

/// Takes `2026-01-02T03:04:05.000000000Z ` off the front.
fn take_time(part: &mut Bytes) -> String {
    let end = part.iter().take(40).position(|byte| *byte == b' ');
    let Some(end) = end.filter(|_| part.first().is_some_and(u8::is_ascii_digit)) else {
        return String::new();
    };
    let time = String::from_utf8_lossy(&part.split_to(end)).into_owned();
    let _space = part.split_to(1);
    time
}

#[cfg(test)]
mod tests {
    use super::*;

    fn out(text: &'static str) -> LogOutput {
        LogOutput::StdOut {
            message: Bytes::from_static(text.as_bytes()),
        }
    }

    #[test]
    fn pieces_become_lines() {
        let mut lines = Lines::default();
        assert!(lines.add(out("2026-01-01T00:00:00.1Z begin, ")).is_empty());
        let err = LogOutput::StdErr {
            message: Bytes::from_static(b"2026-01-01T00:00:00.2Z oops\n"),
        };
        assert_eq!(lines.add(err)[0].bytes, "oops");
        let done = lines.add(out("2026-01-01T00:00:00.3Z end\r\n2026-01-01T00:00:00.4Z \n"));
        assert_eq!(done.len(), 2);
        assert_eq!(done[0].bytes, "begin, end");
        assert_eq!(done[0].time, "2026-01-01T00:00:00.1Z");
        assert_eq!(done[1].bytes, "");
        lines.add(out("2026-01-01T00:00:00.5Z no end"));
        assert_eq!(lines.rest()[0].bytes, "no end");
    }
}

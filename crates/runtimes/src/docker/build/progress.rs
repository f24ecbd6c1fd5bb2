// SPDX-License-Identifier: MIT
//! What a build says, from BuildKit's records or from the older builder's text.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use bollard::models::{BuildInfo, BuildInfoAux};

use crate::event::{Event, StepState};

/// Lines that are kept for the message of a failure.
const TAIL: usize = 20;

/// Reads one build.
pub(super) struct Progress<'a> {
    service: String,
    events: &'a (dyn Fn(Event) + Sync),
    /// Steps by digest, and whether their end was told.
    told: BTreeMap<String, bool>,
    tail: VecDeque<String>,
    /// The rest of a line that came without its end.
    open: String,
    began: bool,
}

impl<'a> Progress<'a> {
    pub(super) fn new(service: &str, events: &'a (dyn Fn(Event) + Sync)) -> Self {
        Self {
            service: service.to_owned(),
            events,
            told: BTreeMap::new(),
            tail: VecDeque::new(),
            open: String::new(),
            began: false,
        }
    }

    /// The builder did something.
    pub(super) fn began(&self) -> bool {
        self.began
    }

    /// The last lines that were printed.
    pub(super) fn tail(&self) -> Vec<String> {
        self.tail.iter().cloned().collect()
    }

    pub(super) fn read(&mut self, step: BuildInfo) {
        self.began = true;
        if let Some(BuildInfoAux::BuildKit(status)) = step.aux {
            for vertex in status.vertexes {
                self.vertex(&vertex);
            }
            for log in status.logs {
                self.text(&String::from_utf8_lossy(&log.msg));
            }
        }
        if let Some(text) = step.stream {
            self.text(&text);
        }
    }

    fn vertex(&mut self, vertex: &bollard::moby::buildkit::v1::Vertex) {
        let told = self.told.get(&vertex.digest).copied();
        let state = if !vertex.error.is_empty() {
            StepState::Failed(vertex.error.clone())
        } else if vertex.cached {
            StepState::Cached
        } else if let (Some(started), Some(completed)) = (&vertex.started, &vertex.completed) {
            let nanos = |seconds: i64, nanos: i32| i128::from(seconds) * 1_000_000_000 + i128::from(nanos);
            let took = nanos(completed.seconds, completed.nanos)
                .saturating_sub(nanos(started.seconds, started.nanos));
            StepState::Done(Duration::from_nanos(u64::try_from(took).unwrap_or(0)))
        } else if vertex.started.is_some() {
            StepState::Started
        } else {
            return;
        };
        let ended = state != StepState::Started;
        if told == Some(true) || (told == Some(false) && !ended) {
            return;
        }
        self.told.insert(vertex.digest.clone(), ended);
        (self.events)(Event::BuildStep {
            service: self.service.clone(),
            step: vertex.name.clone(),
            state,
        });
    }

    fn text(&mut self, text: &str) {
        self.open.push_str(text);
        while let Some((line, rest)) = self.open.split_once('\n') {
            let line = line.trim_end_matches('\r').to_owned();
            self.open = rest.to_owned();
            self.line(line);
        }
    }

    fn line(&mut self, line: String) {
        if line.is_empty() {
            return;
        }
        if self.tail.len() == TAIL {
            self.tail.pop_front();
        }
        self.tail.push_back(line.clone());
        (self.events)(Event::BuildLog {
            service: self.service.clone(),
            line,
        });
    }
}

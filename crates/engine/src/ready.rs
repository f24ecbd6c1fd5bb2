// SPDX-License-Identifier: MIT
//! Readiness: what has to be seen before a service is called ready.
//!
//! - with a health check: it passes;
//! - a one-shot (something waits for its completion, or it ended and is not restarted): it ended with 0;
//! - else: it runs, and one of the TCP ports it declares accepts a connection.
//!
//! A container that crashes and is restarted is given time; one that stays down, or is unhealthy, is a failure.

use std::collections::BTreeSet;
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use cilo_runtimes::{Filter, LogOptions, Runtime, RuntimeError};
use cilo_spec::model::Condition;
use cilo_spec::{IsolatedSpec, ReplicaState, Service, ServiceStatus};
use futures_util::stream::FuturesUnordered;
use futures_util::{StreamExt, TryStreamExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use crate::verdict::{Door, Verdict, address, judge, tcp_ports};
use crate::{Event, Events};

/// How many log lines are shown of a service that is not ready.
const LOG_LINES: u32 = 20;
/// Docker 20.10 tells of a container's end before its own list knows it, and then says nothing more: what is listed
/// is looked at again when nothing has happened for so long.
const SECOND_LOOK: Duration = Duration::from_millis(200);
/// How long one attempt to connect may take.
const CONNECT: Duration = Duration::from_secs(1);
/// The first and the longest time between two attempts.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

/// A service that is not ready, and what is known about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unready {
    /// The service.
    pub service: String,
    /// Why.
    pub why: Why,
    /// The last lines it wrote, oldest first.
    pub log: Vec<String>,
}

/// Why a service is not ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// It has no container.
    Absent,
    /// Its container was made and not started.
    NotStarted,
    /// Its container ended.
    Exited {
        /// With this code.
        code: i64,
        /// And will be started again.
        restarts: bool,
    },
    /// Its health check does not pass yet.
    Starting,
    /// Its health check fails.
    Unhealthy,
    /// None of the ports it declares accepts a connection.
    PortsClosed(Vec<u16>),
    /// Something waits for its end, and it runs.
    StillRunning,
    /// It is paused or being removed.
    Other(ReplicaState),
    /// Another service waited for it in vain.
    Dependency {
        /// The service that waited.
        of: String,
        /// What became of it.
        reason: String,
    },
}

/// The wait did not end well.
#[derive(Debug)]
pub(crate) enum WaitError {
    /// Some will not become ready.
    NotReady(Vec<Unready>),
    /// Some were not ready in time.
    TimedOut(Vec<Unready>),
    /// The user wanted out.
    Cancelled,
    /// The engine cannot be asked.
    Runtime(RuntimeError),
}

/// What is waited for.
pub(crate) struct Wait<'a> {
    pub(crate) runtime: &'a dyn Runtime,
    pub(crate) spec: &'a IsolatedSpec,
    /// Only these services; empty means all.
    pub(crate) services: &'a BTreeSet<String>,
    pub(crate) timeout: Duration,
    pub(crate) cancel: &'a CancellationToken,
    pub(crate) events: Events<'a>,
}

impl Wait<'_> {
    /// Waits from what is known now. Returns the services as they were when the last one became ready.
    pub(crate) async fn run(&self, known: Vec<ServiceStatus>) -> Result<Vec<ServiceStatus>, WaitError> {
        let mut statuses = known;
        let mut announced = BTreeSet::new();
        let mut open: BTreeSet<Door> = BTreeSet::new();
        if self.unready(&statuses, &open, &mut announced).is_empty() {
            return Ok(statuses);
        }
        let deadline = Instant::now() + self.timeout;
        let id = &self.spec.identity().id;
        let mut occurrences = self.runtime.watch(id).await.map_err(WaitError::Runtime)?;
        statuses = self.read().await?;
        let mut knocking: BTreeSet<Door> = BTreeSet::new();
        let mut doors = FuturesUnordered::new();
        loop {
            let unready = self.unready(&statuses, &open, &mut announced);
            if unready.is_empty() {
                return Ok(statuses);
            }
            if unready
                .iter()
                .any(|(_, verdict)| matches!(verdict, Verdict::Failed(_)))
            {
                let failed = unready
                    .into_iter()
                    .filter(|(_, verdict)| matches!(verdict, Verdict::Failed(_)));
                return Err(WaitError::NotReady(self.with_logs(failed.collect()).await));
            }
            for (door, ports) in self.doors(&statuses) {
                if knocking.insert(door.clone()) {
                    doors.push(knock(door, ports));
                }
            }
            tokio::select! {
                biased;
                () = self.cancel.cancelled() => return Err(WaitError::Cancelled),
                Some(door) = doors.next(), if !doors.is_empty() => { open.insert(door); }
                occurrence = occurrences.next() => match occurrence {
                    Some(Ok(_)) => statuses = self.read().await?,
                    Some(Err(error)) => return Err(WaitError::Runtime(error)),
                    None => occurrences = self.runtime.watch(id).await.map_err(WaitError::Runtime)?,
                },
                () = sleep_until(deadline) => {
                    return Err(WaitError::TimedOut(self.with_logs(unready).await));
                }
                () = sleep(SECOND_LOOK) => statuses = self.read().await?,
            }
        }
    }

    async fn read(&self) -> Result<Vec<ServiceStatus>, WaitError> {
        let id = &self.spec.identity().id;
        let mut found = self
            .runtime
            .statuses(&Filter::Env(id.clone()))
            .await
            .map_err(WaitError::Runtime)?;
        Ok(found.remove(id).map(|env| env.services).unwrap_or_default())
    }

    fn waited_for(&self) -> impl Iterator<Item = (&String, &Service)> {
        let services = &self.spec.environment().services;
        services
            .iter()
            .filter(|(name, _)| self.services.is_empty() || self.services.contains(*name))
    }

    fn unready(
        &self,
        statuses: &[ServiceStatus],
        open: &BTreeSet<Door>,
        announced: &mut BTreeSet<String>,
    ) -> Vec<(String, Verdict)> {
        let one_shots = one_shots(self.spec);
        let mut unready = Vec::new();
        for (name, service) in self.waited_for() {
            let status = statuses.iter().find(|status| &status.service == name);
            let one_shot = one_shots.contains(name.as_str());
            match judge(service, status, one_shot, open) {
                Verdict::Ready => {
                    if announced.insert(name.clone()) {
                        (self.events)(Event::Ready {
                            service: name.clone(),
                        });
                    }
                }
                verdict => unready.push((name.clone(), verdict)),
            }
        }
        unready
    }

    /// The doors of running containers without a health check.
    fn doors(&self, statuses: &[ServiceStatus]) -> Vec<(Door, Vec<u16>)> {
        let mut doors = Vec::new();
        for status in statuses {
            let ports = tcp_ports(status);
            for replica in &status.replicas {
                if let (ReplicaState::Running, None, Some(address), false) =
                    (replica.state, replica.health, address(replica), ports.is_empty())
                {
                    doors.push(((status.service.clone(), replica.number, address), ports.clone()));
                }
            }
        }
        doors
    }

    async fn with_logs(&self, unready: Vec<(String, Verdict)>) -> Vec<Unready> {
        let mut all = Vec::new();
        for (service, verdict) in unready {
            let (Verdict::Failed(why) | Verdict::Waiting(why)) = verdict else {
                continue;
            };
            let log = last_lines(self.runtime, self.spec, &service).await;
            all.push(Unready { service, why, log });
        }
        all
    }
}

/// The last lines a service wrote; none when they cannot be had, which is not the failure to report.
pub(crate) async fn last_lines(runtime: &dyn Runtime, spec: &IsolatedSpec, service: &str) -> Vec<String> {
    let options = LogOptions {
        services: BTreeSet::from([service.to_owned()]),
        tail: Some(LOG_LINES),
        ..LogOptions::default()
    };
    let Ok(lines) = runtime.logs(&spec.identity().id, &options).await else {
        return Vec::new();
    };
    lines
        .map_ok(|line| String::from_utf8_lossy(&line.bytes).into_owned())
        .try_collect()
        .await
        .unwrap_or_default()
}

/// The services whose completion another one waits for.
fn one_shots(spec: &IsolatedSpec) -> BTreeSet<&str> {
    let dependencies = spec
        .environment()
        .services
        .values()
        .flat_map(|service| &service.depends_on);
    dependencies
        .filter(|(_, dependency)| dependency.condition == Condition::Completed)
        .map(|(name, _)| name.as_str())
        .collect()
}

/// Returns once one of the ports accepts a connection.
async fn knock(door: Door, ports: Vec<u16>) -> Door {
    let mut pause = FIRST_PAUSE;
    loop {
        let mut attempts: FuturesUnordered<_> = ports
            .iter()
            .map(|port| timeout(CONNECT, TcpStream::connect(SocketAddr::from((door.2, *port)))))
            .collect();
        while let Some(attempt) = attempts.next().await {
            if matches!(attempt, Ok(Ok(_))) {
                return door;
            }
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("has no container"),
            Self::NotStarted => f.write_str("was not started"),
            Self::Exited {
                code,
                restarts: false,
            } => write!(f, "exited with code {code}"),
            Self::Exited { code, restarts: true } => write!(f, "exits with code {code} and is restarted"),
            Self::Starting => f.write_str("its health check has not passed yet"),
            Self::Unhealthy => f.write_str("is unhealthy"),
            Self::PortsClosed(ports) => {
                let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
                write!(f, "runs, but nothing listens on port {}", ports.join(" or "))
            }
            Self::StillRunning => f.write_str("has not completed yet"),
            Self::Other(state) => write!(f, "is {state}"),
            Self::Dependency { of, reason } => write!(f, "{reason}, and `{of}` depends on it"),
        }
    }
}

impl fmt::Display for Unready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.service, self.why)?;
        for line in &self.log {
            write!(f, "\n    {line}")?;
        }
        Ok(())
    }
}

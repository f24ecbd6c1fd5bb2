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
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use cilo_runtimes::{Filter, LogOptions, Runtime, RuntimeError};
use cilo_spec::model::Condition;
use cilo_spec::{Health, IsolatedSpec, ReplicaState, ReplicaStatus, Service, ServiceStatus};
use futures_util::stream::FuturesUnordered;
use futures_util::{StreamExt, TryStreamExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use crate::{Event, Events};

/// How many log lines are shown of a service that is not ready.
const LOG_LINES: u32 = 20;
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

#[derive(Clone, Debug, PartialEq, Eq)]
enum Verdict {
    Ready,
    Waiting(Why),
    Failed(Why),
}

/// A container's address: another one after a restart is another door.
type Door = (String, u32, Ipv4Addr);

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

fn judge(
    service: &Service,
    status: Option<&ServiceStatus>,
    one_shot: bool,
    open: &BTreeSet<Door>,
) -> Verdict {
    let wanted = service.replicas() as usize;
    let replicas = status
        .map(|status| status.replicas.as_slice())
        .unwrap_or_default();
    if replicas.len() < wanted {
        return Verdict::Failed(Why::Absent);
    }
    let ports = status.map(tcp_ports).unwrap_or_default();
    let mut worst = Verdict::Ready;
    for replica in replicas {
        let door_open = address(replica).is_some_and(|address| {
            open.iter()
                .any(|door| door.2 == address && door.1 == replica.number)
        });
        match judge_replica(replica, service, one_shot, &ports, door_open) {
            Verdict::Failed(why) => return Verdict::Failed(why),
            Verdict::Waiting(why) => worst = Verdict::Waiting(why),
            Verdict::Ready => {}
        }
    }
    worst
}

fn judge_replica(
    replica: &ReplicaStatus,
    service: &Service,
    one_shot: bool,
    ports: &[u16],
    door_open: bool,
) -> Verdict {
    match replica.state {
        ReplicaState::Running if one_shot => Verdict::Waiting(Why::StillRunning),
        ReplicaState::Running => match replica.health {
            Some(Health::Healthy) => Verdict::Ready,
            Some(Health::Starting) => Verdict::Waiting(Why::Starting),
            Some(Health::Unhealthy) => Verdict::Failed(Why::Unhealthy),
            None if ports.is_empty() || address(replica).is_none() || door_open => Verdict::Ready,
            None => Verdict::Waiting(Why::PortsClosed(ports.to_vec())),
        },
        ReplicaState::Exited | ReplicaState::Restarting => {
            let code = replica.exit_code.unwrap_or(0);
            let restarts = replica.state == ReplicaState::Restarting || restarts_after(service, code);
            match (code, restarts) {
                (0, false) => Verdict::Ready,
                (_, true) => Verdict::Waiting(Why::Exited { code, restarts }),
                (_, false) => Verdict::Failed(Why::Exited { code, restarts }),
            }
        }
        ReplicaState::Created => Verdict::Waiting(Why::NotStarted),
        ReplicaState::Dead => Verdict::Failed(Why::Other(ReplicaState::Dead)),
        other => Verdict::Waiting(Why::Other(other)),
    }
}

/// Whether the engine starts a container again that ended with `code`.
fn restarts_after(service: &Service, code: i64) -> bool {
    let policy = service
        .deploy
        .as_ref()
        .and_then(|deploy| deploy.restart_policy.as_ref());
    match policy.map_or(service.restart.as_str(), |policy| policy.condition.as_str()) {
        "always" | "unless-stopped" | "any" => true,
        other => other.starts_with("on-failure") && code != 0,
    }
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

fn tcp_ports(status: &ServiceStatus) -> Vec<u16> {
    status
        .ports
        .iter()
        .filter(|port| port.protocol == "tcp")
        .map(|port| port.port)
        .collect()
}

fn address(replica: &ReplicaStatus) -> Option<Ipv4Addr> {
    replica.addresses.values().next().copied()
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn replica(state: ReplicaState, health: Option<Health>, exit_code: Option<i64>) -> ReplicaStatus {
        ReplicaStatus {
            number: 1,
            container: "c".to_owned(),
            name: "n".to_owned(),
            image: "i".to_owned(),
            state,
            health,
            exit_code,
            addresses: BTreeMap::from([("default".to_owned(), Ipv4Addr::new(10, 224, 0, 2))]),
        }
    }

    #[test]
    fn each_state_is_judged_by_the_rule() {
        use ReplicaState::{Created, Dead, Exited, Restarting, Running};
        let plain = Service::default();
        let always = Service {
            restart: "always".to_owned(),
            ..Service::default()
        };
        let retry = Service {
            restart: "on-failure:3".to_owned(),
            ..Service::default()
        };
        let judge = |state, health, code, service: &Service, one_shot, ports: &[u16], open| {
            judge_replica(&replica(state, health, code), service, one_shot, ports, open)
        };
        let exited = |code, restarts| Why::Exited { code, restarts };
        let cases = [
            (
                judge(Running, None, None, &plain, false, &[], false),
                Verdict::Ready,
            ),
            (
                judge(Running, None, None, &plain, false, &[80], true),
                Verdict::Ready,
            ),
            (
                judge(Running, None, None, &plain, false, &[80], false),
                Verdict::Waiting(Why::PortsClosed(vec![80])),
            ),
            (
                judge(Running, Some(Health::Healthy), None, &plain, false, &[80], false),
                Verdict::Ready,
            ),
            (
                judge(Running, Some(Health::Starting), None, &plain, false, &[80], true),
                Verdict::Waiting(Why::Starting),
            ),
            (
                judge(Running, Some(Health::Unhealthy), None, &always, false, &[], false),
                Verdict::Failed(Why::Unhealthy),
            ),
            (
                judge(Running, None, None, &plain, true, &[], false),
                Verdict::Waiting(Why::StillRunning),
            ),
            (
                judge(Exited, None, Some(0), &plain, true, &[80], false),
                Verdict::Ready,
            ),
            (
                judge(Exited, None, Some(0), &retry, false, &[80], false),
                Verdict::Ready,
            ),
            (
                judge(Exited, None, Some(0), &always, false, &[], false),
                Verdict::Waiting(exited(0, true)),
            ),
            (
                judge(Exited, None, Some(7), &plain, false, &[], false),
                Verdict::Failed(exited(7, false)),
            ),
            (
                judge(Exited, None, Some(7), &retry, false, &[], false),
                Verdict::Waiting(exited(7, true)),
            ),
            (
                judge(Restarting, None, Some(1), &always, false, &[], false),
                Verdict::Waiting(exited(1, true)),
            ),
            (
                judge(Created, None, None, &plain, false, &[], false),
                Verdict::Waiting(Why::NotStarted),
            ),
            (
                judge(Dead, None, None, &plain, false, &[], false),
                Verdict::Failed(Why::Other(Dead)),
            ),
        ];
        for (index, (found, expected)) in cases.into_iter().enumerate() {
            assert_eq!(found, expected, "case {index}");
        }
    }

    #[test]
    fn a_service_without_its_containers_has_failed() {
        assert_eq!(
            judge(&Service::default(), None, false, &BTreeSet::new()),
            Verdict::Failed(Why::Absent)
        );
        let none = Service {
            scale: Some(0),
            ..Service::default()
        };
        assert_eq!(judge(&none, None, false, &BTreeSet::new()), Verdict::Ready);
    }
}

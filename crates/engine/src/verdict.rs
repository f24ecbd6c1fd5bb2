// SPDX-License-Identifier: MIT
//! One service judged: ready, not yet, or never.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use cilo_spec::{Health, ReplicaState, ReplicaStatus, Service, ServiceStatus};

use crate::Why;

/// A container's address: another one after a restart is another door.
pub(crate) type Door = (String, u32, Ipv4Addr);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Ready,
    Waiting(Why),
    Failed(Why),
}

/// Judges a service by its containers; the worst of them decides.
pub(crate) fn judge(
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

/// The TCP ports a service declares.
pub(crate) fn tcp_ports(status: &ServiceStatus) -> Vec<u16> {
    status
        .ports
        .iter()
        .filter(|port| port.protocol == "tcp")
        .map(|port| port.port)
        .collect()
}

/// The address a container is knocked at.
pub(crate) fn address(replica: &ReplicaStatus) -> Option<Ipv4Addr> {
    replica.addresses.values().next().copied()
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

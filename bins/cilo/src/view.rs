// SPDX-License-Identifier: MIT
//! Environments as data: the shape of `--json`, version 1, and the rows of tables.
//!
//! A field is never removed or given another meaning within a version; new ones may appear.

use std::net::Ipv4Addr;

use cilo_engine::state::EnvironmentRecord;
use cilo_engine::{EnvironmentState, apex, service_name, url};
use cilo_spec::{Health, Identity, ReplicaState, ServiceStatus};
use serde::Serialize;

use crate::ui::Style;

/// The version of every JSON document that Cilo prints.
pub(crate) const VERSION: u32 = 1;

/// One environment.
#[derive(Debug, Serialize)]
pub(crate) struct EnvironmentView {
    pub(crate) project: String,
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) state: EnvironmentState,
    /// The name that leads to its ingress service.
    pub(crate) host: String,
    pub(crate) suffix: String,
    /// The addresses it claimed, CIDR; `null` before the first `up`.
    pub(crate) subnet: Option<String>,
    pub(crate) source: String,
    pub(crate) workspace: String,
    /// RFC 3339.
    pub(crate) created_at: String,
    pub(crate) services: Vec<ServiceView>,
}

/// One service.
#[derive(Debug, Serialize)]
pub(crate) struct ServiceView {
    pub(crate) name: String,
    /// Its full name; `null` when it has no address.
    pub(crate) host: Option<String>,
    /// The URL of its main port; `null` without a port or an address.
    pub(crate) url: Option<String>,
    pub(crate) state: String,
    /// `starting`, `healthy` or `unhealthy`; `null` without a health check.
    pub(crate) health: Option<Health>,
    pub(crate) ingress: bool,
    pub(crate) ports: Vec<PortView>,
    pub(crate) addresses: Vec<Ipv4Addr>,
    pub(crate) replicas: Vec<ReplicaView>,
}

/// One declared port.
#[derive(Debug, Serialize)]
pub(crate) struct PortView {
    pub(crate) port: u16,
    pub(crate) protocol: String,
    pub(crate) published: bool,
}

/// One container.
#[derive(Debug, Serialize)]
pub(crate) struct ReplicaView {
    pub(crate) number: u32,
    pub(crate) container: String,
    pub(crate) name: String,
    pub(crate) image: String,
    pub(crate) state: ReplicaState,
    pub(crate) health: Option<Health>,
    pub(crate) exit_code: Option<i64>,
    pub(crate) addresses: Vec<Ipv4Addr>,
}

impl EnvironmentView {
    pub(crate) fn new(
        record: &EnvironmentRecord,
        state: EnvironmentState,
        services: &[ServiceStatus],
        workspace: &std::path::Path,
    ) -> Self {
        let identity = Identity {
            project: record.env.project.clone(),
            env: record.env.env.clone(),
            id: record.id.clone(),
        };
        Self {
            project: identity.project.to_string(),
            name: identity.env.to_string(),
            id: identity.id.to_string(),
            state,
            host: apex(&identity, &record.suffix),
            suffix: record.suffix.to_string(),
            subnet: record.subnet.map(|subnet| subnet.to_string()),
            source: record.source.display().to_string(),
            workspace: workspace.display().to_string(),
            created_at: record.created_at.to_string(),
            services: services
                .iter()
                .map(|status| ServiceView::new(status, &addresses(status, services), &identity, record))
                .collect(),
        }
    }
}

/// A service in another one's network has that one's addresses.
fn addresses(status: &ServiceStatus, all: &[ServiceStatus]) -> Vec<Ipv4Addr> {
    match &status.network_of {
        Some(other) => all
            .iter()
            .find(|status| &status.service == other)
            .map(ServiceStatus::addresses),
        None => Some(status.addresses()),
    }
    .unwrap_or_default()
}

impl ServiceView {
    fn new(
        status: &ServiceStatus,
        addresses: &[Ipv4Addr],
        identity: &Identity,
        record: &EnvironmentRecord,
    ) -> Self {
        let name = service_name(identity, &record.suffix, &status.service);
        let host = name.filter(|_| !addresses.is_empty());
        Self {
            name: status.service.clone(),
            url: host
                .as_ref()
                .zip(status.main_port())
                .map(|(host, port)| url(host, port)),
            host,
            state: state(status),
            health: status.replicas.iter().filter_map(|replica| replica.health).max(),
            ingress: status.ingress,
            ports: status
                .ports
                .iter()
                .map(|port| PortView {
                    port: port.port,
                    protocol: port.protocol.clone(),
                    published: port.published,
                })
                .collect(),
            addresses: addresses.to_vec(),
            replicas: status
                .replicas
                .iter()
                .map(|replica| ReplicaView {
                    number: replica.number,
                    container: replica.container.clone(),
                    name: replica.name.clone(),
                    image: replica.image.clone(),
                    state: replica.state,
                    health: replica.health,
                    exit_code: replica.exit_code,
                    addresses: replica.addresses.values().copied().collect(),
                })
                .collect(),
        }
    }

    /// The row of a table: service, state, where, address.
    pub(crate) fn row(&self) -> Vec<(String, Style)> {
        let place = self
            .url
            .clone()
            .or_else(|| self.host.clone())
            .unwrap_or_else(|| "-".to_owned());
        let addresses: Vec<String> = self.addresses.iter().map(ToString::to_string).collect();
        vec![
            (self.name.clone(), Style::Strong),
            (self.state.clone(), self.style()),
            (place, Style::Name),
            (
                if addresses.is_empty() {
                    "-".to_owned()
                } else {
                    addresses.join(" ")
                },
                Style::Dim,
            ),
        ]
    }

    fn style(&self) -> Style {
        match self.state.as_str() {
            "healthy" | "running" | "completed" => Style::Good,
            state if state.starts_with("exited") || state == "unhealthy" || state == "dead" => Style::Bad,
            _ => Style::Warn,
        }
    }
}

/// The heads of [`ServiceView::row`].
pub(crate) const SERVICE_HEAD: &[&str] = &["SERVICE", "STATE", "WHERE", "ADDRESS"];

/// One word for all containers of a service: the worst, with a count when they differ.
fn state(status: &ServiceStatus) -> String {
    let words: Vec<String> = status
        .replicas
        .iter()
        .map(
            |replica| match (replica.state, replica.health, replica.exit_code) {
                (ReplicaState::Running, Some(health), _) => health.to_string(),
                (ReplicaState::Exited, _, Some(0)) => "completed".to_owned(),
                (ReplicaState::Exited, _, Some(code)) => format!("exited ({code})"),
                (state, _, _) => state.to_string(),
            },
        )
        .collect();
    let fine = |word: &&String| matches!(word.as_str(), "running" | "healthy" | "completed");
    match (words.iter().find(|word| !fine(word)), words.first()) {
        (Some(worst), _) if words.len() > 1 => {
            let good = words.iter().filter(fine).count();
            format!("{worst} ({good}/{} fine)", words.len())
        }
        (Some(worst), _) => worst.clone(),
        (None, Some(first)) if words.len() > 1 => format!("{first} ({})", words.len()),
        (None, Some(first)) => first.clone(),
        (None, None) => "absent".to_owned(),
    }
}

/// How a state is coloured.
pub(crate) fn state_style(state: EnvironmentState) -> Style {
    match state {
        EnvironmentState::Running => Style::Good,
        EnvironmentState::Degraded | EnvironmentState::Destroying => Style::Bad,
        EnvironmentState::Creating | EnvironmentState::Unknown => Style::Warn,
        EnvironmentState::Created | EnvironmentState::Stopped => Style::Dim,
    }
}

// SPDX-License-Identifier: MIT
//! Services: names, ports, networks and privileges.

use std::collections::{BTreeMap, BTreeSet};

use super::{Draft, Isolation, Report, WarningKind};
use crate::model::{EnvironmentSpec, NetworkMode, Service};
use crate::status::DeclaredPort;
use crate::{labels, names};

/// The network of services that name none.
const DEFAULT_NETWORK: &str = "default";
/// Service names that are taken for the entrance of an application, in this order.
const INGRESS_NAMES: &[&str] = &["web", "nginx", "app", "frontend"];
/// A range in `expose` longer than this is not listed port by port.
const LONGEST_RANGE: u16 = 64;

/// Puts services that use the host's network, or the engine's shared bridge, into the default network.
pub(super) fn join_default_network(spec: &mut EnvironmentSpec, mut report: Option<&mut Report>) {
    let mut joined = false;
    for (name, service) in &mut spec.services {
        let why = match NetworkMode::read(&service.network_mode) {
            Some(NetworkMode::Host) => "on the host's network two copies would take each other's ports",
            Some(NetworkMode::Bridge) => "the engine's default bridge joins all projects",
            _ => continue,
        };
        joined = true;
        let mode = std::mem::take(&mut service.network_mode);
        service.networks = BTreeMap::from([(DEFAULT_NETWORK.to_owned(), None)]);
        if let Some(report) = report.as_deref_mut() {
            let to = format!("networks: [{DEFAULT_NETWORK}]");
            report.change(format!("services.{name}.network_mode"), mode, to, why);
        }
    }
    if joined {
        spec.networks.entry(DEFAULT_NETWORK.to_owned()).or_default();
    }
}

/// Rewrites every service.
pub(super) fn rewrite(draft: &mut Draft<'_>) {
    let ingress = ingress(&draft.spec);
    let published = published_ports(&draft.spec);
    for (name, service) in &mut draft.spec.services {
        let ports = declared_ports(service);
        warn_of_host_ports(name, service, &ports, &published, &mut draft.report);
        drop_host_ports(name, service, &mut draft.report);
        warn_of_host_access(name, service, &mut draft.report);
        let is_ingress = ingress.as_deref() == Some(name);
        let hostnames = hostnames(name, service, &mut draft.report);
        let further = further_names(name, service, &mut draft.report);
        let full = full_names(draft.isolation, name, &hostnames, is_ingress);
        add_aliases(service, further.iter().chain(&full));
        label(
            draft.isolation,
            name,
            service,
            Marks {
                ports,
                hostnames,
                ingress: is_ingress,
            },
        );
    }
}

/// The ports a service listens on, by its `ports` and `expose`.
fn declared_ports(service: &Service) -> Vec<DeclaredPort> {
    let mut ports: Vec<DeclaredPort> = Vec::new();
    let mut add = |port: u16, protocol: &str, published: bool, app_protocol: &str| {
        let protocol = if protocol.is_empty() { "tcp" } else { protocol };
        if !ports
            .iter()
            .any(|known| known.port == port && known.protocol == protocol)
        {
            ports.push(DeclaredPort {
                port,
                protocol: protocol.to_owned(),
                published,
                app_protocol: app_protocol.to_owned(),
            });
        }
    };
    for port in &service.ports {
        add(port.target, &port.protocol, true, &port.app_protocol);
    }
    for text in &service.expose {
        let (range, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        if let (Ok(first), Ok(last)) = (first.parse::<u16>(), last.parse::<u16>())
            && last.saturating_sub(first) < LONGEST_RANGE
        {
            (first..=last).for_each(|port| add(port, protocol, false, ""));
        }
    }
    ports
}

fn drop_host_ports(name: &str, service: &mut Service, report: &mut Report) {
    for port in std::mem::take(&mut service.ports) {
        let exposed = if port.protocol.is_empty() || port.protocol == "tcp" {
            port.target.to_string()
        } else {
            format!("{}/{}", port.target, port.protocol)
        };
        let host = if port.host_ip.is_empty() {
            String::new()
        } else {
            format!("{}:", port.host_ip)
        };
        let from = format!("{host}{}:{exposed}", port.published);
        let why = "no host port is bound: the service has an address and a name of its own";
        report.change(
            format!("services.{name}.ports"),
            from,
            format!("port {exposed}"),
            why,
        );
        if !service.expose.contains(&exposed) {
            service.expose.push(exposed);
        }
    }
}

fn published_ports(spec: &EnvironmentSpec) -> BTreeSet<u16> {
    let ports = spec.services.values().flat_map(|service| &service.ports);
    ports.filter_map(|port| port.published.parse().ok()).collect()
}

/// A variable that leads to a port of the host that nothing binds any more.
fn warn_of_host_ports(
    name: &str,
    service: &Service,
    own: &[DeclaredPort],
    published: &BTreeSet<u16>,
    report: &mut Report,
) {
    for (variable, value) in &service.environment {
        for host in ["localhost:", "127.0.0.1:", "host.docker.internal:"] {
            let Some((_, rest)) = value.as_deref().and_then(|value| value.split_once(host)) else {
                continue;
            };
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            let Ok(port) = digits.parse::<u16>() else { continue };
            if published.contains(&port) && !own.iter().any(|declared| declared.port == port) {
                let at = format!("services.{name}.environment.{variable}");
                let what =
                    format!("`{host}{port}` was a host port; nothing answers there, use the service's name");
                report.warn(at, WarningKind::Address, what);
            }
        }
    }
}

fn warn_of_host_access(name: &str, service: &Service, report: &mut Report) {
    let mut warn = |attribute: &str, kind, what: String| {
        report.warn(format!("services.{name}.{attribute}"), kind, what);
    };
    let modes = [
        ("pid", &service.pid),
        ("ipc", &service.ipc),
        ("uts", &service.uts),
        ("userns_mode", &service.userns_mode),
        ("cgroup", &service.cgroup),
    ];
    for (attribute, mode) in modes {
        if mode == "host" {
            warn(
                attribute,
                WarningKind::HostAccess,
                format!("shares the host's {attribute} namespace"),
            );
        } else if let Some(container) = mode.strip_prefix("container:") {
            warn(
                attribute,
                WarningKind::External,
                format!("uses the container `{container}`, which is not a copy"),
            );
        }
    }
    match NetworkMode::read(&service.network_mode) {
        Some(NetworkMode::Container(container)) => {
            warn(
                "network_mode",
                WarningKind::External,
                format!("uses the network of the container `{container}`, which is not a copy"),
            );
        }
        Some(NetworkMode::Other(network)) => {
            warn(
                "network_mode",
                WarningKind::External,
                format!("uses the engine's network `{network}`"),
            );
        }
        _ => {}
    }
    if service.privileged {
        warn(
            "privileged",
            WarningKind::HostAccess,
            "has the host's privileges".to_owned(),
        );
    }
    if service.use_api_socket {
        warn(
            "use_api_socket",
            WarningKind::EngineSocket,
            "can control the engine".to_owned(),
        );
    }
    for device in &service.devices {
        warn(
            "devices",
            WarningKind::HostAccess,
            format!("uses the host's device `{}`", device.source),
        );
    }
    for link in &service.external_links {
        warn(
            "external_links",
            WarningKind::External,
            format!("links to `{link}`, which is not a copy"),
        );
    }
    for source in service
        .volumes_from
        .iter()
        .filter(|source| source.starts_with("container:"))
    {
        warn(
            "volumes_from",
            WarningKind::External,
            format!("takes the mounts of `{source}`, which is not a copy"),
        );
    }
    let endpoints = service.networks.values().flatten();
    let macs = endpoints
        .map(|endpoint| &endpoint.mac_address)
        .chain([&service.mac_address]);
    for mac in macs.filter(|mac| !mac.is_empty()) {
        warn(
            "mac_address",
            WarningKind::Address,
            format!("every copy has the MAC address `{mac}`"),
        );
    }
}

/// Names that led to the service before and would be lost with the container's new name.
fn further_names(name: &str, service: &mut Service, report: &mut Report) -> Vec<String> {
    let mut further = Vec::new();
    let container = std::mem::take(&mut service.container_name);
    if !container.is_empty() {
        let at = format!("services.{name}.container_name");
        report.change(
            at,
            &container,
            "a network alias",
            "container names are unique in an engine",
        );
        further.push(container);
    }
    if names::host(&service.hostname).is_some() {
        further.push(service.hostname.clone());
    }
    further
}

/// The names that lead to the service from outside, so that they also do inside.
fn full_names(isolation: &Isolation, name: &str, hostnames: &[String], ingress: bool) -> Vec<String> {
    let (env, suffix) = (&isolation.identity.env, &isolation.suffix);
    let mut full: Vec<String> = names::service_hosts(name)
        .iter()
        .chain(hostnames)
        .map(|host| names::fqdn(host, env, suffix))
        .collect();
    if ingress {
        full.push(names::fqdn(isolation.identity.project.as_str(), env, suffix));
    }
    full
}

fn add_aliases<'a>(service: &mut Service, aliases: impl Iterator<Item = &'a String> + Clone) {
    for endpoint in service.networks.values_mut() {
        let endpoint = endpoint.get_or_insert_default();
        for alias in aliases.clone() {
            if !endpoint.aliases.contains(alias) {
                endpoint.aliases.push(alias.clone());
            }
        }
    }
}

/// The further host names a service asks for by label, relative to the environment.
fn hostnames(name: &str, service: &Service, report: &mut Report) -> Vec<String> {
    let Some(list) = service.labels.get(labels::USER_HOSTNAMES) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for text in list.split(',').map(str::trim).filter(|text| !text.is_empty()) {
        match names::host(text) {
            Some(host) => found.push(host),
            None => report.warn(
                format!("services.{name}.labels.{}", labels::USER_HOSTNAMES),
                WarningKind::Address,
                format!("`{text}` is not a host name and is left out"),
            ),
        }
    }
    found
}

/// The service that the environment's apex name leads to: the labelled one, else one with a usual name, else the
/// first with a port.
fn ingress(spec: &EnvironmentSpec) -> Option<String> {
    let labelled = |service: &Service| {
        service
            .labels
            .get(labels::USER_INGRESS)
            .is_some_and(|value| value.trim().eq_ignore_ascii_case("true"))
    };
    let find = |wanted: &dyn Fn(&Service) -> bool| {
        spec.services
            .iter()
            .find(|(_, service)| wanted(service))
            .map(|(name, _)| name.clone())
    };
    find(&labelled)
        .or_else(|| {
            INGRESS_NAMES
                .iter()
                .find(|name| spec.services.contains_key(**name))
                .map(ToString::to_string)
        })
        .or_else(|| find(&|service| !service.ports.is_empty()))
        .or_else(|| find(&|service| !service.expose.is_empty()))
}

/// What a service's containers say about it, so that its status needs no file.
struct Marks {
    ports: Vec<DeclaredPort>,
    hostnames: Vec<String>,
    ingress: bool,
}

fn label(isolation: &Isolation, name: &str, service: &mut Service, marks: Marks) {
    let own = &mut service.labels;
    own.extend(labels::of(&isolation.identity));
    own.insert(labels::SERVICE.to_owned(), name.to_owned());
    if !marks.ports.is_empty() {
        let ports: Vec<String> = marks.ports.iter().map(ToString::to_string).collect();
        own.insert(labels::PORTS.to_owned(), ports.join(","));
    }
    if !marks.hostnames.is_empty() {
        own.insert(labels::HOSTNAMES.to_owned(), marks.hostnames.join(","));
    }
    if marks.ingress {
        own.insert(labels::INGRESS.to_owned(), "true".to_owned());
    }
}

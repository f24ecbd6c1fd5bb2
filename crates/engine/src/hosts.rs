// SPDX-License-Identifier: MIT
//! The names of an environment: which host names lead to which service.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use cilo_dns::{RelativeName, Zone};
use cilo_spec::{DeclaredPort, DnsSuffix, Identity, IsolatedSpec, ServiceStatus, labels, names};

/// The zone that leads to what runs: every service's names to all its running containers.
///
/// A service without an address of its own has the address of the service whose network it uses; one without any
/// has no name.
pub(crate) fn zone(identity: &Identity, suffix: &DnsSuffix, services: &[ServiceStatus]) -> Zone {
    let addresses = |status: &ServiceStatus| match &status.network_of {
        Some(other) => services
            .iter()
            .find(|status| &status.service == other)
            .map(ServiceStatus::addresses),
        None => Some(status.addresses()),
    };
    let named = services.iter().map(|status| Named {
        service: &status.service,
        hostnames: status.hostnames.iter().map(String::as_str).collect(),
        ingress: status.ingress,
        addresses: addresses(status).unwrap_or_default(),
    });
    build(
        identity,
        suffix,
        named.filter(|named| !named.addresses.is_empty()).collect(),
    )
}

/// The zone that `spec` will have, without addresses: for seeing whether its names are free.
pub(crate) fn planned(spec: &IsolatedSpec) -> Zone {
    let services = spec
        .environment()
        .services
        .iter()
        .filter(|(_, service)| !service.networks.is_empty());
    let named = services.map(|(name, service)| Named {
        service: name,
        hostnames: service
            .labels
            .get(labels::HOSTNAMES)
            .map(|list| list.split(',').collect())
            .unwrap_or_default(),
        ingress: service.labels.contains_key(labels::INGRESS),
        addresses: Vec::new(),
    });
    build(spec.identity(), spec.suffix(), named.collect())
}

/// The full name people use for a service: its own, with `-` where it has `_`.
#[must_use]
pub fn service_name(identity: &Identity, suffix: &DnsSuffix, service: &str) -> Option<String> {
    names::service_hosts(service)
        .first()
        .map(|host| names::fqdn(host, &identity.env, suffix))
}

/// The environment's apex name: `<project>.<env>.<suffix>`.
#[must_use]
pub fn apex(identity: &Identity, suffix: &DnsSuffix) -> String {
    names::fqdn(identity.project.as_str(), &identity.env, suffix)
}

/// The URL of `port` at `host`: the scheme the project names, else `http` and `https` for their own ports and for
/// ports that were published without saying more; the port is left out where the scheme implies it.
#[must_use]
pub fn url(host: &str, port: &DeclaredPort) -> String {
    let scheme = match (port.app_protocol.as_str(), port.port) {
        ("", 443 | 8443) => "https",
        ("", 5432) => "postgres",
        ("", 3306) => "mysql",
        ("", 6379) => "redis",
        ("", 27017) => "mongodb",
        ("", 5672) => "amqp",
        ("", _) if port.protocol == "tcp" => "http",
        ("", _) => port.protocol.as_str(),
        (named, _) => named,
    };
    match (scheme, port.port) {
        ("http", 80) | ("https", 443) => format!("{scheme}://{host}"),
        (_, number) => format!("{scheme}://{host}:{number}"),
    }
}

struct Named<'a> {
    service: &'a str,
    hostnames: Vec<&'a str>,
    ingress: bool,
    addresses: Vec<Ipv4Addr>,
}

fn build(identity: &Identity, suffix: &DnsSuffix, services: Vec<Named<'_>>) -> Zone {
    let mut found: BTreeMap<RelativeName, Vec<Ipv4Addr>> = BTreeMap::new();
    let mut add = |host: &str, addresses: &[Ipv4Addr]| {
        if let Ok(name) = format!("{host}.{}", identity.env).parse() {
            found.entry(name).or_insert_with(|| addresses.to_vec());
        }
    };
    // A service's own name comes before another's second spelling, and all of them before the apex.
    for named in &services {
        if let Some(host) = names::host(named.service) {
            add(&host, &named.addresses);
        }
    }
    for named in &services {
        names::service_hosts(named.service)
            .iter()
            .for_each(|host| add(host, &named.addresses));
        named
            .hostnames
            .iter()
            .for_each(|host| add(host, &named.addresses));
    }
    for named in services.iter().filter(|named| named.ingress) {
        add(identity.project.as_str(), &named.addresses);
    }
    Zone {
        suffix: suffix.clone(),
        env: identity.to_ref(),
        id: identity.id.clone(),
        names: found,
    }
}

#[cfg(test)]
mod tests {
    use cilo_spec::{ReplicaState, ReplicaStatus};

    use super::*;

    fn identity() -> Identity {
        Identity {
            project: "shop".parse().unwrap(),
            env: "a".parse().unwrap(),
            id: "1".parse().unwrap(),
        }
    }

    fn status(service: &str, last: &[u8]) -> ServiceStatus {
        let replica = |host: &u8| ReplicaStatus {
            number: 1,
            container: String::new(),
            name: String::new(),
            image: String::new(),
            state: if *host == 0 {
                ReplicaState::Exited
            } else {
                ReplicaState::Running
            },
            health: None,
            exit_code: None,
            addresses: [("default".to_owned(), Ipv4Addr::new(10, 224, 0, *host))].into(),
        };
        ServiceStatus {
            service: service.to_owned(),
            replicas: last.iter().map(replica).collect(),
            ports: Vec::new(),
            ingress: service == "web",
            hostnames: Vec::new(),
            network_of: None,
        }
    }

    #[test]
    fn names_lead_to_running_containers_only() {
        let mut services = vec![
            status("web", &[2]),
            status("my_api", &[3, 4]),
            status("my-api", &[5]),
            status("job", &[0]),
            status("side", &[]),
        ];
        services[0].hostnames = vec!["www".to_owned()];
        services[4].network_of = Some("web".to_owned());
        let zone = zone(&identity(), &DnsSuffix::test(), &services);
        let lines: Vec<String> = zone
            .names
            .iter()
            .map(|(name, to)| format!("{name} {to:?}"))
            .collect();
        insta::assert_snapshot!(lines.join("\n"), @r"
        my-api.a [10.224.0.5]
        my_api.a [10.224.0.3, 10.224.0.4]
        shop.a [10.224.0.2]
        side.a [10.224.0.2]
        web.a [10.224.0.2]
        www.a [10.224.0.2]
        ");
    }

    #[test]
    fn urls_say_what_the_port_is() {
        let url = |text: &str| url("x.test", &text.parse().unwrap());
        assert_eq!(url("+80/tcp"), "http://x.test");
        assert_eq!(url("+8000/tcp"), "http://x.test:8000");
        assert_eq!(url("5432/tcp"), "postgres://x.test:5432");
        assert_eq!(url("53/udp"), "udp://x.test:53");
        assert_eq!(url("+9000/tcp/grpc"), "grpc://x.test:9000");
    }
}

// SPDX-License-Identifier: MIT
//! `run`: what a command is told about the environment it runs in.

use std::collections::BTreeMap;
use std::path::PathBuf;

use cilo_spec::{DnsSuffix, EnvName, Identity, ProjectName, ServiceStatus};

use crate::{Engine, Error, Events, Selector, UpRequest, hosts};

/// What to run, and where.
#[derive(Clone, Debug)]
pub struct RunRequest {
    /// The environment.
    pub env: EnvName,
    /// Its project.
    pub project: Option<ProjectName>,
    /// How to bring it up first; `None` takes it as it is.
    pub up: Option<UpRequest>,
}

/// How a command is started: the caller replaces itself with it, so that terminal, signals and exit code are its own.
#[derive(Clone, Debug)]
pub struct Child {
    /// The folder it runs in: the workspace.
    pub folder: PathBuf,
    /// Variables on top of the caller's.
    pub variables: BTreeMap<String, String>,
    /// Names lead to the services on this machine; else the variables hold plain addresses.
    pub names_resolve: bool,
}

impl Engine {
    /// Makes everything ready for a command in an environment.
    ///
    /// # Errors
    /// Those of [`Engine::up`]; when it is unknown or the engine cannot be asked.
    pub async fn prepare(&self, request: &RunRequest, events: Events<'_>) -> Result<Child, Error> {
        let (record, services) = match &request.up {
            Some(up) => {
                let up = self.up(up, events).await?;
                (up.record, up.services)
            }
            None => {
                let selector = Selector {
                    env: request.env.clone(),
                    project: request.project.clone(),
                };
                let summary = self.status(&selector).await?;
                (summary.record, summary.services)
            }
        };
        let identity = Self::identity(&record);
        let names_resolve = resolve(&identity, &record.suffix, &services).await;
        let folder = self.workspace(&record.env);
        let mut variables = BTreeMap::from([
            ("CILO_ENV".to_owned(), identity.env.to_string()),
            ("CILO_PROJECT".to_owned(), identity.project.to_string()),
            ("CILO_WORKSPACE".to_owned(), folder.to_string_lossy().into_owned()),
            ("CILO_DNS_SUFFIX".to_owned(), format!(".{}", record.suffix)),
        ]);
        variables.extend(service_variables(
            &identity,
            &record.suffix,
            &services,
            names_resolve,
        ));
        Ok(Child {
            folder,
            variables,
            names_resolve,
        })
    }
}

/// Whether the system's own resolver leads to the services: asked once, for one name.
async fn resolve(identity: &Identity, suffix: &DnsSuffix, services: &[ServiceStatus]) -> bool {
    let Some(status) = services.iter().find(|status| !status.addresses().is_empty()) else {
        return false;
    };
    let Some(name) = hosts::service_name(identity, suffix, &status.service) else {
        return false;
    };
    match tokio::net::lookup_host((name, 0)).await {
        Ok(mut found) => found.any(|address| match address.ip() {
            std::net::IpAddr::V4(address) => status.addresses().contains(&address),
            std::net::IpAddr::V6(_) => false,
        }),
        Err(_) => false,
    }
}

/// `CILO_BASE_URL`, and per service `CILO_<SERVICE>_HOST`, `_PORT` and `_URL`.
fn service_variables(
    identity: &Identity,
    suffix: &DnsSuffix,
    services: &[ServiceStatus],
    names_resolve: bool,
) -> BTreeMap<String, String> {
    let mut variables = BTreeMap::new();
    let base = services.iter().find(|status| status.ingress);
    let base_host = match base.and_then(|status| status.addresses().first().copied()) {
        Some(address) if !names_resolve => address.to_string(),
        _ => hosts::apex(identity, suffix),
    };
    let base_url = match base.and_then(ServiceStatus::main_port) {
        Some(port) => hosts::url(&base_host, port),
        None => format!("http://{base_host}"),
    };
    for status in services {
        let name = hosts::service_name(identity, suffix, &status.service);
        let address = status.addresses().first().map(ToString::to_string);
        let Some(host) = (if names_resolve { name } else { address }) else {
            continue;
        };
        let prefix = variable_prefix(&status.service);
        if let Some(port) = status.main_port() {
            variables.insert(format!("{prefix}_PORT"), port.port.to_string());
            variables.insert(format!("{prefix}_URL"), hosts::url(&host, port));
        }
        variables.insert(format!("{prefix}_HOST"), host);
    }
    // Last: a service may be called `base`.
    variables.insert("CILO_BASE_URL".to_owned(), base_url);
    variables
}

/// `my-api.v2` → `CILO_MY_API_V2`.
fn variable_prefix(service: &str) -> String {
    let upper = service.chars().map(|c| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_uppercase()
        } else {
            '_'
        }
    });
    format!("CILO_{}", upper.collect::<String>())
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use cilo_spec::{ReplicaState, ReplicaStatus};

    use super::*;

    #[test]
    fn variables_hold_names_where_they_resolve_and_addresses_elsewhere() {
        let identity = Identity {
            project: "shop".parse().unwrap(),
            env: "a".parse().unwrap(),
            id: "1".parse().unwrap(),
        };
        let service = |service: &str, port: &str, host: u8| ServiceStatus {
            service: service.to_owned(),
            replicas: vec![ReplicaStatus {
                number: 1,
                container: String::new(),
                name: String::new(),
                image: String::new(),
                state: ReplicaState::Running,
                health: None,
                exit_code: None,
                addresses: [("default".to_owned(), Ipv4Addr::new(10, 224, 0, host))].into(),
            }],
            ports: vec![port.parse().unwrap()],
            ingress: service == "web",
            hostnames: Vec::new(),
            network_of: None,
        };
        let services = [service("web", "+80/tcp", 2), service("my_db", "5432/tcp", 3)];
        let lines = |names| {
            let variables = service_variables(&identity, &DnsSuffix::test(), &services, names);
            variables
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect::<Vec<_>>()
                .join("\n")
        };
        insta::assert_snapshot!(lines(true), @r"
        CILO_BASE_URL=http://shop.a.test
        CILO_MY_DB_HOST=my-db.a.test
        CILO_MY_DB_PORT=5432
        CILO_MY_DB_URL=postgres://my-db.a.test:5432
        CILO_WEB_HOST=web.a.test
        CILO_WEB_PORT=80
        CILO_WEB_URL=http://web.a.test
        ");
        insta::assert_snapshot!(lines(false), @r"
        CILO_BASE_URL=http://10.224.0.2
        CILO_MY_DB_HOST=10.224.0.3
        CILO_MY_DB_PORT=5432
        CILO_MY_DB_URL=postgres://10.224.0.3:5432
        CILO_WEB_HOST=10.224.0.2
        CILO_WEB_PORT=80
        CILO_WEB_URL=http://10.224.0.2
        ");
    }
}

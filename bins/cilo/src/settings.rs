// SPDX-License-Identifier: MIT
//! The process environment, read once: the only place that does.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use cilo_engine::runtimes::Endpoint;
use cilo_engine::state::DEFAULT_POOL;
use cilo_engine::{DEFAULT_DNS, Settings};
use cilo_spec::DnsSuffix;

use crate::failure::Failure;

/// The variables of this process.
#[derive(Debug)]
pub(crate) struct Environment {
    variables: BTreeMap<String, String>,
}

impl Environment {
    /// Variables whose name or value is not Unicode cannot be meant for Cilo and are passed over.
    pub(crate) fn read() -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place that reads the environment"
        )]
        let all = std::env::vars_os();
        let variables =
            all.filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        Self {
            variables: variables.collect(),
        }
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.variables
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// no-color.org: set and not empty, whatever to.
    pub(crate) fn no_colour(&self) -> bool {
        self.get("NO_COLOR").is_some()
    }

    pub(crate) fn log(&self) -> Option<&str> {
        self.get("CILO_LOG")
    }

    /// Settings from `CILO_HOME`, `CILO_BASE_SUBNET`, `CILO_DNS_PORT`, `CILO_DNS_SUFFIX` and `DOCKER_HOST`.
    pub(crate) fn settings(&self) -> Result<Settings, Failure> {
        let user_home = self.get("HOME").map(PathBuf::from);
        let home = match (self.get("CILO_HOME"), &user_home) {
            (Some(home), _) => std::path::absolute(home)?,
            (None, Some(user_home)) => user_home.join(".cilo"),
            (None, None) => {
                return Err(Failure::usage_error(
                    "neither CILO_HOME nor HOME is set: Cilo has no place to keep things",
                ));
            }
        };
        let port = self.parsed("CILO_DNS_PORT", "a port number, for example 5354")?;
        let endpoints = match self.get("DOCKER_HOST") {
            Some(text) => vec![
                text.parse::<Endpoint>()
                    .map_err(|error| variable("DOCKER_HOST", &error))?,
            ],
            None => Endpoint::usual(
                user_home.as_deref(),
                self.get("XDG_RUNTIME_DIR").map(std::path::Path::new),
            ),
        };
        let suffix = self
            .get("CILO_DNS_SUFFIX")
            .map(|text| text.trim_start_matches('.').parse::<DnsSuffix>());
        Ok(Settings {
            home,
            pool: self
                .parsed("CILO_BASE_SUBNET", "a subnet, for example 10.224.0.0/16")?
                .unwrap_or(DEFAULT_POOL),
            dns: match port {
                Some(port) => SocketAddr::new(IpAddr::from([127, 0, 0, 1]), port),
                None => DEFAULT_DNS,
            },
            suffix: suffix
                .transpose()
                .map_err(|error| variable("CILO_DNS_SUFFIX", &error))?
                .unwrap_or_else(DnsSuffix::test),
            endpoints,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            program: std::env::current_exe().ok(),
            directory: std::env::current_dir()
                .map_err(|error| Failure::failed(format!("the current folder cannot be found: {error}")))?,
            user_home,
            variables: self.variables.clone(),
        })
    }

    fn parsed<T: std::str::FromStr>(&self, name: &str, example: &str) -> Result<Option<T>, Failure> {
        self.get(name)
            .map(|text| {
                text.parse()
                    .map_err(|_| Failure::usage_error(format!("{name} is `{text}`; it has to be {example}")))
            })
            .transpose()
    }
}

fn variable(name: &str, error: &dyn std::fmt::Display) -> Failure {
    Failure::usage_error(format!("{name}: {error}"))
}

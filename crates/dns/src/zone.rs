// SPDX-License-Identifier: MIT
//! A zone: the names of one environment, and what may not be in two of them.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use cilo_spec::{DnsSuffix, EnvId, EnvRef};
use serde::{Deserialize, Serialize};

use crate::name::RelativeName;

/// The names of one environment.
///
/// Each name also answers for everything below it (`*.api.agent-1.test`, at any depth), unless that is a name itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Zone {
    /// The domain below which the names live.
    pub suffix: DnsSuffix,
    /// Whose names they are.
    pub env: EnvRef,
    /// The id of that environment.
    pub id: EnvId,
    /// The names relative to the suffix, each with the addresses of all its replicas. A name without addresses exists
    /// and has none: it answers NODATA.
    pub names: BTreeMap<RelativeName, Vec<Ipv4Addr>>,
}

/// A name that two environments want.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clash {
    /// The full name that the new zone wants.
    pub name: String,
    /// The full name that is held: the same, or one above or below it, as each name answers for all below it.
    pub held: String,
    /// The environment that holds it.
    pub by: EnvRef,
}

/// The names of `new` that another environment's zone already answers for, in the order of the names.
///
/// An earlier zone of the same environment is no clash: publishing replaces it.
#[must_use]
pub fn clashes(zones: &[Zone], new: &Zone) -> Vec<Clash> {
    let mut found = Vec::new();
    for name in new.full_names() {
        for other in zones.iter().filter(|other| other.env != new.env) {
            if let Some(held) = other.full_names().find(|held| overlap(&name, held)) {
                found.push(Clash {
                    name: name.clone(),
                    held,
                    by: other.env.clone(),
                });
            }
        }
    }
    found
}

impl Zone {
    /// The full names, without the final dot: `api.agent-1.test`.
    pub fn full_names(&self) -> impl Iterator<Item = String> {
        self.names.keys().map(|name| format!("{name}.{}", self.suffix))
    }
}

fn overlap(a: &str, b: &str) -> bool {
    fn below(name: &str, above: &str) -> bool {
        name.strip_suffix(above)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }
    below(a, b) || below(b, a)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(env: &str, suffix: &str, names: &[&str]) -> Zone {
        Zone {
            suffix: suffix.parse().unwrap(),
            env: env.parse().unwrap(),
            id: "0".parse().unwrap(),
            names: names.iter().map(|name| (name.parse().unwrap(), vec![])).collect(),
        }
    }

    #[test]
    fn a_name_held_by_another_environment_clashes() {
        let held = [zone("shop/agent-1", "test", &["api.agent-1", "web.agent-1"])];
        let new = zone("blog/agent-1", "test", &["blog.agent-1", "web.agent-1"]);
        assert_eq!(
            clashes(&held, &new),
            [Clash {
                name: "web.agent-1.test".into(),
                held: "web.agent-1.test".into(),
                by: "shop/agent-1".parse().unwrap()
            }]
        );
    }

    #[test]
    fn other_suffixes_other_names_and_oneself_do_not() {
        let held = [zone("shop/agent-1", "test", &["api.agent-1"])];
        assert!(clashes(&held, &zone("blog/agent-1", "blog.test", &["api.agent-1"])).is_empty());
        assert!(clashes(&held, &zone("blog/agent-1", "test", &["xapi.agent-1"])).is_empty());
        assert!(clashes(&held, &zone("shop/agent-1", "test", &["api.agent-1"])).is_empty());
    }

    #[test]
    fn a_name_below_anothers_is_inside_its_wildcard() {
        let held = [zone("shop/agent-1", "test", &["api.agent-1"])];
        let nested = zone("blog/api", "agent-1.test", &["web.api"]);
        assert_eq!(clashes(&held, &nested)[0].held, "api.agent-1.test");
    }
}

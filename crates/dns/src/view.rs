// SPDX-License-Identifier: MIT
//! What is served at one moment: an index over all zones, built whole and never changed.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::net::Ipv4Addr;
use std::time::{SystemTime, UNIX_EPOCH};

use cilo_spec::{DnsSuffix, EnvRef};
use hickory_server::proto::rr::Name;
use hickory_server::proto::serialize::binary::BinDecodable as _;

use crate::control;
use crate::files::StoredZone;
use crate::key;

/// An index over the names of all environments.
#[derive(Debug)]
pub(crate) struct View {
    nodes: BTreeMap<Box<[u8]>, Node>,
    apexes: BTreeMap<Box<[u8]>, Name>,
    digests: BTreeMap<EnvRef, String>,
    /// The serial number of every zone: seconds since 1970, as is usual.
    pub(crate) serial: u32,
}

/// What the view knows about a name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found<'a> {
    /// A name of an environment, or one below it.
    Addresses(&'a [Ipv4Addr]),
    /// Nothing itself, but there are names below it.
    Empty,
    /// A suffix itself.
    Apex,
    /// Inside a suffix, and nothing.
    Missing,
}

/// A name that a second environment claims. The first, in the order of `project/env`, keeps it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Contested {
    pub(crate) name: String,
    pub(crate) by: EnvRef,
}

#[derive(Debug)]
enum Node {
    Name(Vec<Ipv4Addr>),
    Empty,
}

impl View {
    /// Indexes the zones. A name that two of them hold goes to one of them whole, never mixed.
    pub(crate) fn build(zones: &[StoredZone]) -> (Self, Vec<Contested>) {
        let mut view = Self {
            nodes: BTreeMap::new(),
            apexes: BTreeMap::new(),
            digests: BTreeMap::new(),
            serial: SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .ok()
                .and_then(|since| u32::try_from(since.as_secs()).ok())
                .unwrap_or(1),
        };
        let mut contested = Vec::new();
        view.add_apex(&DnsSuffix::test());
        let mut ordered: Vec<&StoredZone> = zones.iter().collect();
        ordered.sort_by(|a, b| a.zone.env.cmp(&b.zone.env));
        for StoredZone { zone, digest } in &ordered {
            view.digests.insert(zone.env.clone(), digest.clone());
            if control::covers(&zone.suffix) {
                continue;
            }
            view.add_apex(&zone.suffix);
            for (name, addresses) in zone.full_names().zip(zone.names.values()) {
                match view.nodes.entry(key::of_text(&name)) {
                    Entry::Occupied(_) => contested.push(Contested {
                        name,
                        by: zone.env.clone(),
                    }),
                    Entry::Vacant(free) => {
                        free.insert(Node::Name(addresses.clone()));
                    }
                }
            }
        }
        view.add_empty();
        (view, contested)
    }

    /// What is known about a key, and the suffix it is in. `None` when it is in no suffix.
    pub(crate) fn find(&self, wanted: &[u8]) -> Option<(Found<'_>, &Name)> {
        let mut found = None;
        for (depth, key) in key::and_above(wanted).enumerate() {
            let apex = self.apexes.get(key);
            // A suffix ends the search, also where another suffix's name has the same spelling.
            if found.is_none() && (depth == 0 || apex.is_none()) {
                found = match self.nodes.get(key) {
                    Some(Node::Name(addresses)) => Some(Found::Addresses(addresses)),
                    Some(Node::Empty) if depth == 0 => Some(Found::Empty),
                    Some(Node::Empty) => Some(Found::Missing),
                    None => None,
                };
            }
            if let Some(apex) = apex {
                let nothing = if depth == 0 { Found::Apex } else { Found::Missing };
                return Some((found.unwrap_or(nothing), apex));
            }
        }
        None
    }

    /// The addresses of exactly this key.
    pub(crate) fn exact(&self, wanted: &[u8]) -> Option<&[Ipv4Addr]> {
        match self.nodes.get(wanted)? {
            Node::Name(addresses) => Some(addresses),
            Node::Empty => None,
        }
    }

    /// The digest of an environment's zone as it is served.
    pub(crate) fn digest(&self, env: &EnvRef) -> Option<&str> {
        self.digests.get(env).map(String::as_str)
    }

    /// How many environments are served.
    pub(crate) fn zone_count(&self) -> usize {
        self.digests.len()
    }

    fn add_apex(&mut self, suffix: &DnsSuffix) {
        let key = key::of_text(suffix.as_str());
        let wire = [&key[..], b"\0"].concat();
        // A suffix longer than a DNS name may be cannot be asked for.
        if let Ok(name) = Name::from_bytes(&wire) {
            self.apexes.insert(key, name);
        }
    }

    /// Marks what lies between names and their suffix (RFC 4592 section 2.2.2), unless a name above answers for it.
    fn add_empty(&mut self) {
        let names: Vec<Box<[u8]>> = self.nodes.keys().cloned().collect();
        for name in names {
            let between: Vec<&[u8]> = key::and_above(&name)
                .skip(1)
                .take_while(|key| !self.apexes.contains_key(*key))
                .collect();
            for (position, key) in between.iter().enumerate() {
                let mut here_and_above = between[position..].iter();
                if !here_and_above.any(|key| self.exact(key).is_some()) {
                    self.nodes.entry((*key).into()).or_insert(Node::Empty);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(env: &str, suffix: &str, names: &[(&str, u8)]) -> StoredZone {
        let names = names
            .iter()
            .map(|(name, last)| (name.parse().unwrap(), vec![Ipv4Addr::new(10, 224, 0, *last)]))
            .collect();
        let zone = crate::Zone {
            suffix: suffix.parse().unwrap(),
            env: env.parse().unwrap(),
            id: "0".parse().unwrap(),
            names,
        };
        StoredZone {
            zone,
            digest: format!("digest of {env}"),
        }
    }

    fn last(view: &View, name: &str) -> String {
        match view.find(&key::of_text(name)) {
            Some((Found::Addresses(addresses), _)) => format!("{}", addresses[0].octets()[3]),
            Some((found, _)) => format!("{found:?}"),
            None => "outside".to_owned(),
        }
    }

    #[test]
    fn names_wildcards_gaps_and_the_rest() {
        let zones = [
            stored("shop/agent-1", "test", &[("api.agent-1", 2), ("shop.agent-1", 3)]),
            stored("shop/deep", "test", &[("api.deep", 4), ("x.y.api.deep", 5)]),
            stored("blog/one", "dev.example", &[("web.one", 6)]),
            stored("nest/one", "agent-1.test", &[("web.one", 7)]),
        ];
        let (view, contested) = View::build(&zones);
        assert_eq!(contested, []);
        for (name, expected) in [
            ("api.agent-1.test", "2"),
            ("a.b.c.api.agent-1.test", "2"),
            ("shop.agent-1.test", "3"),
            ("xapi.agent-1.test", "Missing"),
            ("agent-1.test", "Apex"),
            ("deep.test", "Empty"),
            ("nothing.deep.test", "Missing"),
            ("y.api.deep.test", "4"),
            ("x.y.api.deep.test", "5"),
            ("z.x.y.api.deep.test", "5"),
            ("z.y.api.deep.test", "4"),
            ("test", "Apex"),
            ("nothing.test", "Missing"),
            ("web.one.dev.example", "6"),
            ("one.dev.example", "Empty"),
            ("example", "outside"),
            ("web.one.agent-1.test", "7"),
            ("web.one.test", "Missing"),
            ("", "outside"),
            ("example.com", "outside"),
        ] {
            assert_eq!(last(&view, name), expected, "{name}");
        }
    }

    #[test]
    fn a_contested_name_stays_with_one_environment() {
        let zones = [
            stored("b/one", "test", &[("api.one", 2)]),
            stored("a/one", "test", &[("api.one", 1)]),
        ];
        let (view, contested) = View::build(&zones);
        assert_eq!(last(&view, "api.one.test"), "1");
        assert_eq!(
            contested,
            [Contested {
                name: "api.one.test".into(),
                by: "b/one".parse().unwrap()
            }]
        );
    }

    #[test]
    fn the_default_suffix_is_always_in_use() {
        let (view, _) = View::build(&[]);
        assert_eq!(last(&view, "anything.test"), "Missing");
    }
}

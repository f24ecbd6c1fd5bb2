// SPDX-License-Identifier: MIT
//! What the state file holds, as types.

use std::collections::BTreeMap;
use std::path::PathBuf;

use cilo_spec::{DnsSuffix, EnvId, EnvRef};
use ipnet::Ipv4Net;
use jiff::Timestamp;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// All environments of this home.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// The environments; in the file under `project/env`.
    #[serde(default, serialize_with = "by_name", deserialize_with = "from_names")]
    pub environments: BTreeMap<EnvRef, EnvironmentRecord>,
    /// Blocks that were given back, longest ago first: they are claimed again only when nothing else is left, as other
    /// programs may still remember who had their addresses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub released: Vec<Ipv4Net>,
    /// What this version of Cilo does not know.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// What is remembered of one environment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EnvironmentRecord {
    /// Its id, on every object in an engine.
    pub id: EnvId,
    /// Which environment it is.
    #[serde(flatten)]
    pub env: EnvRef,
    /// The folder it was copied from.
    pub source: PathBuf,
    /// The format its project was read as: `compose`, …
    pub format: String,
    /// The project's files relative to `source`, as the user named them. Empty: they are found again each time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<PathBuf>,
    /// The files of variables relative to `source`, as the user named them. Empty: `.env` where there is one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env_files: Vec<PathBuf>,
    /// The profiles the user chose.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub profiles: Vec<String>,
    /// The project's name as its own files have it, which may hold characters that Cilo's names do not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_name: Option<String>,
    /// The domain its names are in.
    pub suffix: DnsSuffix,
    /// The block its networks take their addresses from, once it is claimed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subnet: Option<Ipv4Net>,
    /// When it was made.
    pub created_at: Timestamp,
    /// How far it has come.
    pub phase: Phase,
    /// What this version of Cilo does not know.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// How far making or removing an environment has come. Anything but `Ready` without a process that holds the
/// environment's lock was interrupted, and the same command finishes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// It is being made: its workspace may be missing or incomplete.
    Creating,
    /// It is whole. Whether it runs, only the engine knows.
    Ready,
    /// It is being removed: parts may be gone.
    Destroying,
}

/// Fields that a later Cilo of the same format wrote. They are kept, so that nothing is lost in between.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Unknown(BTreeMap<String, serde_json::Value>);

impl EnvironmentRecord {
    /// An environment that is about to be made, with nothing chosen: suffix `test`, files found by themselves.
    #[must_use]
    pub fn new(id: EnvId, env: EnvRef, source: PathBuf, format: String) -> Self {
        Self {
            id,
            env,
            source,
            format,
            files: Vec::new(),
            env_files: Vec::new(),
            profiles: Vec::new(),
            source_name: None,
            suffix: DnsSuffix::test(),
            subnet: None,
            created_at: Timestamp::now(),
            phase: Phase::Creating,
            unknown: Unknown::default(),
        }
    }
}

impl State {
    /// Takes an environment out and gives its block back. `None`: there is no such environment.
    pub fn remove(&mut self, env: &EnvRef) -> Option<EnvironmentRecord> {
        let record = self.environments.remove(env)?;
        if let Some(subnet) = record.subnet {
            self.release(subnet);
        }
        Some(record)
    }

    /// Puts a block at the end of those that are free to be claimed.
    pub(crate) fn release(&mut self, net: Ipv4Net) {
        self.released.retain(|older| !net.contains(older));
        self.released.push(net);
    }
}

fn by_name<S: Serializer>(
    environments: &BTreeMap<EnvRef, EnvironmentRecord>,
    to: S,
) -> Result<S::Ok, S::Error> {
    to.collect_map(environments.iter().map(|(env, record)| (env.to_string(), record)))
}

fn from_names<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<EnvRef, EnvironmentRecord>, D::Error> {
    let named = BTreeMap::<String, EnvironmentRecord>::deserialize(from)?;
    let checked = named.into_iter().map(|(name, record)| {
        let env: EnvRef = name.parse().map_err(D::Error::custom)?;
        if env != record.env {
            return Err(D::Error::custom(format!(
                "the environment under `{name}` says it is `{}`",
                record.env
            )));
        }
        Ok((env, record))
    });
    checked.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"{
  "environments": {
    "shop/agent-1": {
      "id": "01890a5d-ac96-774b-bcce-b302099a8057",
      "project": "shop",
      "env": "agent-1",
      "source": "/src/shop",
      "format": "compose",
      "suffix": "test",
      "subnet": "10.224.0.0/24",
      "created_at": "2026-11-21T06:00:00Z",
      "phase": "ready",
      "from_a_later_cilo": [
        1,
        2
      ]
    }
  },
  "also_later": true
}"#;

    #[test]
    fn what_is_not_known_is_kept() {
        let state: State = serde_json::from_str(FILE).unwrap();
        assert_eq!(serde_json::to_string_pretty(&state).unwrap(), FILE);
    }

    #[test]
    fn a_record_under_another_name_is_refused() {
        let wrong = FILE.replace("\"shop/agent-1\"", "\"shop/agent-2\"");
        let error = serde_json::from_str::<State>(&wrong).unwrap_err();
        assert!(error.to_string().contains("says it is `shop/agent-1`"), "{error}");
        let wrong = FILE.replace("\"shop/agent-1\"", "\"../../etc\"");
        assert!(serde_json::from_str::<State>(&wrong).is_err());
    }

    #[test]
    fn what_is_removed_gives_its_block_back() {
        let mut state: State = serde_json::from_str(FILE).unwrap();
        let env = "shop/agent-1".parse().unwrap();
        assert_eq!(state.remove(&env).unwrap().phase, Phase::Ready);
        assert_eq!(state.released, ["10.224.0.0/24".parse::<Ipv4Net>().unwrap()]);
        assert_eq!(state.remove(&env), None);
    }
}

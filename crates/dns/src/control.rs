// SPDX-License-Identifier: MIT
//! The control zone `cilo.invalid`: what the server says about itself to programs on the same machine.
//!
//! `_daemon.cilo.invalid` TXT is [`DaemonIdentity`] as `key=value` strings; `<env>.<project>._zone.cilo.invalid` TXT is
//! the digest of the zone that is being served. (`invalid` never exists elsewhere: RFC 6761 section 6.4.)

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use cilo_spec::{DnsSuffix, EnvRef};

use crate::client::{QueryError, QueryType, Rcode, query};

/// What a server is told about itself, to repeat to those who ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// The version of Cilo.
    pub version: String,
    /// What tells one Cilo home from another without saying where it is, such as a digest of its path. At most 200
    /// characters are kept.
    pub home: String,
}

/// A Cilo server, as it describes itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DaemonIdentity {
    /// Its process.
    pub pid: u32,
    /// The version of Cilo it runs.
    pub version: String,
    /// The [`About::home`] it serves: another user's differs.
    pub home: String,
    /// How many queries it has answered since it started, this one excluded.
    pub queries: u64,
    /// How many environments it serves names of.
    pub zones: usize,
    /// How many zone files it cannot serve; its log says why.
    pub problems: usize,
}

/// The control zone.
pub(crate) const SUFFIX: &str = "cilo.invalid";
const DAEMON: &str = "_daemon";
const ZONE: &str = "_zone";

/// What a name of the control zone stands for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    Daemon,
    Zone(EnvRef),
    /// Names between those that exist.
    Empty,
    Missing,
}

/// Asks a DNS server whether it is Cilo's. `None`: something answers DNS there, and it is another program.
///
/// # Errors
/// [`QueryError`] when nothing answers DNS there within `timeout`.
pub async fn identify(server: SocketAddr, timeout: Duration) -> Result<Option<DaemonIdentity>, QueryError> {
    let answer = query(server, &format!("{DAEMON}.{SUFFIX}"), QueryType::Txt, timeout).await?;
    Ok((answer.rcode == Rcode::NoError)
        .then(|| DaemonIdentity::parse(&answer.texts))
        .flatten())
}

/// The name under which a zone's digest is found.
pub(crate) fn zone_name(env: &EnvRef) -> String {
    format!("{}.{}.{ZONE}.{SUFFIX}", env.env, env.project)
}

/// Whether a suffix is in the control zone, where no environment's names are served.
pub(crate) fn covers(suffix: &DnsSuffix) -> bool {
    suffix
        .as_str()
        .strip_suffix(SUFFIX)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// Reads a name of the control zone, lower case and without the zone's own labels: `agent-1.shop._zone`.
pub(crate) fn subject(name: &str) -> Subject {
    match name.split('.').collect::<Vec<_>>()[..] {
        [DAEMON] => Subject::Daemon,
        [""] | [ZONE] | [_, ZONE] => Subject::Empty,
        [env, project, ZONE] => match (project.parse(), env.parse()) {
            (Ok(project), Ok(env)) => Subject::Zone(EnvRef::new(project, env)),
            _ => Subject::Missing,
        },
        _ => Subject::Missing,
    }
}

impl About {
    /// Shortened so that each value fits into one TXT string.
    pub(crate) fn bounded(self) -> Self {
        let cut = |text: String| text.chars().filter(char::is_ascii).take(200).collect();
        Self {
            version: cut(self.version),
            home: cut(self.home),
        }
    }
}

impl DaemonIdentity {
    pub(crate) fn texts(&self) -> Vec<String> {
        let Self {
            pid,
            version,
            home,
            queries,
            zones,
            problems,
        } = self;
        vec![
            format!("pid={pid}"),
            format!("version={version}"),
            format!("home={home}"),
            format!("queries={queries}"),
            format!("zones={zones}"),
            format!("problems={problems}"),
        ]
    }

    /// Keys that are not known are passed over: a later version may say more.
    fn parse(texts: &[String]) -> Option<Self> {
        let value = |wanted: &str| {
            texts
                .iter()
                .filter_map(|text| text.split_once('='))
                .find(|(key, _)| *key == wanted)
                .map(|(_, v)| v)
        };
        Some(Self {
            pid: value("pid")?.parse().ok()?,
            version: value("version")?.to_owned(),
            home: value("home")?.to_owned(),
            queries: value("queries")?.parse().ok()?,
            zones: value("zones")?.parse().ok()?,
            problems: value("problems")?.parse().ok()?,
        })
    }
}

impl fmt::Display for DaemonIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cilo {} (pid {})", self.version, self.pid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_survives_the_wire() {
        let identity = DaemonIdentity {
            pid: 7,
            version: "0.1.0".into(),
            home: "a=b".into(),
            queries: u64::MAX,
            zones: 2,
            problems: 1,
        };
        let mut texts = identity.texts();
        texts.push("later=more".into());
        assert_eq!(DaemonIdentity::parse(&texts), Some(identity));
        assert_eq!(DaemonIdentity::parse(&["v=spf1".into()]), None);
    }

    #[test]
    fn names_are_told_apart() {
        assert_eq!(subject("_daemon"), Subject::Daemon);
        assert_eq!(
            subject("agent-1.shop._zone"),
            Subject::Zone("shop/agent-1".parse().unwrap())
        );
        assert_eq!(subject("shop._zone"), Subject::Empty);
        assert_eq!(subject(""), Subject::Empty);
        for name in ["x", "a.b.c._zone", "a b.shop._zone", "x._daemon"] {
            assert_eq!(subject(name), Subject::Missing, "{name}");
        }
    }
}

// SPDX-License-Identifier: MIT
//! Names that are checked once, at the edge, and trusted everywhere after it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The longest environment name, in characters. A DNS label allows 63; the rest is room for engine names.
pub const MAX_ENV_NAME: usize = 32;

/// The longest project name, in characters: one DNS label (RFC 1035 section 2.3.4).
pub const MAX_PROJECT_NAME: usize = 63;

/// An environment's name: `[a-z0-9]([a-z0-9-]*[a-z0-9])?`, at most [`MAX_ENV_NAME`] characters.
///
/// It is one DNS label and never contains `_`, the separator of [engine names](crate::names).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EnvName(String);

/// A project's name: the same alphabet as [`EnvName`], at most [`MAX_PROJECT_NAME`] characters.
///
/// A Compose project name may also hold `_`; [`ProjectName::from_compose`] maps it to `-`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ProjectName(String);

/// The domain below which names live, without dots around it: `test`, `localhost`, `dev.example`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DnsSuffix(String);

/// The id of one environment, unique over all machines and time (a UUID).
///
/// Every engine object carries it as the label `dev.cilo.id`; Cilo acts on nothing that does not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EnvId(String);

/// Which environment is meant: a name alone is not enough, two projects may use the same one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EnvRef {
    /// The project it is a copy of.
    pub project: ProjectName,
    /// Its own name.
    pub env: EnvName,
}

/// An environment with its id: what names and labels of engine objects are made from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Identity {
    /// The project it is a copy of.
    pub project: ProjectName,
    /// Its own name.
    pub env: EnvName,
    /// Its id.
    pub id: EnvId,
}

/// Why a name was refused. The message ends with what a good one looks like.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing was given.
    #[error("{what} is empty; use letters a-z, digits and -, for example `{example}`")]
    Empty {
        /// Which kind of name.
        what: &'static str,
        /// A name that would be accepted.
        example: &'static str,
    },
    /// It is too long.
    #[error("{what} `{name}` has {len} characters; at most {max} are allowed")]
    TooLong {
        /// Which kind of name.
        what: &'static str,
        /// The name as given.
        name: String,
        /// Its length in characters.
        len: usize,
        /// The most that is allowed.
        max: usize,
    },
    /// A character is not in the alphabet, or is where it may not be.
    #[error(
        "{what} `{name}` {why}; use letters a-z, digits and - (not first or last), for example `{example}`"
    )]
    Malformed {
        /// Which kind of name.
        what: &'static str,
        /// The name as given.
        name: String,
        /// What is wrong with it.
        why: String,
        /// A name that would be accepted.
        example: String,
    },
}

impl ProjectName {
    /// The Cilo name of a Compose project name (`[a-z0-9][a-z0-9_-]*`): `_` becomes `-`.
    ///
    /// # Errors
    /// [`NameError`] when nothing usable is left.
    pub fn from_compose(name: &str) -> Result<Self, NameError> {
        let mapped: String = name.to_lowercase().replace(['_', '.'], "-");
        mapped.trim_matches('-').parse()
    }
}

impl DnsSuffix {
    /// The suffix used where nothing else is said: `test` (RFC 6761 section 6.2: never on the internet).
    #[must_use]
    pub fn test() -> Self {
        Self("test".to_owned())
    }
}

impl EnvRef {
    /// The reference to `env` of `project`.
    #[must_use]
    pub fn new(project: ProjectName, env: EnvName) -> Self {
        Self { project, env }
    }
}

impl Identity {
    /// The reference without the id.
    #[must_use]
    pub fn to_ref(&self) -> EnvRef {
        EnvRef::new(self.project.clone(), self.env.clone())
    }
}

impl fmt::Display for EnvRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.project, self.env)
    }
}

impl FromStr for EnvRef {
    type Err = NameError;

    /// Reads `project/env`, as [`EnvRef`] prints it.
    fn from_str(s: &str) -> Result<Self, NameError> {
        let (project, env) = s.split_once('/').ok_or_else(|| NameError::Malformed {
            what: "environment reference",
            name: s.to_owned(),
            why: "has no `/`".to_owned(),
            example: "shop/agent-1".to_owned(),
        })?;
        Ok(Self::new(project.parse()?, env.parse()?))
    }
}

fn check(what: &'static str, name: &str, max: usize, example: &'static str) -> Result<(), NameError> {
    if name.is_empty() {
        return Err(NameError::Empty { what, example });
    }
    let len = name.chars().count();
    if len > max {
        return Err(NameError::TooLong {
            what,
            name: name.to_owned(),
            len,
            max,
        });
    }
    let malformed = |why: String| NameError::Malformed {
        what,
        name: name.to_owned(),
        why,
        example: suggestion(name, max).unwrap_or_else(|| example.to_owned()),
    };
    if let Some(bad) = name.chars().find(|c| !matches!(c, 'a'..='z' | '0'..='9' | '-')) {
        return Err(malformed(format!("contains `{}`", bad.escape_debug())));
    }
    if name.starts_with('-') || name.ends_with('-') {
        return Err(malformed("starts or ends with `-`".to_owned()));
    }
    Ok(())
}

/// The nearest good name, so that the message can offer it.
fn suggestion(name: &str, max: usize) -> Option<String> {
    let mapped: String = name
        .to_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .take(max)
        .collect();
    let trimmed = mapped.trim_matches('-');
    (!trimmed.is_empty()).then(|| trimmed.to_owned())
}

macro_rules! checked_name {
    ($type:ident, $check:expr) => {
        impl $type {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $type {
            type Err = NameError;

            fn from_str(s: &str) -> Result<Self, NameError> {
                let check: fn(&str) -> Result<(), NameError> = $check;
                check(s)?;
                Ok(Self(s.to_owned()))
            }
        }

        impl TryFrom<String> for $type {
            type Error = NameError;

            fn try_from(s: String) -> Result<Self, NameError> {
                s.parse()
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> Self {
                name.0
            }
        }

        impl AsRef<str> for $type {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

checked_name!(EnvName, |s| check("environment name", s, MAX_ENV_NAME, "agent-1"));
checked_name!(ProjectName, |s| check(
    "project name",
    s,
    MAX_PROJECT_NAME,
    "shop"
));
checked_name!(DnsSuffix, |s| s.split('.').try_for_each(|label| check(
    "DNS suffix",
    label,
    63,
    "test"
)));
checked_name!(EnvId, |s| check(
    "environment id",
    s,
    64,
    "01890a5d-ac96-774b-bcce-b302099a8057"
));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_names_pass() {
        for name in ["a", "agent-1", "0", "a--b", &"x".repeat(MAX_ENV_NAME)] {
            assert_eq!(name.parse::<EnvName>().unwrap().as_str(), name);
        }
        assert_eq!(
            "dev.example".parse::<DnsSuffix>().unwrap().as_str(),
            "dev.example"
        );
    }

    #[test]
    fn bad_names_say_why_and_offer_a_good_one() {
        let messages: Vec<String> = ["", "Agent_1", "-a", "a-", "a b", "../etc", "ä", &"x".repeat(33)]
            .iter()
            .map(|name| name.parse::<EnvName>().unwrap_err().to_string())
            .collect();
        insta::assert_snapshot!(messages.join("\n"), @r"
        environment name is empty; use letters a-z, digits and -, for example `agent-1`
        environment name `Agent_1` contains `A`; use letters a-z, digits and - (not first or last), for example `agent-1`
        environment name `-a` starts or ends with `-`; use letters a-z, digits and - (not first or last), for example `a`
        environment name `a-` starts or ends with `-`; use letters a-z, digits and - (not first or last), for example `a`
        environment name `a b` contains ` `; use letters a-z, digits and - (not first or last), for example `a-b`
        environment name `../etc` contains `.`; use letters a-z, digits and - (not first or last), for example `etc`
        environment name `ä` contains `ä`; use letters a-z, digits and - (not first or last), for example `agent-1`
        environment name `xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx` has 33 characters; at most 32 are allowed
        ");
    }

    #[test]
    fn compose_names_map_to_labels() {
        assert_eq!(ProjectName::from_compose("my_app").unwrap().as_str(), "my-app");
        assert_eq!(ProjectName::from_compose("app_").unwrap().as_str(), "app");
        assert!(ProjectName::from_compose("__").is_err());
    }
}

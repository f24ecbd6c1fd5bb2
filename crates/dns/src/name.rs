// SPDX-License-Identifier: MIT
//! A name inside a zone, relative to its suffix, checked once.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One or more DNS labels joined by dots and not ending in the suffix: `api.agent-1`.
///
/// Labels hold `a-z`, `0-9`, `-` (not first or last) and `_`, which Compose allows in service names; upper case is
/// folded, as DNS compares without case (RFC 4343). A label has at most 63 characters, the whole at most 200, so that
/// a suffix still fits into the 253 of a full name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RelativeName(String);

/// Why a name cannot be served.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RelativeNameError {
    /// A label is empty: the name is empty, or has a dot at an end or two in a row.
    #[error("DNS name `{name}` has an empty part; write it as `api.agent-1`, without dots around it")]
    EmptyLabel {
        /// The name as given.
        name: String,
    },
    /// The name or one of its labels is too long.
    #[error("DNS name `{name}` is too long: a part may have {MAX_LABEL} characters, the whole {MAX_NAME}")]
    TooLong {
        /// The name as given.
        name: String,
    },
    /// A label holds something else than letters, digits, `-` and `_`.
    #[error(
        "DNS name `{name}` has the part `{label}`; a part is made of a-z, 0-9, _ and - (not first or last)"
    )]
    BadLabel {
        /// The name as given.
        name: String,
        /// The label that was refused.
        label: String,
    },
}

const MAX_LABEL: usize = 63;
const MAX_NAME: usize = 200;

impl RelativeName {
    /// The name as text, lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RelativeName {
    type Err = RelativeNameError;

    fn from_str(given: &str) -> Result<Self, RelativeNameError> {
        let name = || given.to_owned();
        if given.len() > MAX_NAME {
            return Err(RelativeNameError::TooLong { name: name() });
        }
        for label in given.split('.') {
            if label.is_empty() {
                return Err(RelativeNameError::EmptyLabel { name: name() });
            }
            if label.len() > MAX_LABEL {
                return Err(RelativeNameError::TooLong { name: name() });
            }
            let alphabet = label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
            if !alphabet || label.starts_with('-') || label.ends_with('-') {
                return Err(RelativeNameError::BadLabel {
                    name: name(),
                    label: label.to_owned(),
                });
            }
        }
        Ok(Self(given.to_ascii_lowercase()))
    }
}

impl TryFrom<String> for RelativeName {
    type Error = RelativeNameError;

    fn try_from(name: String) -> Result<Self, RelativeNameError> {
        name.parse()
    }
}

impl From<RelativeName> for String {
    fn from(name: RelativeName) -> Self {
        name.0
    }
}

impl fmt::Display for RelativeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_names_say_why() {
        let long_label = "x".repeat(64);
        let messages: Vec<String> = ["", "api.", "a..b", "a b", "-a.b", "*.a", "ä", &long_label]
            .iter()
            .map(|name| name.parse::<RelativeName>().unwrap_err().to_string())
            .collect();
        insta::assert_snapshot!(messages.join("\n"), @r"
        DNS name `` has an empty part; write it as `api.agent-1`, without dots around it
        DNS name `api.` has an empty part; write it as `api.agent-1`, without dots around it
        DNS name `a..b` has an empty part; write it as `api.agent-1`, without dots around it
        DNS name `a b` has the part `a b`; a part is made of a-z, 0-9, _ and - (not first or last)
        DNS name `-a.b` has the part `-a`; a part is made of a-z, 0-9, _ and - (not first or last)
        DNS name `*.a` has the part `*`; a part is made of a-z, 0-9, _ and - (not first or last)
        DNS name `ä` has the part `ä`; a part is made of a-z, 0-9, _ and - (not first or last)
        DNS name `xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx` is too long: a part may have 63 characters, the whole 200
        ");
    }

    #[test]
    fn case_is_folded() {
        assert_eq!(
            "API.Agent-1".parse::<RelativeName>().unwrap().as_str(),
            "api.agent-1"
        );
        assert_eq!("my_api.a".parse::<RelativeName>().unwrap().as_str(), "my_api.a");
    }
}

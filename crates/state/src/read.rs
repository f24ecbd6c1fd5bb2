// SPDX-License-Identifier: MIT
//! Reading the state file: what is in it, or exactly why it cannot be used.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::migrations::{FIRST_VERSION, Migration, current, migrate};
use crate::record::State;
use crate::store::StateError;

/// The state as it was found.
pub(crate) struct Found {
    pub(crate) state: State,
    /// The file as it was, when it is of an older version.
    pub(crate) outdated: Option<Outdated>,
}

pub(crate) struct Outdated {
    pub(crate) version: u64,
    pub(crate) bytes: Vec<u8>,
}

#[derive(Deserialize)]
#[serde(expecting = "an object with a `version`")]
struct FileVersion {
    version: u64,
}

#[derive(Serialize, Deserialize)]
struct File<S> {
    version: u64,
    #[serde(flatten)]
    state: S,
}

/// Reads the file. A missing one is the empty state.
pub(crate) fn read(path: &Path, steps: &[Migration]) -> Result<Found, StateError> {
    let bytes = match fs_err::read(path) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            return Ok(Found {
                state: State::default(),
                outdated: None,
            });
        }
        Err(source) => {
            return Err(StateError::Read {
                path: path.to_owned(),
                source,
            });
        }
    };
    let damaged = |source| StateError::Damaged {
        path: path.to_owned(),
        source,
    };
    let FileVersion { version } = serde_json::from_slice(&bytes).map_err(damaged)?;
    let newest = current(steps);
    if version < FIRST_VERSION {
        return Err(StateError::OtherTool {
            path: path.to_owned(),
            found: version,
        });
    }
    if version > newest {
        return Err(StateError::Newer {
            path: path.to_owned(),
            found: version,
            newest,
        });
    }
    if version == newest {
        let File { state, .. } = serde_json::from_slice(&bytes).map_err(damaged)?;
        return Ok(Found {
            state,
            outdated: None,
        });
    }
    let File { state: old, .. } = serde_json::from_slice::<File<Value>>(&bytes).map_err(damaged)?;
    let state = serde_json::from_value(migrate(steps, version, old)).map_err(damaged)?;
    Ok(Found {
        state,
        outdated: Some(Outdated { version, bytes }),
    })
}

/// The file's bytes for a state.
pub(crate) fn encode(state: &State, steps: &[Migration]) -> Result<Vec<u8>, serde_json::Error> {
    let mut bytes = serde_json::to_vec_pretty(&File {
        version: current(steps),
        state,
    })?;
    bytes.push(b'\n');
    Ok(bytes)
}

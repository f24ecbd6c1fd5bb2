// SPDX-License-Identifier: MIT
//! Where the project lies and what the environment says: the only place where the chores look at either.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The root folder of the project.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask lies in the project's root")
        .to_path_buf()
}

/// A folder for what the chores keep between runs, under Cargo's target folder.
pub(crate) fn scratch() -> PathBuf {
    target().join("xtask")
}

/// Cargo's target folder.
pub(crate) fn target() -> PathBuf {
    variable("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |dir| root().join(dir))
}

/// A variable of our own environment; `None` when unset or empty.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place where the chores read the environment"
)]
pub(crate) fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// As [`variable`], for values that are text.
pub(crate) fn text(name: &str) -> Option<String> {
    variable(name).and_then(|value| value.into_string().ok())
}

// SPDX-License-Identifier: MIT
//! Paths of a project, seen from its workspace.

use std::path::{Component, Path, PathBuf};

use super::Isolation;

/// Where a path of the project leads.
pub(super) enum Place {
    /// Inside the project: its path in the workspace, and the same path in the source.
    Project { workspace: String, source: String },
    /// Somewhere else on the host.
    Host,
}

/// Where the absolute `path` leads. The workspace may lie below the source, so it is looked at first.
pub(super) fn place(isolation: &Isolation, path: &str) -> Place {
    let path = lexical(Path::new(path));
    let below = |root: &Path| path.strip_prefix(root).ok().map(Path::to_path_buf);
    match below(&isolation.workspace).or_else(|| below(&isolation.source)) {
        Some(rest) => Place::Project {
            workspace: join(&isolation.workspace, &rest),
            source: join(&isolation.source, &rest),
        },
        None => Place::Host,
    }
}

/// `path` moved into the workspace when it lies in the project, else as it is.
pub(super) fn moved(isolation: &Isolation, path: &str) -> String {
    match place(isolation, path) {
        Place::Project { workspace, .. } if path.starts_with('/') => workspace,
        _ => path.to_owned(),
    }
}

fn join(root: &Path, rest: &Path) -> String {
    let joined = if rest.as_os_str().is_empty() {
        root.to_path_buf()
    } else {
        root.join(rest)
    };
    joined.to_string_lossy().into_owned()
}

/// Resolves `.` and `..` in the text alone: what is on the disk is not this crate's business.
fn lexical(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                clean.pop();
            }
            other => clean.push(other),
        }
    }
    clean
}

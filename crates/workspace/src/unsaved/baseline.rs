// SPDX-License-Identifier: MIT
//! What a source held when it was copied, so that later only what is new counts as work done in the copy.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{Timespec, Timestamps};
use serde::{Deserialize, Serialize};

use super::commits;
use super::status;
use crate::detach::Repository;
use crate::git::{Git, GitError};
use crate::scan::{self, Moment};

/// Steps of a filesystem's clock are those of the kernel's timer: 10 ms at most.
const LONGEST_STEP: Duration = Duration::from_millis(50);

/// A copy's starting point. Small (names of commits and digests, no contents); the caller keeps it for [`Base`].
///
/// [`Base`]: crate::Base
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Baseline {
    /// When the copy was whole, by the clock of its filesystem.
    pub taken: Moment,
    /// The repositories in it. The key is the path below the copy, bytes that are not text written `%XX`.
    pub repositories: BTreeMap<String, RepositoryBaseline>,
}

/// One repository's part of a [`Baseline`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepositoryBaseline {
    /// The commits and tags at which its local references stood.
    pub commits: BTreeSet<String>,
    /// Its stashes, as commits.
    pub stashes: BTreeSet<String>,
    /// Digests of the changes that were not committed.
    pub changes: BTreeSet<String>,
}

/// There is no baseline.
#[derive(Debug, thiserror::Error)]
#[error("cannot look at the workspace `{}`", path.display())]
pub struct BaselineError {
    /// The workspace.
    pub path: PathBuf,
    /// Why.
    #[source]
    pub source: io::Error,
}

/// Records the starting point of `workspace`, a fresh copy of `source` with the `repositories` of its
/// [`CopyReport`](crate::CopyReport). Call it when the workspace is as the work in it shall find it.
///
/// The source is asked, not the copy: its index is up to date, so this takes milliseconds, and it is not written to.
/// A repository that git cannot read there is left out, and so counts as new; so do all where there is no git.
///
/// # Errors
/// [`BaselineError`] when the workspace is not there.
pub fn baseline(
    source: &Path,
    workspace: &Path,
    repositories: &[Repository],
) -> Result<Baseline, BaselineError> {
    let stat = rustix::fs::stat(workspace).map_err(|error| BaselineError {
        path: workspace.to_owned(),
        source: error.into(),
    })?;
    let paths: Vec<PathBuf> = repositories
        .iter()
        .map(|repository| repository.path.clone())
        .collect();
    let mut recorded = BTreeMap::new();
    for path in paths
        .iter()
        .filter(|path| scan::is_repository(&source.join(path)))
    {
        let git = Git::of(&source.join(path)).reading_only();
        if let Ok(repository) = of_repository(&git, &super::nested(&paths, path)) {
            recorded.insert(to_text(path), repository);
        }
    }
    let taken = Moment::of_change(&stat);
    if !recorded.contains_key("") {
        outlast(workspace, taken);
    }
    Ok(Baseline {
        taken,
        repositories: recorded,
    })
}

impl Baseline {
    /// The part of the repository in the folder `path`.
    pub(crate) fn repository(&self, path: &Path) -> Option<&RepositoryBaseline> {
        self.repositories.get(&to_text(path))
    }

    /// The folders its repositories were in.
    pub(crate) fn paths(&self) -> impl Iterator<Item = PathBuf> + '_ {
        self.repositories.keys().map(|text| from_text(text))
    }
}

/// Waits until the filesystem's clock, which moves in steps of some milliseconds, has left a moment: what changes
/// afterwards has a later time. A filesystem whose clock is coarser, or that cannot be asked, is not waited for.
fn outlast(workspace: &Path, moment: Moment) {
    let end = Instant::now() + LONGEST_STEP;
    let Some(Ok(probe)) = workspace.parent().map(tempfile::tempfile_in) else {
        return;
    };
    let now = Timespec {
        tv_sec: 0,
        tv_nsec: rustix::fs::UTIME_NOW,
    };
    let touch = Timestamps {
        last_access: now,
        last_modification: now,
    };
    while Instant::now() < end && rustix::fs::futimens(&probe, &touch).is_ok() {
        if rustix::fs::fstat(&probe).is_ok_and(|stat| Moment::of_change(&stat) > moment) {
            return;
        }
        std::thread::yield_now();
    }
}

fn of_repository(git: &Git, nested: &[PathBuf]) -> Result<RepositoryBaseline, GitError> {
    Ok(RepositoryBaseline {
        commits: commits::tips(git)?.into_iter().map(|tip| tip.object).collect(),
        stashes: commits::stashes(git)?
            .into_iter()
            .map(|stash| stash.commit)
            .collect(),
        changes: status::entries(git, nested)?
            .into_iter()
            .map(|entry| entry.digest)
            .collect(),
    })
}

/// A path as text from which [`from_text`] makes the same path.
fn to_text(path: &Path) -> String {
    let mut text = String::new();
    for chunk in path.as_os_str().as_bytes().utf8_chunks() {
        text.push_str(&chunk.valid().replace('%', "%25"));
        text.extend(chunk.invalid().iter().map(|byte| format!("%{byte:02X}")));
    }
    text
}

fn from_text(text: &str) -> PathBuf {
    let mut bytes = Vec::new();
    let mut parts = text.split('%');
    bytes.extend_from_slice(parts.next().unwrap_or_default().as_bytes());
    for part in parts {
        let code = part.get(..2).and_then(|code| u8::from_str_radix(code, 16).ok());
        bytes.extend(code);
        bytes.extend_from_slice(part.get(2..).unwrap_or_default().as_bytes());
    }
    PathBuf::from(std::ffi::OsString::from_vec(bytes))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;

    #[test]
    fn any_path_is_kept_as_text() {
        for path in [
            &b""[..],
            b"a/b",
            b"100%",
            b"%41",
            b"caf\xe9/\xff",
            "h\u{e9}".as_bytes(),
        ] {
            let path = Path::new(OsStr::from_bytes(path));
            assert_eq!(from_text(&to_text(path)), path);
        }
        assert_eq!(to_text(Path::new(OsStr::from_bytes(b"a%\xe9"))), "a%25%E9");
    }
}

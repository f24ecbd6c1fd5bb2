// SPDX-License-Identifier: MIT
//! What would be lost if a workspace were deleted.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use crate::git::{Git, GitError};
use crate::scan::{self, Moment};

pub(crate) mod baseline;
pub(crate) mod commits;
pub(crate) mod status;

pub use baseline::{Baseline, BaselineError, RepositoryBaseline, baseline};
pub use commits::{Branch, Stash};
pub use status::{Change, ChangeKind};

use baseline::RepositoryBaseline as Before;

/// Where a workspace comes from.
#[derive(Clone, Copy, Debug)]
pub struct Base<'a> {
    /// The folder it was copied from. It may be gone: then nothing in the workspace counts as saved there.
    pub source: &'a Path,
    /// What [`baseline`] said of it.
    pub baseline: &'a Baseline,
}

/// Work that is in a workspace only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsaved {
    /// The repositories with work in them, the outermost first.
    pub repositories: Vec<UnsavedRepository>,
    /// Files outside of repositories that changed since the workspace was made.
    pub files: UnsavedFiles,
}

/// Work that is in one repository only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnsavedRepository {
    /// The folder it is in, below the workspace; empty for the workspace itself.
    pub path: PathBuf,
    /// Changes that are not committed. Ignored files are none.
    pub changes: Vec<Change>,
    /// Stashes.
    pub stashes: Vec<Stash>,
    /// References that lead to commits which are nowhere else.
    pub branches: Vec<Branch>,
    /// How many such commits there are.
    pub commits: u64,
    /// Objects that the source has, too: a bundle need not hold them.
    pub(crate) known: Vec<String>,
    /// Repositories below this one, relative to it.
    pub(crate) nested: Vec<PathBuf>,
    /// Something is staged that is neither in a commit nor in a file.
    pub(crate) staged_only: bool,
}

/// Changed files outside of repositories.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnsavedFiles {
    /// The first [`UnsavedFiles::NAMED`] of them, relative to the workspace.
    pub names: Vec<PathBuf>,
    /// How many there are.
    pub total: u64,
    /// After when they changed, and the repositories they are not in; `None` when nothing was looked for.
    pub(crate) scope: Option<(Moment, Vec<PathBuf>)>,
}

/// Why it is not known what would be lost.
#[derive(Debug, thiserror::Error)]
pub enum UnsavedError {
    /// The workspace cannot be looked through.
    #[error("cannot look for unsaved work in `{}`", path.display())]
    Scan {
        /// The workspace.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Git cannot tell.
    #[error("cannot look for unsaved work in the repository `{}`", path.display())]
    Git {
        /// The repository's folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: GitError,
    },
}

impl Unsaved {
    /// Whether nothing would be lost.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.repositories.is_empty() && self.files.total == 0
    }
}

impl UnsavedFiles {
    /// How many are named.
    pub const NAMED: usize = 100;
}

/// Finds the work in `workspace` that is nowhere else: uncommitted changes, stashes and commits of each repository in
/// it, and files outside of repositories that changed since `base` (but for [`GENERATED`](crate::GENERATED) folders).
///
/// What was uncommitted in the source already and is still the same is not counted. Commits count as saved when the
/// source's references or remote-tracking references lead to them. Commits that only a reflog knows are not looked for.
/// Without git, repositories are compared like any folder.
///
/// # Errors
/// [`UnsavedError`]; the caller should then take it that there is work.
pub fn unsaved(workspace: &Path, base: &Base<'_>) -> Result<Unsaved, UnsavedError> {
    let scan_error = |source| UnsavedError::Scan {
        path: workspace.to_owned(),
        source,
    };
    let found = scan::repositories(workspace).map_err(scan_error)?;
    // Deeper ones than a scan finds are known from the copy.
    let before = base
        .baseline
        .paths()
        .filter(|path| scan::is_repository(&workspace.join(path)));
    let paths: BTreeSet<PathBuf> = found.into_iter().chain(before).collect();
    let mut paths: Vec<PathBuf> = paths.into_iter().collect();
    let mut repositories = Vec::new();
    for path in &paths {
        match of_repository(workspace, path, nested(&paths, path), base) {
            Ok(repository) => repositories.extend(repository),
            Err(GitError::Missing) => {
                repositories.clear();
                paths.clear();
                break;
            }
            Err(source) => {
                return Err(UnsavedError::Git {
                    path: workspace.join(path),
                    source,
                });
            }
        }
    }
    let mut files = UnsavedFiles::default();
    if !paths.iter().any(|path| path.as_os_str().is_empty()) {
        let mut names = scan::changed(workspace, base.baseline.taken, &paths).map_err(scan_error)?;
        files.total = names.len() as u64;
        names.truncate(UnsavedFiles::NAMED);
        files.names = names;
        files.scope = Some((base.baseline.taken, paths));
    }
    Ok(Unsaved { repositories, files })
}

/// The repositories below the folder `path`, relative to it.
pub(crate) fn nested(repositories: &[PathBuf], path: &Path) -> Vec<PathBuf> {
    let below = repositories
        .iter()
        .filter_map(|other| other.strip_prefix(path).ok());
    below
        .filter(|other| !other.as_os_str().is_empty())
        .map(Path::to_owned)
        .collect()
}

fn of_repository(
    workspace: &Path,
    path: &Path,
    nested: Vec<PathBuf>,
    base: &Base<'_>,
) -> Result<Option<UnsavedRepository>, GitError> {
    let git = Git::of(&workspace.join(path));
    let source = base.source.join(path);
    // What the source once held says nothing when the source is no more.
    let source = scan::is_repository(&source).then(|| Git::of(&source).reading_only());
    let none = Before::default();
    let before = source
        .as_ref()
        .and_then(|_| base.baseline.repository(path))
        .unwrap_or(&none);

    let mut entries = status::entries(&git, &nested)?;
    entries.retain(|entry| !before.changes.contains(&entry.digest));
    let mut stashes = commits::stashes(&git)?;
    stashes.retain(|stash| !before.stashes.contains(&stash.commit));
    let lost = commits::lost(&git, &before.commits, source.as_ref())?;
    if entries.is_empty() && stashes.is_empty() && lost.branches.is_empty() {
        return Ok(None);
    }
    Ok(Some(UnsavedRepository {
        path: path.to_owned(),
        staged_only: entries.iter().any(|entry| entry.staged_only),
        changes: entries.into_iter().map(|entry| entry.change).collect(),
        stashes,
        branches: lost.branches,
        commits: lost.commits,
        known: lost.known,
        nested,
    }))
}

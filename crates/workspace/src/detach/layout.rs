// SPDX-License-Identifier: MIT
//! Which file of a git folder belongs to whom (gitrepository-layout, git-worktree "DETAILS").

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// The two folders of a repository: one for what its worktrees share, one for what each has of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    /// `HEAD`, the index and what belongs to one worktree.
    pub(crate) git_dir: PathBuf,
    /// Objects, branches and configuration; the same folder unless this is a linked worktree.
    pub(crate) common: PathBuf,
}

impl Layout {
    /// The layout of a resolved git folder.
    pub(crate) fn of(git_dir: &Path) -> io::Result<Self> {
        let common = match read_pointer(&git_dir.join("commondir"), "") {
            Ok(Some(common)) => fs_err::canonicalize(git_dir.join(common))?,
            Ok(None) => git_dir.to_owned(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => git_dir.to_owned(),
            Err(error) => return Err(error),
        };
        Ok(Self {
            git_dir: git_dir.to_owned(),
            common,
        })
    }

    /// Whether this is a linked worktree.
    pub(crate) fn is_worktree(&self) -> bool {
        self.git_dir != self.common
    }
}

/// Whether git itself would take a folder for a repository (`is_git_directory` of its `setup.c`).
pub(crate) fn is_git_dir(path: &Path) -> bool {
    path.join("HEAD").symlink_metadata().is_ok() && has_store(path)
}

/// Whether objects and references are in a folder.
pub(crate) fn has_store(path: &Path) -> bool {
    path.join("objects").is_dir() && (path.join("refs").is_dir() || path.join("reftable").is_dir())
}

/// The path that a one-line file holds after `prefix`; `None` when it holds something else.
pub(crate) fn read_pointer(file: &Path, prefix: &str) -> io::Result<Option<PathBuf>> {
    let text = fs_err::read(file)?;
    let path = text
        .strip_prefix(prefix.as_bytes())
        .map(|path| path.trim_ascii_end().to_owned());
    Ok(path
        .filter(|path| !path.is_empty())
        .map(|path| PathBuf::from(std::ffi::OsString::from_vec(path))))
}

/// Whether a path in the shared folder is the main worktree's own: a copy of another worktree brings its own.
pub(crate) fn belongs_to_main_worktree(path: &Path) -> bool {
    const NAMES: [&str; 12] = [
        "HEAD",
        "index",
        "config.worktree",
        "AUTO_MERGE",
        "COMMIT_EDITMSG",
        "logs/HEAD",
        "refs/bisect",
        "refs/worktree",
        "refs/rewritten",
        "info/sparse-checkout",
        "rebase-apply",
        "rebase-merge",
    ];
    let name = path.as_os_str();
    let top = path.components().count() == 1;
    is_worktree_bookkeeping(path)
        || NAMES.iter().any(|own| name == *own)
        || (top
            && (name == "sequencer"
                || starts(name, b"BISECT_")
                || starts(name, b"sharedindex.")
                || name.as_bytes().ends_with(b"_HEAD")))
}

/// Whether a path in a git folder ties it to other worktrees or submodules, which a repository of its own has not.
///
/// Submodules that are checked out in the copy are repositories of their own there.
pub(crate) fn is_worktree_bookkeeping(path: &Path) -> bool {
    const NAMES: [&str; 6] = [
        "worktrees",
        "modules",
        "commondir",
        "gitdir",
        "locked",
        "fsmonitor--daemon",
    ];
    NAMES.iter().any(|name| path.as_os_str() == *name)
}

fn starts(name: &OsStr, with: &[u8]) -> bool {
    name.as_bytes().starts_with(with)
}

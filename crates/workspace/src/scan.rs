// SPDX-License-Identifier: MIT
//! Looking through a workspace: which repositories are in it, and which files changed since it was made.

use std::io;
use std::path::{Path, PathBuf};

use fs_err::os::unix::fs::OpenOptionsExt as _;
use rustix::fs::{AtFlags, CWD, FileType, Stat};
use serde::{Deserialize, Serialize};

use crate::detach::layout;
use crate::sys;

/// Folders that tools fill and can fill again. What is in them is nobody's work, and no repository is looked for there.
///
/// Only names that people do not use for folders of their own: a false alarm is better than lost work, so `build`,
/// `dist` and `target` are not here. A folder with a `CACHEDIR.TAG` (bford.info/cachedir; Cargo's `target`) counts, too.
pub const GENERATED: [&str; 18] = [
    "node_modules",
    "bower_components",
    "__pycache__",
    ".venv",
    ".tox",
    ".nox",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    ".gradle",
    ".next",
    ".nuxt",
    ".parcel-cache",
    ".svelte-kit",
    ".turbo",
    ".terraform",
    ".dart_tool",
    ".cache",
];

/// The first bytes of a `CACHEDIR.TAG`.
const CACHE_TAG: &[u8] = b"Signature: 8a477f597d28d172789f06886806bc55";

/// How deep below the workspace repositories are looked for.
const DEPTH: usize = 8;

/// A moment of the filesystem's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Moment {
    /// Seconds since 1970.
    pub seconds: i64,
    /// Nanoseconds of that second.
    pub nanoseconds: u32,
}

impl Moment {
    /// When the content or the state of a file was last changed. Unlike the modification time, no program sets it.
    pub(crate) fn of_change(stat: &Stat) -> Self {
        Self {
            seconds: stat.st_ctime,
            nanoseconds: stat.st_ctime_nsec.try_into().unwrap_or(0),
        }
    }
}

/// The folders below `root`, itself included, in which there is a git repository: sorted, relative to `root`.
pub(crate) fn repositories(root: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![(PathBuf::new(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        let place = root.join(&folder);
        if is_repository(&place) {
            found.push(folder.clone());
        }
        if depth == DEPTH {
            continue;
        }
        for (name, kind) in entries(&place, depth == 0)? {
            let below = folder.join(&name);
            if kind == FileType::Directory && name != ".git" && !is_generated(&root.join(&below)) {
                folders.push((below, depth + 1));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Files and links below `root` that changed after `since`, outside of [`GENERATED`] folders and of the folders
/// `except`. In a git folder only what says where its branches are counts.
pub(crate) fn changed(root: &Path, since: Moment, except: &[PathBuf]) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        for (name, kind) in entries(&root.join(&folder), folder.as_os_str().is_empty())? {
            let below = folder.join(&name);
            if kind == FileType::Directory {
                let skipped = except.contains(&below) || is_generated(&root.join(&below));
                if !skipped && (!is_git(&folder) || name == "refs") {
                    folders.push(below);
                }
            } else if !is_git(&folder)
                || ["HEAD", "packed-refs"].iter().any(|tells| name == *tells)
                || in_refs(&folder)
            {
                let stat = rustix::fs::statat(CWD, root.join(&below), AtFlags::SYMLINK_NOFOLLOW);
                if stat.is_ok_and(|stat| Moment::of_change(&stat) > since) {
                    found.push(below);
                }
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Whether a folder's `.git` is, or leads to, something git would take for a repository.
pub(crate) fn is_repository(folder: &Path) -> bool {
    let git = folder.join(".git");
    if git.is_dir() {
        return layout::is_git_dir(&git);
    }
    let Ok(Some(named)) = layout::read_pointer(&git, "gitdir: ") else {
        return false;
    };
    layout::Layout::of(&folder.join(named)).is_ok_and(|layout| {
        layout.git_dir.join("HEAD").symlink_metadata().is_ok() && layout::has_store(&layout.common)
    })
}

/// Names and kinds in a folder. One below the first that cannot be listed is taken for empty: it is not the user's.
fn entries(folder: &Path, first: bool) -> io::Result<Vec<(std::ffi::OsString, FileType)>> {
    let read = || -> io::Result<Vec<_>> {
        let mut options = fs_err::OpenOptions::new();
        let opened = options
            .read(true)
            .custom_flags(sys::DIR.bits().cast_signed())
            .open(folder)?;
        let mut named = Vec::new();
        for entry in sys::entries(std::os::fd::AsFd::as_fd(&opened))? {
            let kind = sys::entry_kind(&opened, &entry).unwrap_or(FileType::Unknown);
            let name = std::os::unix::ffi::OsStringExt::from_vec(entry.name.into_bytes());
            named.push((name, kind));
        }
        Ok(named)
    };
    match read() {
        Err(_) if !first => Ok(Vec::new()),
        entries => entries,
    }
}

fn is_generated(folder: &Path) -> bool {
    let named = folder
        .file_name()
        .is_some_and(|name| GENERATED.iter().any(|generated| name == *generated));
    named || fs_err::read(folder.join("CACHEDIR.TAG")).is_ok_and(|tag| tag.starts_with(CACHE_TAG))
}

fn is_git(folder: &Path) -> bool {
    folder.components().any(|part| part.as_os_str() == ".git")
}

fn in_refs(folder: &Path) -> bool {
    let mut parts = folder
        .components()
        .skip_while(|part| part.as_os_str() != ".git")
        .skip(1);
    parts.next().is_some_and(|part| part.as_os_str() == "refs")
}

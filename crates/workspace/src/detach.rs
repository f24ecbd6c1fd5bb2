// SPDX-License-Identifier: MIT
//! Git repositories in a copy become repositories of their own: nothing done there can move the source's branches.
//!
//! All of it is files (gitrepository-layout): a machine without git copies the same way.

use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::CWD;

use crate::copy::CopyError;
use crate::copy::attributes::times;
use crate::copy::tree::{Shared, Skip, Walk};

mod config;
pub(crate) mod layout;
mod links;
mod objects;

use layout::Layout;

/// A git repository in a copy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Repository {
    /// The folder it is in, below the copy; empty for the copy itself.
    pub path: PathBuf,
    /// What its `.git` was in the source, and so what became of it.
    pub origin: Origin,
}

/// Where a repository in a copy keeps its history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// `.git` was a folder: it was copied with everything else, without lock files and registrations of worktrees
    /// that are not in the copy.
    Folder,
    /// `.git` leads to a git folder in the same copy: a submodule, or a worktree of a repository that was copied too.
    Within,
    /// `.git` led out of the source (a worktree, a submodule, a link): now it is a folder with all objects, the same
    /// branch and the same index.
    Detached,
    /// `.git` led nowhere already in the source; it was copied as it was.
    Dangling,
}

/// Why a repository could not be made independent.
#[derive(Debug, thiserror::Error)]
pub enum DetachError {
    /// Part of the repository cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// What.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Part of the new repository cannot be written.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// What.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The repository keeps its branches in a format that only git itself reads.
    #[error(
        "`{}` is a worktree of a repository in the `reftable` format, whose current branch only git can tell; install git, or copy the main checkout instead",
        path.display()
    )]
    Reftable {
        /// The worktree.
        path: PathBuf,
        /// What git, or its absence, said.
        #[source]
        source: crate::git::GitError,
    },
}

/// What detaching needs to know of a copy.
pub(crate) struct Detach<'a> {
    /// The source, resolved.
    pub(crate) source: &'a Path,
    /// The copy while it is made.
    pub(crate) staged: &'a Path,
    /// The path the copy will have.
    pub(crate) target: &'a Path,
    /// The counters and methods of the copy.
    pub(crate) shared: &'a Shared<'a>,
}

impl Detach<'_> {
    /// Mends the repositories in the folders `found`, outer ones first.
    pub(crate) fn all(&self, found: &[PathBuf]) -> Result<Vec<Repository>, CopyError> {
        let mut repositories = Vec::new();
        // Git folders first: whether a worktree keeps its registration decides what its `.git` file may say.
        for path in found {
            if self
                .staged
                .join(path)
                .join(".git")
                .symlink_metadata()
                .is_ok_and(|git| git.is_dir())
            {
                self.keep_times(path, || self.tidy(&path.join(".git")))?;
            }
        }
        for path in found {
            // A `.git` in a git folder is a file of the user's own (a submodule may be named so), not a repository.
            if path.components().any(|part| part.as_os_str() == ".git") {
                continue;
            }
            let origin = self.keep_times(path, || self.one(path))?;
            repositories.extend(origin.map(|origin| Repository {
                path: path.clone(),
                origin,
            }));
        }
        Ok(repositories)
    }

    fn one(&self, path: &Path) -> Result<Option<Origin>, CopyError> {
        let git = self.staged.join(path).join(".git");
        let kind = git
            .symlink_metadata()
            .map_err(|error| read_error(&git, error))?
            .file_type();
        let named = if kind.is_dir() {
            return Ok(layout::is_git_dir(&git).then_some(Origin::Folder));
        } else if kind.is_symlink() {
            fs_err::read_link(&git).map_err(|error| read_error(&git, error))?
        } else if kind.is_file() {
            match layout::read_pointer(&git, "gitdir: ").map_err(|error| read_error(&git, error))? {
                Some(named) => named,
                None => return Ok(None),
            }
        } else {
            return Ok(None);
        };
        let Ok(git_dir) = fs_err::canonicalize(self.source.join(path).join(&named)) else {
            return Ok(Some(Origin::Dangling));
        };
        let layout = Layout::of(&git_dir).map_err(|error| read_error(&git_dir, error))?;
        match (self.within(&layout.git_dir), self.within(&layout.common)) {
            (Some(git_dir), Some(_)) => {
                self.repoint(path, &named, &git_dir, &layout)?;
                Ok(Some(Origin::Within))
            }
            _ => {
                self.detach(path, &layout)?;
                Ok(Some(Origin::Detached))
            }
        }
    }

    /// Makes the repository in the folder `path` one of its own, from the files of its git folder elsewhere.
    fn detach(&self, path: &Path, layout: &Layout) -> Result<(), CopyError> {
        let git = self.staged.join(path).join(".git");
        fs_err::remove_file(&git).map_err(|error| write_error(&git, error))?;
        if layout.is_worktree() {
            self.copy_git(&layout.common, &git, &layout::belongs_to_main_worktree)?;
            self.copy_git(&layout.git_dir, &git, &|path: &Path| {
                layout::is_worktree_bookkeeping(path) || path == Path::new("reftable")
            })?;
            if layout.common.join("reftable").is_dir() {
                self.reftable_head(path, &git, layout)?;
            }
        } else {
            self.copy_git(&layout.git_dir, &git, &layout::is_worktree_bookkeeping)?;
        }
        self.materialise(&git, &layout.common)?;
        // The work tree is where the git folder is now, whatever the old place needed to be told.
        self.edit_config(&git.join("config"), |text| {
            let text = config::unset(text, "core", "worktree");
            if config::get(&text, "core", "bare").is_some_and(|bare| bare != "false") {
                config::unset(&text, "core", "bare")
            } else {
                text
            }
        })?;
        self.edit_config(&git.join("config.worktree"), |text| {
            config::unset(&config::unset(text, "core", "worktree"), "core", "bare")
        })?;
        self.absorb(&git.join("objects"), &layout.common.join("objects"))
    }

    /// A worktree's current branch in a repository whose references are in tables: only git reads those.
    fn reftable_head(&self, path: &Path, git: &Path, layout: &Layout) -> Result<(), CopyError> {
        let copied = crate::git::Git::at(&self.staged.join(path), git);
        let source = crate::git::Git::at(&self.source.join(path), &layout.git_dir).reading_only();
        source
            .head()
            .and_then(|head| copied.set_head(&head))
            .map_err(|source| {
                CopyError::Detach(DetachError::Reftable {
                    path: self.source.join(path),
                    source,
                })
            })
    }

    /// Copies part of a git folder over `to`, leaving what is there.
    fn copy_git(&self, from: &Path, to: &Path, skip: &Skip<'_>) -> Result<(), CopyError> {
        let mut walk = Walk::new(self.shared, from, to);
        walk.merge = true;
        walk.in_git = true;
        walk.skip = Some(skip);
        walk.run().map(drop)
    }

    /// Rewrites a config file if `edit` changes it.
    fn edit_config(&self, path: &Path, edit: impl Fn(&str) -> String) -> Result<(), CopyError> {
        let text = match fs_err::read_to_string(path) {
            Ok(text) => text,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidData) => {
                return Ok(());
            }
            Err(error) => return Err(read_error(path, error)),
        };
        let edited = edit(&text);
        if edited == text {
            Ok(())
        } else {
            write(path, &edited)
        }
    }

    /// Where a resolved path of the source is in the copy, relative to its root, if it was copied.
    fn within(&self, path: &Path) -> Option<PathBuf> {
        let relative = path.strip_prefix(self.source).ok()?;
        self.staged.join(relative).exists().then(|| relative.to_owned())
    }

    /// Gives the folder `path` of the copy the times back that mending its `.git` moved.
    fn keep_times<T>(
        &self,
        path: &Path,
        change: impl FnOnce() -> Result<T, CopyError>,
    ) -> Result<T, CopyError> {
        let folder = self.staged.join(path);
        let before = rustix::fs::stat(&folder).map_err(|error| read_error(&folder, error.into()))?;
        let done = change()?;
        rustix::fs::utimensat(CWD, &folder, &times(&before), rustix::fs::AtFlags::empty())
            .map_err(|error| write_error(&folder, error.into()))?;
        Ok(done)
    }
}

/// Writes a small file of the copy, which nobody else can see yet.
fn write(path: &Path, text: &str) -> Result<(), CopyError> {
    fs_err::write(path, text).map_err(|error| write_error(path, error))
}

fn read_error(path: &Path, source: io::Error) -> CopyError {
    CopyError::Detach(DetachError::Read {
        path: path.to_owned(),
        source,
    })
}

fn write_error(path: &Path, source: io::Error) -> CopyError {
    CopyError::Detach(DetachError::Write {
        path: path.to_owned(),
        source,
    })
}

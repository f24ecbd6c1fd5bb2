// SPDX-License-Identifier: MIT
//! Saving work from a workspace that is about to go: a patch, a bundle, and how to get them back.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags};
use rustix::io::Errno;

use crate::copy::staging::parts;
use crate::git::GitError;
use crate::scan;
use crate::unsaved::{Unsaved, UnsavedRepository};

mod archive;
mod readme;
mod repository;

/// What was saved, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Salvage {
    /// The folder, with a `README.txt` that says how to restore.
    pub path: PathBuf,
    /// The files in it, relative to it.
    pub files: Vec<PathBuf>,
}

/// Why the work was not saved. Nothing is left at the destination then.
#[derive(Debug, thiserror::Error)]
pub enum SalvageError {
    /// The destination has something in it already, which is not touched.
    #[error("cannot save work to `{}`: it already exists", path.display())]
    Exists {
        /// The destination.
        path: PathBuf,
    },
    /// The destination cannot be written.
    #[error("cannot save work to `{}`", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The work cannot be read.
    #[error("cannot save `{}`: it cannot be read", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Git cannot make the patch or the bundle.
    #[error("cannot save the work in the repository `{}`", path.display())]
    Git {
        /// The repository's folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: GitError,
    },
}

/// Writes the work that [`unsaved`](crate::unsaved()) found in `workspace` to the new folder `dest`, on the disk and
/// whole before it appears. In the workspace nothing changes but the times of objects that git meets again.
///
/// For the workspace's repository: `changes.patch` (all that is not committed, against `HEAD`), `staged.patch` where
/// something else was staged, `raw.tar` with files that the patch would not restore byte for byte (line endings,
/// filters), and `work.bundle` (branches and stashes). The same below `nested/` for other repositories. Files outside
/// of repositories are in `files.tar`.
///
/// # Errors
/// [`SalvageError`].
pub fn salvage(workspace: &Path, unsaved: &Unsaved, dest: &Path) -> Result<Salvage, SalvageError> {
    let write = |source| SalvageError::Write {
        path: dest.to_owned(),
        source,
    };
    // Git runs elsewhere, and so will whoever reads the README.
    let workspace = &std::path::absolute(workspace).map_err(write)?;
    let dest = &std::path::absolute(dest).map_err(write)?;
    if dest.symlink_metadata().is_ok() {
        return Err(SalvageError::Exists {
            path: dest.to_owned(),
        });
    }
    let (parent, name) = parts(dest).map_err(write)?;
    fs_err::create_dir_all(parent).map_err(write)?;
    let mut prefix = std::ffi::OsString::from(".");
    prefix.push(name);
    prefix.push(".partial-");
    let staging = tempfile::Builder::new()
        .prefix(&prefix)
        .tempdir_in(parent)
        .map_err(write)?;
    let folder = staging.path().join("salvage");
    fs_err::create_dir(&folder).map_err(write)?;

    let mut saved = Vec::new();
    for (number, repository) in unsaved.repositories.iter().enumerate() {
        let scratch = staging.path().join(format!("scratch-{number}"));
        let part = repository_part(repository);
        fs_err::create_dir_all(folder.join(&part)).map_err(write)?;
        fs_err::create_dir(&scratch).map_err(write)?;
        let saving = repository::Saving::new(workspace, repository, &scratch);
        saved.push((part.clone(), repository, saving.save(&folder.join(&part))?));
    }
    let mut changed = Vec::new();
    if let Some((since, except)) = unsaved.files.scope.as_ref().filter(|_| unsaved.files.total > 0) {
        changed = scan::changed(workspace, *since, except).map_err(|source| SalvageError::Read {
            path: workspace.to_owned(),
            source,
        })?;
        archive::write(&folder.join("files.tar"), workspace, &changed)?;
    }
    let text = readme::text(workspace, dest, &saved, changed.len());
    let readme = folder.join("README.txt");
    fs_err::write(&readme, text).map_err(|source| SalvageError::Write { path: readme, source })?;

    let files = sync(&folder)?;
    match rustix::fs::renameat_with(CWD, &folder, CWD, dest, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
            fs_err::rename(&folder, dest).map_err(write)?;
        }
        Err(Errno::EXIST) => {
            return Err(SalvageError::Exists {
                path: dest.to_owned(),
            });
        }
        renamed => renamed.map_err(|error| write(error.into()))?,
    }
    fs_err::File::open(parent)
        .and_then(|parent| parent.sync_all())
        .map_err(write)?;
    Ok(Salvage {
        path: dest.to_owned(),
        files,
    })
}

/// Where in the salvage a repository's files go.
fn repository_part(repository: &UnsavedRepository) -> PathBuf {
    if repository.path.as_os_str().is_empty() {
        PathBuf::new()
    } else {
        Path::new("nested").join(&repository.path)
    }
}

/// Forces all files to the disk and lists them.
fn sync(folder: &Path) -> Result<Vec<PathBuf>, SalvageError> {
    let mut files = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(below) = folders.pop() {
        let place = folder.join(&below);
        let error = |source| SalvageError::Write {
            path: place.clone(),
            source,
        };
        for entry in fs_err::read_dir(&place).map_err(error)? {
            let entry = entry.map_err(error)?;
            let path = below.join(entry.file_name());
            if entry.file_type().map_err(error)?.is_dir() {
                folders.push(path);
            } else {
                fs_err::File::open(entry.path())
                    .and_then(|file| file.sync_all())
                    .map_err(error)?;
                files.push(path);
            }
        }
        fs_err::File::open(&place)
            .and_then(|folder| folder.sync_all())
            .map_err(error)?;
    }
    files.sort();
    Ok(files)
}

/// Makes a new file of the salvage.
fn create(path: &Path) -> Result<fs_err::File, SalvageError> {
    fs_err::File::create_new(path).map_err(|source| SalvageError::Write {
        path: path.to_owned(),
        source,
    })
}

/// Writes all of a small file of the salvage.
fn write_all(path: &Path, content: &[u8]) -> Result<(), SalvageError> {
    create(path)?
        .write_all(content)
        .map_err(|source| SalvageError::Write {
            path: path.to_owned(),
            source,
        })
}

// SPDX-License-Identifier: MIT
//! Removing a workspace: gone from its name at once, then deleted, links never followed.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags};
use rustix::io::Errno;

use crate::copy::staging;
use crate::delete::{Remains, delete};

/// How many names are tried for the trash.
const ATTEMPTS: u32 = 1000;

/// Why a workspace was not removed, or not wholly.
#[derive(Debug, thiserror::Error)]
pub enum RemoveError {
    /// The folder that holds workspaces cannot be reached.
    #[error("cannot remove `{}`: `{}` cannot be opened", workspace.display(), root.display())]
    Root {
        /// What was to be removed.
        workspace: PathBuf,
        /// The folder it must be below.
        root: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It is not a workspace: it lies elsewhere, or is reached through a link.
    #[error("refusing to remove `{}`: it is not a folder below `{}`", workspace.display(), root.display())]
    Outside {
        /// What was to be removed.
        workspace: PathBuf,
        /// The folder it must be below.
        root: PathBuf,
    },
    /// It could not be taken from its name; nothing was deleted.
    #[error("cannot remove `{}`: it cannot be renamed", workspace.display())]
    Rename {
        /// What was to be removed.
        workspace: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Some of it belongs to another user, as what containers write does. The rest is gone, and the name is free.
    #[error(
        "cannot delete {count} of the files that were in `{}`, the first one `{}`: they belong to another user; remove `{}` with that user's rights",
        workspace.display(), paths.first().unwrap_or(trash).display(), trash.display()
    )]
    Remains {
        /// What was to be removed.
        workspace: PathBuf,
        /// Where the rest is now.
        trash: PathBuf,
        /// Paths that stayed, below `trash`; at most 20.
        paths: Vec<PathBuf>,
        /// How many stayed.
        count: u64,
        /// Why the first one did.
        #[source]
        source: io::Error,
    },
}

/// Removes the folder `workspace`, which must be below `root`, and what killed removals and copies of it left.
///
/// It loses its name first, in one step, so nobody meets half of it; a workspace that is not there is fine.
/// Read-only folders are no obstacle. The caller may take remains that belong to others away and call again.
///
/// # Errors
/// [`RemoveError`]; [`RemoveError::Remains`] says what could not be deleted and where it is.
pub fn remove(workspace: &Path, root: &Path) -> Result<(), RemoveError> {
    let outside = || RemoveError::Outside {
        workspace: workspace.to_owned(),
        root: root.to_owned(),
    };
    let failed = |source| RemoveError::Root {
        workspace: workspace.to_owned(),
        root: root.to_owned(),
        source,
    };
    let (Some(parent), Some(name)) = (workspace.parent(), workspace.file_name()) else {
        return Err(outside());
    };
    let below = fs_err::canonicalize(root).map_err(failed)?;
    let parent = match fs_err::canonicalize(parent) {
        Ok(parent) if parent.starts_with(&below) => parent,
        Ok(_) => return Err(outside()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
    };
    let place = parent.join(name);
    let rename = |source| RemoveError::Rename {
        workspace: workspace.to_owned(),
        source,
    };
    match place.symlink_metadata() {
        Ok(found) if found.is_dir() => drop(to_trash(&place, &parent, name).map_err(rename)?),
        Ok(_) => return Err(outside()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(rename(error)),
    }
    staging::sweep(&place).map_err(failed)?;
    for trash in trashes(&parent, name).map_err(failed)? {
        let Remains { paths, count, why } = delete(&trash);
        if let Some(why) = why {
            let workspace = workspace.to_owned();
            return Err(RemoveError::Remains {
                workspace,
                trash,
                paths,
                count,
                source: why.into(),
            });
        }
    }
    Ok(())
}

/// Renames the workspace to a free name of `.<name>.trash-<n>` beside it.
fn to_trash(place: &Path, parent: &Path, name: &OsStr) -> io::Result<PathBuf> {
    for attempt in 0..ATTEMPTS {
        let mut file = prefix(name);
        file.push(format!("{}-{attempt}", std::process::id()));
        let trash = parent.join(file);
        let renamed = match rustix::fs::renameat_with(CWD, place, CWD, &trash, RenameFlags::NOREPLACE) {
            // Without that flag: an earlier trash is not empty, and an empty one may be replaced.
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => rustix::fs::rename(place, &trash),
            renamed => renamed,
        };
        match renamed {
            Ok(()) => return Ok(trash),
            Err(Errno::NOENT) => return Ok(trash),
            Err(Errno::EXIST | Errno::NOTEMPTY) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Errno::EXIST.into())
}

/// What this removal and earlier ones of the same name have still to delete.
fn trashes(parent: &Path, name: &OsStr) -> io::Result<Vec<PathBuf>> {
    let prefix = prefix(name);
    let mut found = Vec::new();
    for entry in fs_err::read_dir(parent)? {
        let entry = entry?;
        let rest = entry.file_name();
        let rest = rest.as_encoded_bytes().strip_prefix(prefix.as_encoded_bytes());
        if rest.is_some_and(|rest| rest.iter().all(|byte| byte.is_ascii_digit() || *byte == b'-')) {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

fn prefix(name: &OsStr) -> OsString {
    let mut prefix = OsString::from(".");
    prefix.push(name);
    prefix.push(".trash-");
    prefix
}

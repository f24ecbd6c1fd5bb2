// SPDX-License-Identifier: MIT
//! The ways in which a copy fails, each with what was concerned and what to do.

use std::io;
use std::path::PathBuf;

use crate::detach::DetachError;

/// Why there is no copy. What was already copied is removed again.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The source cannot be reached.
    #[error("cannot copy `{}`: it cannot be opened", path.display())]
    Source {
        /// The source as given.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The source is not a folder.
    #[error("cannot copy `{}`: it is not a folder", path.display())]
    SourceNotAFolder {
        /// The source as given.
        path: PathBuf,
    },
    /// An excluded path cannot be resolved.
    #[error("cannot leave out `{}`: it cannot be resolved", path.display())]
    Exclude {
        /// The path as given.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Something has the target's name.
    #[error("cannot make the workspace `{}`: it already exists; choose another name or remove it first", path.display())]
    TargetExists {
        /// The target.
        path: PathBuf,
    },
    /// The copy would contain itself.
    #[error(
        "cannot copy `{}` to `{}`: the workspace would lie inside the folder it copies; keep workspaces elsewhere, or leave out the folder that holds them",
        source_path.display(), target.display()
    )]
    TargetInSource {
        /// The source, resolved.
        source_path: PathBuf,
        /// The target, resolved.
        target: PathBuf,
    },
    /// The source is in the folder that would be made.
    #[error("cannot copy `{}` to `{}`: the folder to copy is that one or lies inside it", source_path.display(), target.display())]
    SourceInTarget {
        /// The source, resolved.
        source_path: PathBuf,
        /// The target, resolved.
        target: PathBuf,
    },
    /// The folder in which the copy is made could not be prepared.
    #[error("cannot make the workspace `{}`: no folder can be made beside it", path.display())]
    Stage {
        /// The target.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// No threads to copy with.
    #[error("cannot copy: no threads can be started")]
    Threads(#[source] rayon::ThreadPoolBuildError),
    /// Something in the source cannot be read.
    #[error("cannot read `{}`; if it is not needed (a container's data, for example), leave it out", path.display())]
    Read {
        /// What.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Something in the copy cannot be written.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// What.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The disk is full, or a quota is used up.
    #[error("no space for a copy of `{}` ({size} bytes; {free} bytes were free): make room and run it again", path.display())]
    NoSpace {
        /// The original that did not fit.
        path: PathBuf,
        /// Its size in bytes, 0 for a folder or a link.
        size: u64,
        /// Free bytes at that moment.
        free: u64,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The caller asked for it.
    #[error("the copy was cancelled; what was already copied is removed")]
    Cancelled,
    /// A git repository in the copy could not be made independent of the source.
    #[error("the copy of a git repository cannot be made independent of its source")]
    Detach(#[source] DetachError),
    /// The finished copy could not get its name.
    #[error("cannot move the finished copy to `{}`", path.display())]
    Publish {
        /// The target.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

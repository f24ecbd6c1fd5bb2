// SPDX-License-Identifier: MIT
//! Workspaces: copies of a project that share its blocks on disk and have a git life of their own.
//!
//! ```
//! use cilo_workspace::{Base, CopyRequest, baseline, copy, remove, salvage, unsaved};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let place = tempfile::tempdir()?;
//! # let (project, envs) = (place.path().join("project"), place.path().join("envs"));
//! # fs_err::create_dir_all(&project)?;
//! let workspace = envs.join("agent-1");
//! let report = copy(&CopyRequest::new(&project, &workspace), &mut |_progress| {})?;
//! let before = baseline(&project, &workspace, &report.repositories)?;
//!
//! // An agent works in it. What of that is nowhere else?
//! fs_err::write(workspace.join("idea.txt"), "keep me")?;
//! let work = unsaved(&workspace, &Base { source: &project, baseline: &before })?;
//! if !work.is_empty() {
//!     salvage(&workspace, &work, &place.path().join("salvage"))?;
//! }
//! remove(&workspace, &envs)?;
//! # assert!(place.path().join("salvage/files.tar").exists() && !workspace.exists());
//! # Ok(())
//! # }
//! ```
//!
//! - [`copy()`] makes a workspace; the source is read only, and the workspace appears when it is whole.
//!   Every git repository in it is made independent: nothing done there moves a branch of the source.
//! - [`unsaved()`] tells what would be lost with a workspace, [`salvage()`] saves that, [`remove()`] deletes it.
//!
//! All of them can be killed at any moment: running them again mends what is left.
//!
//! The crate does not know what an environment is, where workspaces are kept, or what runs in them: paths come in,
//! reports go out. It talks to nobody and reads no settings. Only [`baseline()`], [`unsaved()`] and [`salvage()`] use the
//! `git` program; a copy needs none.

mod copy;
mod delete;
mod detach;
mod git;
mod remove;
mod salvage;
mod scan;
mod sys;
mod unsaved;

pub use copy::{Cancel, CopyError, CopyReport, CopyRequest, Method, Note, Noted, Progress, copy};
pub use detach::{DetachError, Origin, Repository};
pub use git::GitError;
pub use remove::{RemoveError, remove};
pub use salvage::{Salvage, SalvageError, salvage};
pub use scan::{GENERATED, Moment};
pub use unsaved::{
    Base, Baseline, BaselineError, Branch, Change, ChangeKind, RepositoryBaseline, Stash, Unsaved,
    UnsavedError, UnsavedFiles, UnsavedRepository, baseline, unsaved,
};

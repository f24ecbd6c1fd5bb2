// SPDX-License-Identifier: MIT
//! Copy-on-write workspaces.
mod copy;
mod delete;
mod detach;
mod git;
mod sys;

pub use copy::{Cancel, CopyError, CopyReport, CopyRequest, Method, Note, Noted, Progress, copy};
pub use detach::{DetachError, Origin, Repository};
pub use git::GitError;

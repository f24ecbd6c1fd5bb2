// SPDX-License-Identifier: MIT
//! One file per command: its arguments, whose doc comment is its help, and one `run`.

pub(crate) mod completion;
pub(crate) mod config;
pub(crate) mod create;
pub(crate) mod daemon;
pub(crate) mod destroy;
pub(crate) mod down;
pub(crate) mod exec;
pub(crate) mod explain;
pub(crate) mod list;
pub(crate) mod logs;
pub(crate) mod path;
pub(crate) mod run;
pub(crate) mod status;
pub(crate) mod up;
pub(crate) mod version;

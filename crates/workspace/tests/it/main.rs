// SPDX-License-Identifier: MIT
//! The crate's tests, in one program.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a failed step fails the test; a skipped one says so"
)]

mod copy;
mod detach;
mod killed;
mod mounts;
mod random;
mod remove;
mod salvage;
mod support;
mod unsaved;

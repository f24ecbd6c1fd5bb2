// SPDX-License-Identifier: MIT
//! Runtimes against real engines. Each test has an environment of its own and removes what carries its id.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests fail as tests do, and say when they are skipped"
)]

mod builds;
mod changes;
mod failures;
mod live;
mod starts;
mod support;
mod teardown;

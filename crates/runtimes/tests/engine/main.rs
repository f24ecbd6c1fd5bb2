// SPDX-License-Identifier: MIT
//! Runtimes against real engines. Each test has an environment of its own and removes what carries its id.

mod builds;
mod changes;
mod failures;
mod live;
mod starts;
mod support;
mod teardown;

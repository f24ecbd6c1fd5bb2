// SPDX-License-Identifier: MIT
//! What the tests stand on: homes of their own, the program under test, and eyes on what it did.

mod command;
mod docker;
mod git;
mod home;
mod http;
mod pool;
mod project;
mod tree;
mod wait;

pub(crate) use command::{Cilo, Ended};
pub(crate) use docker::docker;
pub(crate) use git::{git, repository};
pub(crate) use home::Home;
pub(crate) use http::{call, get};
pub(crate) use project::{Project, write};
pub(crate) use tree::tree;
pub(crate) use wait::{eventually, never_before};

/// One service that waits, stops at once, and needs nothing.
pub(crate) const IDLE: &str = "\
services:
  app:
    image: busybox
    command: [sleep, '1000']
    stop_signal: SIGKILL
";

/// A page on port 80, published on the host port 8080.
pub(crate) const WEB: &str = "\
services:
  web:
    image: busybox
    command: [httpd, -f, -p, '80', -h, /www]
    stop_signal: SIGKILL
    ports: ['8080:80']
    volumes: ['./www:/www:ro']
";

/// Whether a container engine answers. A test that needs one returns when it does not; where the run promised one
/// (`CILO_TEST_ENGINE=1`, as `cargo xtask test` does) that is a failure.
pub(crate) fn needs_engine() -> bool {
    provided(
        docker::answers(),
        "needs a container engine (cargo xtask engine, cargo xtask images)",
    )
}

/// Whether this is root, for tests that mount or add interfaces.
pub(crate) fn needs_root() -> bool {
    provided(rustix::process::geteuid().is_root(), "needs root (sudo)")
}

#[expect(
    clippy::disallowed_methods,
    reason = "how the tests are run is told by the environment"
)]
fn provided(there: bool, missing: &str) -> bool {
    if !there {
        assert!(std::env::var_os("CILO_TEST_ENGINE").is_none(), "{missing}");
        skipped(missing);
    }
    there
}

/// Says what a test was not done for.
#[expect(
    clippy::print_stdout,
    reason = "the reader of the tests' output wants to know"
)]
pub(crate) fn skipped(missing: &str) {
    println!("skipped: {missing}");
}

// SPDX-License-Identifier: MIT
//! `cargo xtask ci`: everything that must hold before a change goes in, cheapest first.

use std::time::Instant;

use crate::sh::{self, Sh};
use crate::{say, settings, test, tidy};

/// Run everything that CI runs
///
/// Format, lints, house rules, documentation, tests; stops at the first that fails.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// One step of CI.
pub(crate) struct Step {
    name: &'static str,
    run: fn() -> Result<(), Error>,
}

/// Every step, in order.
pub(crate) const STEPS: &[Step] = &[
    Step {
        name: "fmt",
        run: || cargo(&["fmt", "--all", "--check"]),
    },
    Step {
        name: "clippy",
        run: || {
            cargo(&[
                "clippy",
                "--workspace",
                "--all-targets",
                "--",
                "--deny",
                "warnings",
            ])
        },
    },
    Step {
        name: "tidy",
        run: || tidy::run(&tidy::Args {}).map_err(Error::Tidy),
    },
    Step {
        name: "doc",
        run: doc,
    },
    Step {
        name: "test",
        run: || test::run(&test::Args::default()).map_err(Error::Test),
    },
];

/// Which step failed, and why.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("ci: {name} failed after {seconds:.1} s")]
    Step {
        name: &'static str,
        seconds: f64,
        #[source]
        source: Box<Self>,
    },
    #[error(transparent)]
    Cargo(#[from] sh::Error),
    #[error(transparent)]
    Tidy(tidy::Error),
    #[error(transparent)]
    Test(test::Error),
}

/// Runs the steps, each with its time.
pub(crate) fn run(_: &Args) -> Result<(), Error> {
    let mut times = Vec::new();
    for step in STEPS {
        say::step(&format!("ci: {}", step.name));
        let start = Instant::now();
        let result = (step.run)();
        let seconds = start.elapsed().as_secs_f64();
        result.map_err(|source| Error::Step {
            name: step.name,
            seconds,
            source: Box::new(source),
        })?;
        times.push(format!("{} {seconds:.1} s", step.name));
    }
    say::step(&format!("ci: all good ({})", times.join(", ")));
    Ok(())
}

fn cargo(args: &[&str]) -> Result<(), Error> {
    Ok(Sh::new("cargo").args(args).dir(settings::root()).run()?)
}

fn doc() -> Result<(), Error> {
    let doc = Sh::new("cargo")
        .args(["doc", "--workspace", "--no-deps"])
        .dir(settings::root());
    Ok(doc.variable("RUSTDOCFLAGS", "--deny warnings").run()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_named_once_and_tests_come_last() {
        let names: Vec<_> = STEPS.iter().map(|step| step.name).collect();
        assert_eq!(names, ["fmt", "clippy", "tidy", "doc", "test"]);
    }

    #[test]
    fn a_failed_step_is_named() {
        let inner = cargo(&["no-such-command"]).unwrap_err();
        let error = Error::Step {
            name: "clippy",
            seconds: 1.25,
            source: Box::new(inner),
        };
        assert_eq!(error.to_string(), "ci: clippy failed after 1.2 s");
    }
}

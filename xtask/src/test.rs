// SPDX-License-Identifier: MIT
//! `cargo xtask test`: provides what the tests need, runs all of them, and ends with the totals.

use std::io::{self, BufRead, BufReader, Write};
use std::process::Stdio;

use crate::sh::{self, Sh};
use crate::{parts, say, settings};

/// Tells the tests that everything they need was provided: what they would skip must fail.
const ENGINE_IS_THERE: &str = "CILO_TEST_ENGINE";

/// Run all tests, with everything they need
///
/// Installs what is missing (a container engine, images, git) after saying so in one line, then runs every test of
/// the workspace, documentation included. A test that cannot run fails. The last line gives the totals.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Args {
    /// Passed on to `cargo test`, for example `-p cilo-dns` or a test's name
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    cargo: Vec<String>,
}

/// Why not every test passed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Parts(#[from] parts::Error),
    #[error(transparent)]
    Cargo(#[from] sh::Error),
    #[error("the output of the tests could not be passed on")]
    Output(#[source] io::Error),
    #[error("not every test passed")]
    Failed,
}

/// Provides, runs, counts.
pub(crate) fn run(args: &Args) -> Result<(), Error> {
    parts::provide("test")?;
    let mut cargo = Sh::new("cargo")
        .args(["test", "--no-fail-fast"])
        .dir(settings::root());
    if !args
        .cargo
        .iter()
        .any(|arg| arg == "-p" || arg.starts_with("--package"))
    {
        cargo = cargo.arg("--workspace");
    }
    let cargo = cargo.args(&args.cargo).variable(ENGINE_IS_THERE, "1");
    let mut child = cargo.spawn(Stdio::piped(), Stdio::inherit())?;
    let mut totals = Totals::default();
    if let Some(output) = child.stdout.take() {
        pass_on(BufReader::new(output), io::stdout().lock(), &mut totals).map_err(Error::Output)?;
    }
    let status = child.wait().map_err(Error::Output)?;
    say::result(&totals.line());
    if status.success() && totals.failed == 0 {
        Ok(())
    } else {
        Err(Error::Failed)
    }
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Totals {
    passed: u64,
    failed: u64,
    skipped: u64,
}

impl Totals {
    fn add(&mut self, line: &str) {
        let Some(counts) = line.strip_prefix("test result: ") else {
            return;
        };
        for part in counts.split(['.', ';']) {
            let mut words = part.split_whitespace();
            let (Some(count), Some(kind)) = (words.next().and_then(|w| w.parse::<u64>().ok()), words.next())
            else {
                continue;
            };
            match kind {
                "passed" => self.passed += count,
                "failed" => self.failed += count,
                "ignored" => self.skipped += count,
                _ => {}
            }
        }
    }

    fn line(&self) -> String {
        format!(
            "{} passed, {} failed, {} skipped",
            self.passed, self.failed, self.skipped
        )
    }
}

fn pass_on(mut from: impl BufRead, mut to: impl Write, totals: &mut Totals) -> io::Result<()> {
    let mut line = Vec::new();
    while from.read_until(b'\n', &mut line)? > 0 {
        totals.add(String::from_utf8_lossy(&line).trim_end());
        to.write_all(&line)?;
        line.clear();
    }
    to.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &[u8] = b"running 3 tests\ntest a ... ok\n\n\
        test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 7 filtered out; finished in 0.11s\n\
        not test result: ok. 9 passed\n\xff\n\
        test result: FAILED. 10 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.00s\n";

    #[test]
    fn totals_are_added_up_over_all_binaries_and_the_output_stays_as_it_is() {
        let (mut totals, mut seen) = (Totals::default(), Vec::new());
        pass_on(OUTPUT, &mut seen, &mut totals).unwrap();
        assert_eq!(seen, OUTPUT);
        assert_eq!(totals.line(), "12 passed, 2 failed, 1 skipped");
    }
}

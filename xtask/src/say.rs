// SPDX-License-Identifier: MIT
//! What the chores print: every line goes through here, progress to stderr and results to stdout.

/// Prints a line of progress: what is about to happen, or what just did.
#[expect(clippy::print_stderr, reason = "the one place where the chores talk")]
pub(crate) fn step(line: &str) {
    eprintln!("{line}");
}

/// Prints a line of the result the user asked for.
#[expect(clippy::print_stdout, reason = "the one place where the chores print results")]
pub(crate) fn result(line: &str) {
    println!("{line}");
}

// SPDX-License-Identifier: MIT
//! The project's own chores, run as `cargo xtask <chore>`: one file per chore.

use std::process::ExitCode;

use clap::Parser;

mod api;
mod bench;
mod ci;
mod conformance;
mod demo;
mod engine;
mod http;
mod images;
mod packages;
mod parts;
mod say;
mod settings;
mod sh;
mod test;
mod tidy;
mod wait;

/// The project's chores
#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    disable_help_subcommand = true
)]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, clap::Subcommand)]
enum Chore {
    Engine(engine::Args),
    Images(images::Args),
    Demo(demo::Args),
    Test(test::Args),
    Bench(bench::Args),
    Tidy(tidy::Args),
    Conformance(conformance::Args),
    Ci(ci::Args),
}

fn main() -> ExitCode {
    let result: Result<(), Box<dyn std::error::Error>> = match Cli::parse().chore {
        Chore::Engine(args) => engine::run(&args).map_err(Into::into),
        Chore::Images(args) => images::run(&args).map_err(Into::into),
        Chore::Demo(args) => demo::run(&args).map_err(Into::into),
        Chore::Test(args) => test::run(&args).map_err(Into::into),
        Chore::Bench(args) => bench::run(&args).map_err(Into::into),
        Chore::Tidy(args) => tidy::run(&args).map_err(Into::into),
        Chore::Conformance(args) => conformance::run(&args).map_err(Into::into),
        Chore::Ci(args) => ci::run(&args).map_err(Into::into),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say::step(&report(&*error));
            ExitCode::FAILURE
        }
    }
}

fn report(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |inner| inner.source());
    causes.fold(format!("error: {error}"), |text, cause| {
        text + "\n  because: " + &cause.to_string()
    })
}

// SPDX-License-Identifier: MIT
//! The project's own chores, run as `cargo xtask <chore>`: one file per chore.

use std::process::ExitCode;

use clap::Parser;

mod api;
mod engine;
mod images;
mod packages;
mod say;
mod settings;
mod sh;
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
}

fn main() -> ExitCode {
    let result: Result<(), Box<dyn std::error::Error>> = match Cli::parse().chore {
        Chore::Engine(args) => engine::run(&args).map_err(Into::into),
        Chore::Images(args) => images::run(&args).map_err(Into::into),
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
    let mut text = format!("error: {error}");
    let mut cause = error.source();
    while let Some(inner) = cause {
        text += &format!("\n  because: {inner}");
        cause = inner.source();
    }
    text
}

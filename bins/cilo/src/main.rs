// SPDX-License-Identifier: MIT
//! `cilo`: isolated copies of an application from the files it already has.

mod cli;
mod commands;
mod context;
mod failure;
mod progress;
mod settings;
mod ui;
mod view;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::Cli;
use crate::context::Context;
use crate::failure::Failure;
use crate::ui::Ui;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return failure::usage(&error),
    };
    let environment = settings::Environment::read();
    let ui = Ui::new(cli.global.quiet, cli.global.no_color || environment.no_colour());
    start_log(&environment, cli.global.verbose);
    let result = Context::new(ui, &cli.global, &environment).and_then(|context| {
        let threads = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(4)
            .enable_all()
            .build();
        let threads = threads.map_err(Failure::from)?;
        let result = threads.block_on(cli.command.run(&context));
        // A thread that reads a terminal ends with the next key: nobody waits for that.
        threads.shutdown_background();
        result
    });
    match result {
        Ok(code) => code,
        Err(failure) => failure.report(ui),
    }
}

/// What the program does inside, for those who ask: `CILO_LOG`, or `-v` and more of them.
fn start_log(environment: &settings::Environment, verbose: u8) {
    let filter = environment.log().unwrap_or(match verbose {
        0 => return,
        1 => "cilo=debug,cilo_engine=debug,cilo_runtimes=debug",
        _ => "debug",
    });
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::new(filter))
        .with_writer(std::io::stderr)
        .init();
}

// SPDX-License-Identifier: MIT
//! `cilo down`.

use std::process::ExitCode;
use std::time::Duration;

use cilo_engine::runtimes::DownOptions;
use cilo_spec::EnvName;

use crate::context::Context;
use crate::failure::Failure;
use crate::progress::Progress;

/// Stop an environment; its data and its workspace stay
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cilo down agent-1
  cilo down agent-1 web           only this service
  cilo down agent-1 --timeout 2   kill what does not stop within two seconds")]
pub(crate) struct Args {
    /// The environment's name
    env: EnvName,
    /// Only these services
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
    /// How long each container may take to stop, in seconds [default: its own grace period, else 10]
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<u64>,
}

pub(crate) async fn run(context: &Context, args: Args) -> Result<ExitCode, Failure> {
    let options = DownOptions {
        services: args.services.into_iter().collect(),
        grace: args.timeout.map(Duration::from_secs),
    };
    let selector = context.selector(&args.env);
    let progress = Progress::new(context.ui);
    let removed = context
        .engine
        .down(&selector, &options, &|event| progress.show(event))
        .await;
    progress.finish();
    let removed = removed?;
    match removed.containers.len() {
        0 => context.ui.status(format_args!("{} was not running", args.env)),
        1 => context
            .ui
            .status(format_args!("{} is down: 1 container removed", args.env)),
        count => context
            .ui
            .status(format_args!("{} is down: {count} containers removed", args.env)),
    }
    Ok(ExitCode::SUCCESS)
}

// SPDX-License-Identifier: MIT
//! `cilo path`.

use std::process::ExitCode;

use cilo_spec::EnvName;

use crate::context::Context;
use crate::failure::Failure;

/// Print the path of an environment's workspace
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cd \"$(cilo path agent-1)\"
  git -C \"$(cilo path agent-1)\" diff")]
pub(crate) struct Args {
    /// The environment's name
    env: EnvName,
}

#[expect(clippy::unused_async, reason = "every command has this shape")]
pub(crate) async fn run(context: &Context, args: Args) -> Result<ExitCode, Failure> {
    let record = context.engine.find(&context.selector(&args.env))?;
    context.ui.data(context.engine.workspace(&record.env).display())?;
    Ok(ExitCode::SUCCESS)
}

// SPDX-License-Identifier: MIT
//! `cilo path`.

use std::process::ExitCode;

use cilo_spec::EnvName;

use crate::context::Context;
use crate::failure::Failure;
use crate::view::VERSION;

/// Print the path of an environment's workspace
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cd \"$(cilo path agent-1)\"
  git -C \"$(cilo path agent-1)\" diff")]
pub(crate) struct Args {
    /// The environment's name
    env: EnvName,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[expect(clippy::unused_async, reason = "every command has this shape")]
pub(crate) async fn run(context: &Context, args: Args) -> Result<ExitCode, Failure> {
    let record = context.engine.find(&context.selector(&args.env))?;
    let workspace = context.engine.workspace(&record.env);
    if args.json {
        context
            .ui
            .json(&serde_json::json!({ "version": VERSION, "workspace": workspace }))?;
    } else {
        context.ui.data(workspace.display())?;
    }
    Ok(ExitCode::SUCCESS)
}

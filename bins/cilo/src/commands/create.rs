// SPDX-License-Identifier: MIT
//! `cilo create`.

use std::path::PathBuf;
use std::process::ExitCode;

use cilo_engine::{CreateRequest, EnvironmentState};
use cilo_spec::EnvName;

use crate::context::Context;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::view::{EnvironmentView, VERSION};

/// Copy the project into a workspace of its own, without starting anything
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cilo create agent-1
  cilo create agent-1 --from ~/src/shop")]
pub(crate) struct Args {
    /// The environment's name
    env: EnvName,
    /// The project's folder [default: the current folder's project]
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(context: &Context, args: Args) -> Result<ExitCode, Failure> {
    let request = CreateRequest {
        env: args.env,
        from: args.from,
        project: context.project.clone(),
        cancel: context.cancel_on_signal(),
    };
    let progress = Progress::new(context.ui);
    let created = context
        .engine
        .create(&request, &|event| progress.show(event))
        .await;
    progress.finish();
    let created = created?;
    if args.json {
        let view = EnvironmentView::new(
            &created.record,
            EnvironmentState::Created,
            &[],
            &created.workspace,
        );
        context
            .ui
            .json(&serde_json::json!({ "version": VERSION, "environment": view }))?;
    } else {
        context.ui.data(created.workspace.display())?;
    }
    Ok(ExitCode::SUCCESS)
}

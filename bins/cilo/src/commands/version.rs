// SPDX-License-Identifier: MIT
//! `cilo version`.

use std::process::ExitCode;

use crate::context::Context;
use crate::failure::Failure;
use crate::view::VERSION;

/// Print the version of Cilo, and of the container engine when one answers
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cilo version
  cilo version --json")]
pub(crate) struct Args {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(context: &Context, args: Args) -> Result<ExitCode, Failure> {
    let version = &context.engine.settings().version;
    let about = match context.engine.runtime().await {
        Ok(runtime) => runtime.about().await.ok(),
        Err(_) => None,
    };
    if args.json {
        let engine = about.map(|about| {
            serde_json::json!({
                "version": about.version,
                "api_version": about.api_version,
                "os": about.os,
                "arch": about.arch,
                "endpoint": about.endpoint,
            })
        });
        context
            .ui
            .json(&serde_json::json!({ "version": VERSION, "cilo": version, "engine": engine }))?;
        return Ok(ExitCode::SUCCESS);
    }
    context.ui.data(format_args!("cilo {version}"))?;
    match about {
        Some(about) => context.ui.data(format_args!(
            "engine {} (API {}, {}/{}) at {}",
            about.version, about.api_version, about.os, about.arch, about.endpoint
        ))?,
        None => context.ui.status("no container engine answers"),
    }
    Ok(ExitCode::SUCCESS)
}

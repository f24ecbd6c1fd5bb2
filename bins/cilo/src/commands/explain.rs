// SPDX-License-Identifier: MIT
//! `cilo explain`.

use std::process::ExitCode;

use cilo_spec::EnvName;

use crate::context::Context;
use crate::failure::Failure;
use crate::ui::Style;
use crate::view::VERSION;

/// Show every change that isolates an environment, and everything that is not isolated
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cilo explain agent-1
  cilo explain agent-1 --json | jq '.warnings'")]
pub(crate) struct Args {
    /// The environment's name
    env: EnvName,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[expect(clippy::unused_async, reason = "every command has this shape")]
pub(crate) async fn run(context: &Context, args: Args) -> Result<ExitCode, Failure> {
    let ui = context.ui;
    let explanation = context.engine.explain(&context.selector(&args.env))?;
    let report = &explanation.report;
    if args.json {
        ui.json(&serde_json::json!({
            "version": VERSION,
            "project": explanation.record.env.project,
            "name": explanation.record.env.env,
            "files": explanation.files,
            "subnet": explanation.subnet.to_string(),
            "changes": report.changes,
            "warnings": report.warnings,
            "remarks": explanation.remarks,
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    for file in &explanation.files {
        ui.data(format_args!("{} {}", ui.out("read", Style::Dim), file.display()))?;
    }
    for change in &report.changes {
        let becomes = if change.to.is_empty() {
            "(left out)"
        } else {
            &change.to
        };
        ui.data(format_args!(
            "{} {}\n    {} {} {}\n    {}",
            ui.out("change", Style::Good),
            ui.out(&change.at, Style::Strong),
            change.from,
            ui.out("→", Style::Dim),
            becomes,
            ui.out(&change.why, Style::Dim),
        ))?;
    }
    for warning in &report.warnings {
        let at = ui.out(&warning.at, Style::Strong);
        ui.data(format_args!(
            "{} {at}\n    {}",
            ui.out("shared", Style::Warn),
            warning.what
        ))?;
    }
    for remark in &explanation.remarks {
        ui.data(format_args!("{} {remark}", ui.out("remark", Style::Warn)))?;
    }
    Ok(ExitCode::SUCCESS)
}

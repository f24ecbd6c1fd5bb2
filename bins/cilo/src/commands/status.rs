// SPDX-License-Identifier: MIT
//! `cilo status`.

use std::process::ExitCode;

use cilo_spec::EnvName;

use crate::context::Context;
use crate::failure::Failure;
use crate::ui::Style;
use crate::view::{EnvironmentView, SERVICE_HEAD, VERSION, state_style};

/// Show one environment: its services, names, addresses and workspace
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cilo status agent-1
  cilo status agent-1 --json | jq -r '.environment.services[] | \"\\(.name) \\(.state)\"'")]
pub(crate) struct Args {
    /// The environment's name
    env: EnvName,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(context: &Context, args: Args) -> Result<ExitCode, Failure> {
    let ui = context.ui;
    let summary = context.engine.status(&context.selector(&args.env)).await?;
    let about = context
        .engine
        .runtime()
        .await?
        .about()
        .await
        .map_err(cilo_engine::Error::from)?;
    let workspace = context.engine.workspace(&summary.record.env);
    let view = EnvironmentView::new(&summary.record, summary.state, &summary.services, &workspace);
    if args.json {
        ui.json(&serde_json::json!({
            "version": VERSION,
            "environment": view,
            "engine": {
                "version": about.version,
                "api_version": about.api_version,
                "endpoint": about.endpoint,
            },
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    let lines = [
        (
            "environment",
            ui.out(&summary.record.env.to_string(), Style::Strong),
        ),
        ("state", ui.out(&view.state.to_string(), state_style(view.state))),
        ("name", ui.out(&view.host, Style::Name)),
        ("addresses", view.subnet.clone().unwrap_or_else(|| "-".to_owned())),
        ("workspace", view.workspace.clone()),
        ("copied from", view.source.clone()),
        ("created", view.created_at.clone()),
        (
            "engine",
            format!(
                "{} (API {}) at {}",
                about.version, about.api_version, about.endpoint
            ),
        ),
    ];
    for (label, value) in lines {
        ui.data(format_args!(
            "{} {value}",
            ui.out(&format!("{label:<12}"), Style::Dim)
        ))?;
    }
    if !view.services.is_empty() {
        ui.data("")?;
        let rows: Vec<_> = view.services.iter().map(|service| service.row()).collect();
        ui.table(SERVICE_HEAD, &rows)?;
    }
    Ok(ExitCode::SUCCESS)
}

// SPDX-License-Identifier: MIT
//! `cilo list`.

use std::process::ExitCode;

use cilo_engine::Summary;

use crate::context::Context;
use crate::failure::Failure;
use crate::ui::Style;
use crate::view::{EnvironmentView, VERSION, state_style};

/// List environments, with what the container engine says of them right now
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cilo list                 this project's, or all outside a project
  cilo list --all
  cilo list --json | jq -r '.environments[] | select(.state == \"running\") | .name'
  cilo list --names         only the names, one per line")]
pub(crate) struct Args {
    /// Those of all projects
    #[arg(long, short)]
    all: bool,
    /// Only the names, one per line; with --all as `project/name`
    #[arg(long, conflicts_with = "json")]
    names: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(context: &Context, args: Args) -> Result<ExitCode, Failure> {
    let project = match &context.project {
        Some(project) => Some(project.clone()),
        None if args.all => None,
        None => context.engine.current_project()?,
    };
    let (summaries, problem) = context.engine.list(project.as_ref()).await?;
    if let Some(problem) = problem {
        context.ui.warn(format_args!("states are unknown: {problem}"));
    }
    let views: Vec<EnvironmentView> = summaries.iter().map(|summary| view(context, summary)).collect();
    if args.json {
        context
            .ui
            .json(&serde_json::json!({ "version": VERSION, "environments": views }))?;
    } else if args.names {
        for view in &views {
            match project {
                Some(_) => context.ui.data(&view.name)?,
                None => context.ui.data(format_args!("{}/{}", view.project, view.name))?,
            }
        }
    } else if views.is_empty() {
        context
            .ui
            .status("there are no environments; `cilo up NAME` makes one");
    } else {
        let rows: Vec<_> = views.iter().map(row).collect();
        context
            .ui
            .table(&["NAME", "PROJECT", "STATE", "SERVICES", "WHERE"], &rows)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn view(context: &Context, summary: &Summary) -> EnvironmentView {
    let workspace = context.engine.workspace(&summary.record.env);
    EnvironmentView::new(&summary.record, summary.state, &summary.services, &workspace)
}

fn row(view: &EnvironmentView) -> Vec<(String, Style)> {
    let ingress = view.services.iter().find(|service| service.ingress);
    let place = match ingress.and_then(|service| service.url.as_deref().zip(service.host.as_deref())) {
        Some((url, host)) => url.replacen(host, &view.host, 1),
        None => "-".to_owned(),
    };
    let fine = view.services.iter().filter(|service| {
        ["running", "healthy", "completed"]
            .iter()
            .any(|word| service.state.starts_with(word))
    });
    let services = match view.services.len() {
        0 => "-".to_owned(),
        all => format!("{}/{all}", fine.count()),
    };
    vec![
        (view.name.clone(), Style::Strong),
        (view.project.clone(), Style::Plain),
        (view.state.to_string(), state_style(view.state)),
        (services, Style::Plain),
        (place, Style::Name),
    ]
}

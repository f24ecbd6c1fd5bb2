// SPDX-License-Identifier: MIT
//! `cilo up`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use cilo_engine::runtimes::UpOptions;
use cilo_engine::{EnvironmentState, Up, UpRequest};
use cilo_spec::EnvName;

use crate::context::Context;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::ui::Style;
use crate::view::{EnvironmentView, SERVICE_HEAD, VERSION};

/// Start an environment, and wait until it is ready; it is created when it is missing
///
/// Running it again starts what stopped, replaces what changed and leaves the rest alone.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cilo up agent-1
  cilo up agent-1 --from ~/src/shop
  cilo up agent-1 db cache        only these services and what they depend on
  cilo up agent-1 --build         build images again
  cilo up agent-1 --json | jq -r '.environment.services[].url'")]
pub(crate) struct Args {
    /// The environment's name
    env: EnvName,
    /// Only these services and what they depend on
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
    /// The project's folder [default: the current folder's project]
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,
    /// Build images again
    #[arg(long)]
    build: bool,
    /// Replace containers that did not change, too
    #[arg(long)]
    recreate: bool,
    /// Wait until every service is ready (the default)
    #[arg(long, overrides_with = "no_wait")]
    wait: bool,
    /// Return once everything is started
    #[arg(long)]
    no_wait: bool,
    /// How long to wait for readiness, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    timeout: u64,
    /// Say where the time went
    #[arg(long)]
    timings: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(context: &Context, args: Args) -> Result<ExitCode, Failure> {
    let timeout = Duration::from_secs(args.timeout);
    let request = UpRequest {
        from: args.from,
        project: context.project.clone(),
        options: UpOptions {
            services: args.services.into_iter().collect(),
            recreate: args.recreate,
            build: args.build,
            dependency_timeout: Some(timeout),
            cancel: context.cancel_on_signal(),
            ..UpOptions::default()
        },
        wait: !args.no_wait,
        timeout,
        ..UpRequest::new(args.env)
    };
    let progress = Progress::new(context.ui);
    let up = context.engine.up(&request, &|event| progress.show(event)).await;
    progress.finish();
    let up = up?;
    let view = EnvironmentView::new(
        &up.record,
        EnvironmentState::of(&up.services),
        &up.services,
        &up.workspace,
    );
    if args.json {
        context.ui.json(&serde_json::json!({
            "version": VERSION,
            "created": up.created,
            "names_served": up.named,
            "environment": view,
            "warnings": up.report.warnings,
            "timings": timings_json(&up),
        }))?;
    } else {
        let rows: Vec<_> = view.services.iter().map(|service| service.row()).collect();
        context.ui.table(SERVICE_HEAD, &rows)?;
    }
    summary(context, &up);
    if args.timings {
        timings(context, &up);
    }
    Ok(ExitCode::SUCCESS)
}

fn summary(context: &Context, up: &Up) {
    let ui = context.ui;
    for warning in &up.report.warnings {
        ui.warn(warning);
    }
    let ready = ui.err(&format!("{} is up", up.record.env), Style::Good);
    ui.status(format_args!("{ready}; workspace {}", up.workspace.display()));
    if up.named {
        let dns = context.engine.settings().dns;
        ui.status(format_args!(
            "its names are served by Cilo's DNS at {dns} (UDP and TCP); other resolvers do not ask it yet"
        ));
    }
}

fn timings(context: &Context, up: &Up) {
    let ui = context.ui;
    for (phase, took) in &up.phases {
        ui.status(format_args!("{:>8.1} ms  {phase}", milliseconds(*took)));
    }
    for step in up.steps() {
        let line = format!(
            "{:>8.1} ms  +{:.1} {} {}",
            milliseconds(step.took),
            milliseconds(step.begin),
            step.step,
            step.subject
        );
        ui.status(ui.err(&line, Style::Dim));
    }
}

fn timings_json(up: &Up) -> serde_json::Value {
    let phases = up
        .phases
        .iter()
        .map(|(phase, took)| serde_json::json!({ "phase": phase, "milliseconds": milliseconds(*took) }));
    let steps = up.steps().iter().map(|step| {
        serde_json::json!({
            "step": step.step.to_string(),
            "subject": step.subject,
            "begin": milliseconds(step.begin),
            "milliseconds": milliseconds(step.took),
        })
    });
    serde_json::json!({ "phases": phases.collect::<Vec<_>>(), "steps": steps.collect::<Vec<_>>() })
}

fn milliseconds(span: Duration) -> f64 {
    span.as_secs_f64() * 1_000.0
}

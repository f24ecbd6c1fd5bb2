// SPDX-License-Identifier: MIT
//! `cilo destroy`.

use std::process::ExitCode;

use cilo_engine::{DestroyOptions, Destruction, Selector};
use cilo_spec::EnvName;

use crate::context::Context;
use crate::failure::Failure;
use crate::progress::Progress;

/// Remove an environment with its containers, data, names and workspace
///
/// Refuses when the workspace holds work that exists nowhere else. With --force such work is first saved as a patch
/// and a git bundle below `~/.cilo/salvage`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cilo destroy agent-1
  cilo destroy agent-1 --force            no question, unsaved work is kept as a patch
  cilo destroy agent-1 --keep-workspace
  cilo destroy --all --force              every environment of this project")]
pub(crate) struct Args {
    /// The environment's name
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    env: Option<EnvName>,
    /// Every environment of the current project; outside a project, or with --everywhere, of all projects
    #[arg(long)]
    all: bool,
    /// With --all: of all projects
    #[arg(long, requires = "all")]
    everywhere: bool,
    /// Do not ask, and destroy unsaved work after saving it
    #[arg(long, short)]
    force: bool,
    /// Leave the workspace where it is
    #[arg(long)]
    keep_workspace: bool,
}

pub(crate) async fn run(context: &Context, args: Args) -> Result<ExitCode, Failure> {
    let selectors = match &args.env {
        Some(env) => vec![context.selector(env)],
        None => all(context, args.everywhere)?,
    };
    if selectors.is_empty() {
        context.ui.status("there are no environments");
        return Ok(ExitCode::SUCCESS);
    }
    if !args.force && !agreed(context, &selectors, args.keep_workspace).await? {
        return Err(Failure::failed("nothing was destroyed"));
    }
    let options = DestroyOptions {
        force: args.force,
        keep_workspace: args.keep_workspace,
    };
    let mut failures = Vec::new();
    for selector in &selectors {
        match destroy(context, selector, options).await {
            Ok(()) => {}
            // One that cannot be destroyed does not keep the others.
            Err(failure) if selectors.len() > 1 => failures.push(failure),
            Err(failure) => return Err(failure),
        }
    }
    match failures.pop() {
        None => Ok(ExitCode::SUCCESS),
        Some(last) => {
            for failure in failures {
                failure.report(context.ui);
            }
            Err(last)
        }
    }
}

fn all(context: &Context, everywhere: bool) -> Result<Vec<Selector>, Failure> {
    let project = match &context.project {
        Some(project) => Some(project.clone()),
        None if everywhere => None,
        None => context.engine.current_project()?,
    };
    let state = context.engine.state()?;
    let chosen = state
        .environments
        .keys()
        .filter(|env| project.as_ref().is_none_or(|project| &env.project == project));
    Ok(chosen
        .map(|env| Selector {
            env: env.env.clone(),
            project: Some(env.project.clone()),
        })
        .collect())
}

/// Shows what would go and asks. Without a terminal there is nobody to ask.
async fn agreed(context: &Context, selectors: &[Selector], keep_workspace: bool) -> Result<bool, Failure> {
    for selector in selectors {
        let plan = context.engine.destruction(selector).await?;
        show(context, &plan, keep_workspace);
        if let (Some(work), false) = (&plan.unsaved, keep_workspace) {
            let error = cilo_engine::Error::UnsavedWork {
                env: plan.record.env,
                summary: cilo_engine::describe(work),
            };
            return Err(error.into());
        }
    }
    context.ui.confirm("Destroy it?")?.ok_or_else(|| {
        Failure::usage_error("there is no terminal to ask on; say --force to destroy without asking")
    })
}

fn show(context: &Context, plan: &Destruction, keep_workspace: bool) {
    let ui = context.ui;
    ui.status(format_args!("{}:", plan.record.env));
    let contents = &plan.contents;
    for (what, names) in [
        ("container", &contents.containers),
        ("network", &contents.networks),
        ("volume", &contents.volumes),
        ("image", &contents.images),
    ] {
        for name in names {
            ui.status(format_args!("  {what} {name}"));
        }
    }
    if let (Some(workspace), false) = (&plan.workspace, keep_workspace) {
        ui.status(format_args!("  workspace {}", workspace.display()));
    }
}

async fn destroy(context: &Context, selector: &Selector, options: DestroyOptions) -> Result<(), Failure> {
    let progress = Progress::new(context.ui);
    let destroyed = context
        .engine
        .destroy(selector, options, &|event| progress.show(event))
        .await;
    progress.finish();
    let destroyed = destroyed?;
    context.ui.status(format_args!("{} is gone", destroyed.env));
    if let Some(kept) = &destroyed.kept {
        context
            .ui
            .status(format_args!("its workspace stays in {}", kept.display()));
    }
    Ok(())
}

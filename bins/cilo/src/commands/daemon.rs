// SPDX-License-Identifier: MIT
//! `cilo daemon`.

use std::process::ExitCode;

use cilo_engine::{DaemonStatus, Started};

use crate::context::{Context, end_signal};
use crate::failure::Failure;
use crate::view::VERSION;

/// The resident process that serves the environments' names
///
/// Commands start it when they need it; containers run without it. It listens on 127.0.0.1:5354 (CILO_DNS_PORT).
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cilo daemon status
  cilo daemon start
  cilo daemon run      in the foreground, until Ctrl-C")]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Serve in the foreground, until Ctrl-C or SIGTERM
    Run {
        /// Leave the terminal's session
        #[arg(long, hide = true)]
        detach: bool,
    },
    /// Start it in the background; one that runs stays
    Start,
    /// Stop it; the names are not served until it is started again
    Stop,
    /// Say whether it runs; exit 1 when it does not
    Status {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

pub(crate) async fn run(context: &Context, args: Args) -> Result<ExitCode, Failure> {
    let ui = context.ui;
    let daemon = context.engine.daemon();
    let failed = |error| Failure::from(cilo_engine::Error::Daemon(error));
    match args.verb {
        Verb::Run { detach } => {
            if detach {
                // A session leader already is what this is for.
                let _ = rustix::process::setsid();
            }
            let ready = |address| ui.status(format_args!("serving names on {address} (UDP and TCP)"));
            daemon.run(end_signal(), ready).await.map_err(failed)?;
        }
        Verb::Start => match daemon.start().await.map_err(failed)? {
            Started::Already => ui.status(format_args!("the daemon runs already, on {}", daemon.address)),
            Started::New => ui.status(format_args!("the daemon serves names on {}", daemon.address)),
            Started::Replaced => ui.status(format_args!("the daemon was replaced, on {}", daemon.address)),
        },
        Verb::Stop => match daemon.stop().await.map_err(failed)? {
            true => ui.status("the daemon is stopped"),
            false => ui.status("the daemon was not running"),
        },
        Verb::Status { json } => return status(context, &daemon, json).await,
    }
    Ok(ExitCode::SUCCESS)
}

async fn status(context: &Context, daemon: &cilo_engine::Daemon, json: bool) -> Result<ExitCode, Failure> {
    let ui = context.ui;
    let status = daemon.status().await;
    let running = matches!(status, DaemonStatus::Running(_));
    if json {
        let (state, identity, occupant) = match &status {
            DaemonStatus::Running(identity) => ("running", Some(identity), None),
            DaemonStatus::Stopped => ("stopped", None, None),
            DaemonStatus::Taken(occupant) => ("taken", None, Some(occupant.to_string())),
        };
        ui.json(&serde_json::json!({
            "version": VERSION,
            "state": state,
            "address": daemon.address.to_string(),
            "log": daemon.log,
            "pid": identity.map(|identity| identity.pid),
            "cilo": identity.map(|identity| &identity.version),
            "queries": identity.map(|identity| identity.queries),
            "zones": identity.map(|identity| identity.zones),
            "problems": identity.map(|identity| identity.problems),
            "occupant": occupant,
        }))?;
    } else {
        match status {
            DaemonStatus::Running(identity) => ui.data(format_args!(
                "running: process {}, version {}, {} environments, {} queries answered, on {}",
                identity.pid, identity.version, identity.zones, identity.queries, daemon.address
            ))?,
            DaemonStatus::Stopped => ui.data(format_args!(
                "stopped; `cilo daemon start` starts it on {}",
                daemon.address
            ))?,
            DaemonStatus::Taken(occupant) => {
                ui.data(format_args!(
                    "not running: {} is taken by {occupant}",
                    daemon.address
                ))?;
            }
        }
    }
    Ok(if running {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

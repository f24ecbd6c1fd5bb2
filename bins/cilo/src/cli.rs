// SPDX-License-Identifier: MIT
//! The command line: global options and one variant per command.

use std::process::ExitCode;

use cilo_spec::ProjectName;
use clap::builder::Styles;
use clap::builder::styling::AnsiColor;
use clap::{Args, Parser, Subcommand};

use crate::commands;
use crate::context::Context;
use crate::failure::Failure;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  failed
  2  wrong usage
  3  started, but not ready or unhealthy
  4  not ready in time
  5  in conflict with something, or work would be lost
  `run` and `exec` end with the code of the command they ran.";

/// Isolated copies of your application, side by side.
///
/// Each copy (an environment) has its own workspace, network, data and names: `api.agent-1.test`.
/// Your files are never edited.
#[derive(Debug, Parser)]
#[command(name = "cilo", version, styles = STYLES, after_help = EXIT_CODES, propagate_version = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct Global {
    /// The project, when an environment's name alone does not say
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) project: Option<ProjectName>,
    /// Say nothing but errors
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// Say what happens inside; twice for more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// No colours (also `NO_COLOR`)
    #[arg(long, global = true)]
    pub(crate) no_color: bool,
}

macro_rules! commands {
    ($($(#[$attribute:meta])* $module:ident => $variant:ident),* $(,)?) => {
        #[derive(Debug, Subcommand)]
        pub(crate) enum Command {
            $($(#[$attribute])* $variant(commands::$module::Args),)*
        }

        impl Command {
            pub(crate) async fn run(self, context: &Context) -> Result<ExitCode, Failure> {
                match self {
                    $(Self::$variant(args) => commands::$module::run(context, args).await,)*
                }
            }
        }
    };
}

commands! {
    create => Create,
    up => Up,
    down => Down,
    destroy => Destroy,
    run => Run,
    #[command(visible_alias = "ls")]
    list => List,
    status => Status,
    logs => Logs,
    exec => Exec,
    path => Path,
    config => Config,
    explain => Explain,
    daemon => Daemon,
    version => Version,
    completion => Completion,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_has_examples() {
        for command in Cli::command().get_subcommands() {
            let help = command
                .get_after_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            assert!(
                help.contains("Examples:"),
                "`{}` has no examples",
                command.get_name()
            );
        }
    }
}

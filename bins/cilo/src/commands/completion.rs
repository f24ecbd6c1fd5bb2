// SPDX-License-Identifier: MIT
//! `cilo completion`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{CommandFactory, ValueEnum};
use clap_complete::Shell;

use crate::cli::Cli;
use crate::context::Context;
use crate::failure::Failure;

/// Print a shell's completion script, or write the man pages
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cilo completion bash > ~/.local/share/bash-completion/completions/cilo
  cilo completion zsh > ~/.zfunc/_cilo
  cilo completion fish > ~/.config/fish/completions/cilo.fish
  cilo completion man --dir ~/.local/share/man/man1")]
pub(crate) struct Args {
    /// What to print
    what: What,
    /// Where to write man pages, one per command [default: the main page, to standard output]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
    Bash,
    Elvish,
    Fish,
    Powershell,
    Zsh,
    /// Man pages
    Man,
}

#[expect(clippy::unused_async, reason = "every command has this shape")]
pub(crate) async fn run(context: &Context, args: Args) -> Result<ExitCode, Failure> {
    let mut command = Cli::command();
    let shell = match args.what {
        What::Bash => Shell::Bash,
        What::Elvish => Shell::Elvish,
        What::Fish => Shell::Fish,
        What::Powershell => Shell::PowerShell,
        What::Zsh => Shell::Zsh,
        What::Man => return man(context, command, args.dir.as_deref()),
    };
    if args.dir.is_some() {
        return Err(Failure::usage_error(
            "--dir is for man pages; a completion script goes to standard output",
        ));
    }
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "cilo", &mut script);
    context.ui.write_out(String::from_utf8_lossy(&script))?;
    Ok(ExitCode::SUCCESS)
}

fn man(context: &Context, command: clap::Command, dir: Option<&Path>) -> Result<ExitCode, Failure> {
    match dir {
        Some(dir) => {
            fs_err::create_dir_all(dir)?;
            clap_mangen::generate_to(command, dir)?;
            context
                .ui
                .status(format_args!("man pages are in {}", dir.display()));
        }
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(command).render(&mut page)?;
            context.ui.write_out(String::from_utf8_lossy(&page))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

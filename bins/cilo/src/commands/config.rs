// SPDX-License-Identifier: MIT
//! `cilo config`.

use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;

use cilo_engine::parsers::{ParseRequest, canonical, canonical_yaml, detect_and_parse};
use clap::ValueEnum;

use crate::context::Context;
use crate::failure::Failure;

/// Print the project as it is read, resolved, in its format's canonical form
///
/// For a Compose project this is what `docker compose config` prints. Nothing is isolated here; `cilo explain` shows
/// what isolation changes.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cilo config
  cilo config -f compose.yaml -f compose.ci.yaml --profile debug
  cilo config --format json | jq '.services | keys'
  cat compose.yaml | cilo config -f -")]
pub(crate) struct Args {
    /// A project file; several are merged in order; `-` is standard input
    #[arg(short, long = "file", value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The folder relative paths start from [default: the first file's]
    #[arg(long, value_name = "DIR")]
    project_directory: Option<PathBuf>,
    /// The project's name
    #[arg(short = 'p', long, value_name = "NAME")]
    project_name: Option<String>,
    /// A profile to activate; `*` is all
    #[arg(long = "profile", value_name = "PROFILE")]
    profiles: Vec<String>,
    /// A file with variables, instead of `.env`
    #[arg(long = "env-file", value_name = "FILE")]
    env_files: Vec<PathBuf>,
    /// The form
    #[arg(long, value_enum, default_value_t = Format::Yaml)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Yaml,
    Json,
}

#[expect(clippy::unused_async, reason = "every command has this shape")]
pub(crate) async fn run(context: &Context, args: Args) -> Result<ExitCode, Failure> {
    let settings = context.engine.settings();
    let stdin = match args.files.iter().any(|file| file.as_os_str() == "-") {
        true => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text)?;
            Some(text)
        }
        false => None,
    };
    let parsed = detect_and_parse(&ParseRequest {
        directory: settings.directory.clone(),
        files: args.files,
        project_directory: args.project_directory,
        project_name: args.project_name,
        profiles: args.profiles,
        env_files: args.env_files,
        variables: settings.variables.clone(),
        home: settings.user_home.clone(),
        stdin,
    })
    .map_err(cilo_engine::Error::from)?;
    for warning in &parsed.warnings {
        context.ui.warn(warning);
    }
    match args.format {
        Format::Json => context.ui.json(&canonical(&parsed.spec))?,
        Format::Yaml => context.ui.write_out(canonical_yaml(&parsed.spec))?,
    }
    Ok(ExitCode::SUCCESS)
}

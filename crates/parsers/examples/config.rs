// SPDX-License-Identifier: MIT
//! Prints a project's canonical model: `config [-f F]... [--project-directory D] [-p NAME] [--profile P]...
//! [--env-file F]... [--format json|yaml]`.
#![expect(clippy::print_stderr, reason = "a command-line program")]
#![expect(clippy::disallowed_methods, reason = "a program reads its own environment")]

use std::io::{Read as _, Write as _};
use std::process::ExitCode;

use cilo_parsers::{ParseRequest, canonical, canonical_yaml, detect_and_parse};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    let mut request = ParseRequest {
        directory: std::env::current_dir()?,
        variables: std::env::vars().collect(),
        home: std::env::var_os("HOME").map(Into::into),
        ..ParseRequest::default()
    };
    let mut yaml = false;
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "config");
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "-f" => request.files.push(value()?.into()),
            "--project-directory" => request.project_directory = Some(value()?.into()),
            "-p" => request.project_name = Some(value()?),
            "--profile" => request.profiles.push(value()?),
            "--env-file" => request.env_files.push(value()?.into()),
            "--format" => yaml = value()? == "yaml",
            other => return Err(format!("unknown argument {other}").into()),
        }
    }
    if request.files.iter().any(|file| file.as_os_str() == "-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text)?;
        request.stdin = Some(text);
    }
    let parsed = detect_and_parse(&request)?;
    for warning in &parsed.warnings {
        eprintln!("warning: {warning}");
    }
    let text = if yaml {
        canonical_yaml(&parsed.spec)
    } else {
        format!("{:#}\n", canonical(&parsed.spec))
    };
    // In one piece: standard output writes line by line otherwise.
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

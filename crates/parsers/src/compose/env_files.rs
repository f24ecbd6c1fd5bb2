// SPDX-License-Identifier: MIT
//! Env files: which are read for interpolation, and how their errors are shown.

use std::cell::Cell;
use std::path::{Path, PathBuf};

use super::dotenv;
use super::paths::clean;
use super::session::{Environment, Lookup, Session, read};
use crate::error::Fault;
use crate::problem::Problem;
use crate::source::Span;

/// Adds what the explicit env files, else the folder's `.env`, say to the environment, which wins.
pub(crate) fn add(
    session: &Session<'_>,
    folder: &Path,
    environment: &mut Environment,
    used: &mut Vec<PathBuf>,
) -> Result<(), Fault> {
    let request = session.request;
    let mut files: Vec<PathBuf> = request.env_files.clone();
    if files.is_empty()
        && let Some(listed) = environment.get("COMPOSE_ENV_FILES")
    {
        files = listed
            .split(',')
            .filter(|file| !file.is_empty())
            .map(PathBuf::from)
            .collect();
    }
    let files: Vec<PathBuf> = if files.is_empty() {
        let disabled = environment
            .get("COMPOSE_DISABLE_ENV_FILE")
            .is_some_and(|flag| matches!(flag.to_ascii_lowercase().as_str(), "1" | "t" | "true"));
        let file = folder.join(".env");
        if disabled || !file.is_file() {
            return Ok(());
        }
        vec![file]
    } else {
        files
            .iter()
            .map(|file| clean(&request.directory.join(file)))
            .collect()
    };
    if used.ends_with(&files) {
        return Ok(());
    }
    for (name, value) in read_env_files(session, &files, environment)? {
        environment.entry(name).or_insert(value);
    }
    used.extend(files);
    Ok(())
}

/// The variables of env files, each file over the one before; `environment` is asked first by their references.
pub(crate) fn read_env_files(
    session: &Session<'_>,
    files: &[PathBuf],
    environment: &Environment,
) -> Result<Environment, Fault> {
    let mut found = Environment::new();
    for file in files {
        if file == Path::new("/dev/null") {
            continue;
        }
        let text = read(file, "the env file")?;
        found = parse_env_file(session, file, &text, environment, &found)?;
    }
    Ok(found)
}

/// Parses one env file; its errors point into it.
pub(crate) fn parse_env_file(
    session: &Session<'_>,
    file: &Path,
    text: &str,
    environment: &Environment,
    earlier: &Environment,
) -> Result<Environment, Fault> {
    let lookup = Lookup {
        environment,
        session,
        span: Cell::new(None),
    };
    dotenv::parse(text, &lookup, earlier).map_err(|error| refuse(session, file, text, error))
}

/// The error of an env file, with its place. Values may be secrets, so its line is shown up to the name.
pub(crate) fn refuse(session: &Session<'_>, file: &Path, text: &str, error: dotenv::DotenvError) -> Fault {
    let names: Vec<&str> = text
        .lines()
        .map(|line| line.find(['=', ':']).map_or(line, |end| &line[..=end]))
        .collect();
    let span = Span {
        file: session.add_text(file, names.join("\n")),
        line: error.line,
        column: 1,
    };
    Fault::at(
        span,
        Problem::Dotenv {
            message: error.message,
        },
    )
}

// SPDX-License-Identifier: MIT
//! Which files are read, from where, with which variables: what the command line, the environment and `.env`
//! decide before the first project file is parsed.

use std::path::{Path, PathBuf};

use super::env_files;
use super::paths::{Base, clean};
use super::session::{Environment, Session};
use crate::error::Fault;
use crate::problem::{Notice, Problem};

/// File names that are searched for, the preferred one first.
const FILES: &[&str] = &[
    "compose.yaml",
    "compose.yml",
    "docker-compose.yml",
    "docker-compose.yaml",
];

/// File names of the override that is added to a found file.
const OVERRIDES: &[&str] = &[
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
];

/// What was decided.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The project folder, absolute.
    pub(crate) directory: PathBuf,
    /// The project files, absolute; `-` is standard input.
    pub(crate) files: Vec<PathBuf>,
    /// The process environment over the env files.
    pub(crate) environment: Environment,
    /// The env files that were read, absolute.
    pub(crate) env_files: Vec<PathBuf>,
    pub(crate) profiles: Vec<String>,
    /// The name given on the command line or in the environment.
    pub(crate) name: Option<String>,
}

/// Decides all of it; `None` when there is no project file.
pub(crate) fn settings(session: &Session<'_>) -> Result<Option<Settings>, Fault> {
    let request = session.request;
    let cwd = Base {
        directory: &request.directory,
        home: request.home.as_deref(),
    };
    let absolute = |path: &Path| clean(&cwd.directory.join(path));
    let mut environment = request.variables.clone();
    environment
        .entry("PWD".to_owned())
        .or_insert_with(|| request.directory.display().to_string());
    let mut env_files = Vec::new();
    let given = request.project_directory.as_deref().map(absolute);
    let first_folder = request
        .files
        .iter()
        .find(|file| *file != Path::new("-"))
        .map(|file| {
            let file = absolute(file);
            file.parent().map_or(file.clone(), Path::to_owned)
        });

    let folder = given
        .clone()
        .or(first_folder)
        .unwrap_or_else(|| request.directory.clone());
    env_files::add(session, &folder, &mut environment, &mut env_files)?;

    let Some(files) = files(session, &environment)? else {
        return Ok(None);
    };
    let directory = given.unwrap_or_else(|| {
        files
            .iter()
            .find(|file| *file != Path::new("-"))
            .and_then(|file| file.parent())
            .unwrap_or(&request.directory)
            .to_owned()
    });
    if directory != folder {
        env_files::add(session, &directory, &mut environment, &mut env_files)?;
    }

    let mut profiles = request.profiles.clone();
    if profiles.is_empty() {
        let listed = environment.get("COMPOSE_PROFILES").map_or("", String::as_str);
        profiles = listed
            .split(',')
            .map(|profile| profile.trim().to_owned())
            .filter(|profile| !profile.is_empty())
            .collect();
    }
    let name = request
        .project_name
        .clone()
        .filter(|name| !name.is_empty())
        .or_else(|| environment.get("COMPOSE_PROJECT_NAME").cloned())
        .filter(|name| !name.is_empty());
    if let Some(name) = &name
        && normalise_name(name) != *name
    {
        return Err(Fault::nowhere(Problem::ProjectName { name: name.clone() }));
    }
    Ok(Some(Settings {
        directory,
        files,
        environment,
        env_files,
        profiles,
        name,
    }))
}

/// The name as engines take it: lower case, `[a-z0-9_-]`, starting with a letter or digit.
pub(crate) fn normalise_name(name: &str) -> String {
    let kept: String = name
        .to_lowercase()
        .chars()
        .filter(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-'))
        .collect();
    kept.trim_start_matches(['_', '-']).to_owned()
}

/// The project files: given, else `COMPOSE_FILE`, else searched in the folder and those above it.
fn files(session: &Session<'_>, environment: &Environment) -> Result<Option<Vec<PathBuf>>, Fault> {
    let request = session.request;
    let mut named = request.files.clone();
    if named.is_empty()
        && let Some(list) = environment.get("COMPOSE_FILE").filter(|list| !list.is_empty())
    {
        let separator = environment
            .get("COMPOSE_PATH_SEPARATOR")
            .map_or(":", String::as_str);
        named = list.split(separator).map(PathBuf::from).collect();
    }
    if named.is_empty() {
        return Ok(request
            .directory
            .ancestors()
            .find_map(|folder| search(session, folder)));
    }
    named
        .iter()
        .map(|file| {
            let text = file.to_string_lossy();
            if is_remote(&text) {
                return Err(Fault::nowhere(Problem::Remote {
                    what: "the project file",
                    reference: text.into_owned(),
                }));
            }
            Ok(if file == Path::new("-") {
                file.clone()
            } else {
                clean(&request.directory.join(file))
            })
        })
        .collect::<Result<_, _>>()
        .map(Some)
}

fn search(session: &Session<'_>, folder: &Path) -> Option<Vec<PathBuf>> {
    let there = |names: &[&str]| -> Vec<PathBuf> {
        names
            .iter()
            .map(|name| folder.join(name))
            .filter(|file| file.is_file())
            .collect()
    };
    let mut found = there(FILES).into_iter();
    let file = found.next()?;
    for ignored in found {
        let used = file.clone();
        session.warn(Notice::SeveralFiles { used, ignored }, None);
    }
    let mut files = vec![file];
    let mut overrides = there(OVERRIDES).into_iter();
    if let Some(used) = overrides.next() {
        files.push(used.clone());
        for ignored in overrides {
            let used = used.clone();
            session.warn(Notice::SeveralFiles { used, ignored }, None);
        }
    }
    Some(files)
}

/// Whether a reference is a Git, HTTP or OCI address rather than a file.
pub(crate) fn is_remote(reference: &str) -> bool {
    const PREFIXES: &[&str] = &[
        "oci://",
        "oci:",
        "https://",
        "http://",
        "git://",
        "ssh://",
        "git@",
        "github.com/",
    ];
    PREFIXES.iter().any(|prefix| reference.starts_with(prefix))
}

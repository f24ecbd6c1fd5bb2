// SPDX-License-Identifier: MIT
//! `env_file` and `label_file`: variables and labels of services that are kept in files of their own.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::Path;

use cilo_spec::model::OptionalMapping;

use super::dotenv;
use super::env_files::{parse_env_file, refuse};
use super::interpolate::Variables;
use super::scalar;
use super::session::{Environment, Lookup, Session, read};
use super::tree::{Map, Node, Value};
use crate::error::Fault;
use crate::problem::Problem;
use crate::source::Span;

/// One entry of `env_file`.
#[derive(Debug)]
pub(crate) struct EnvFile {
    path: String,
    required: bool,
    raw: bool,
    span: Span,
}

/// Takes the `env_file` entries out of the tree, by service.
pub(crate) fn take_env_files(tree: &mut Node) -> BTreeMap<String, Vec<EnvFile>> {
    let Some(services) = tree
        .as_map_mut()
        .and_then(|map| map.get_mut("services"))
        .and_then(Node::as_map_mut)
    else {
        return BTreeMap::new();
    };
    services
        .iter_mut()
        .filter_map(|(name, service)| {
            let entries = service.as_map_mut()?.shift_remove("env_file")?;
            let Value::List(entries) = entries.value else {
                return None;
            };
            Some((
                name.clone(),
                entries
                    .iter()
                    .filter_map(|entry| env_file(entry.as_map()?, entry.span))
                    .collect(),
            ))
        })
        .collect()
}

fn env_file(entry: &Map, span: Span) -> Option<EnvFile> {
    let text = |key: &str| entry.get(key).and_then(|node| scalar::text_of(&node.value));
    Some(EnvFile {
        path: text("path")?,
        required: text("required").is_none_or(|flag| flag != "false"),
        raw: text("format").is_some_and(|format| format == "raw"),
        span,
    })
}

/// The variables of a service: those of its files, each over the one before, below its `environment`.
pub(crate) fn environment(
    files: &[EnvFile],
    own: &OptionalMapping,
    project: &Environment,
    session: &Session<'_>,
) -> Result<OptionalMapping, Fault> {
    let mut result = OptionalMapping::new();
    let mut outer = project.clone();
    for (name, value) in own {
        if let Some(value) = value {
            outer.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
    for file in files {
        let path = Path::new(&file.path);
        if !path.exists() {
            if !file.required {
                continue;
            }
            return Err(Fault::at(
                file.span,
                Problem::Missing {
                    what: "the env file",
                    path: path.to_owned(),
                },
            )
            .hint("create it, or write `required: false`"));
        }
        let text = read(path, "the env file").map_err(|fault| fault.or_at(Some(file.span)))?;
        let found = if file.raw {
            let lookup = Lookup {
                environment: &outer,
                session,
                span: Cell::new(Some(file.span)),
            };
            dotenv::parse_raw(&text, &lookup as &dyn Variables)
                .map_err(|error| refuse(session, path, &text, error))?
        } else {
            parse_env_file(session, path, &text, &outer, &Environment::new())?
        };
        result.extend(found.into_iter().map(|(name, value)| (name, Some(value))));
    }
    result.extend(own.clone());
    Ok(result)
}

/// The labels of a service's `label_file`s, each over the one before. Their references see labels only: those of
/// the files before, and of the lines before.
pub(crate) fn labels(files: &[String], session: &Session<'_>) -> Result<Environment, Fault> {
    let mut result = Environment::new();
    for file in files {
        let path = Path::new(file);
        let text = read(path, "the label file")?;
        let found = parse_env_file(session, path, &text, &result, &Environment::new())?;
        result.extend(found);
    }
    Ok(result)
}

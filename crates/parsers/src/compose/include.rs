// SPDX-License-Identifier: MIT
//! Stage 3: `include` brings in the resources of other projects (Compose specification, "Include").

use std::path::{Path as FilePath, PathBuf};

use super::env_files::read_env_files;
use super::merge::{merge, reset};
use super::model::{Scope, load, read};
use super::paths::clean;
use super::schema::PROJECT;
use super::settings::is_remote;
use super::tree::{Node, Path, Value};
use crate::error::Fault;
use crate::problem::Problem;

/// What an include may bring.
const SECTIONS: &[&str] = &["services", "networks", "volumes", "secrets", "configs", "models"];

/// Loads what `include` names and puts the document's own resources over it.
pub(crate) fn apply(
    scope: &Scope<'_>,
    root: &mut Node,
    resets: &[Vec<String>],
    file: &FilePath,
) -> Result<(), Fault> {
    let Some(include) = root.as_map_mut().and_then(|map| map.shift_remove("include")) else {
        return Ok(());
    };
    let Value::List(entries) = &include.value else {
        return Err(Fault::at(
            include.span,
            Problem::WrongType {
                path: "include".to_owned(),
                expected: "a list".to_owned(),
                found: include.value.kind(),
            },
        ));
    };
    let mut parents = scope.parents.to_vec();
    parents.push(file.to_owned());
    for (index, entry) in entries.iter().enumerate() {
        let included = one(scope, entry, &Path::ROOT.key("include").index(index), &parents)?;
        import(root, included, resets)?;
    }
    Ok(())
}

fn one(scope: &Scope<'_>, entry: &Node, path: &Path<'_>, parents: &[PathBuf]) -> Result<Node, Fault> {
    let mut entry = entry.clone();
    if let Some(shape) = PROJECT.form.child("include").and_then(|shape| shape.form.items()) {
        super::validate::validate(&mut entry, shape, path, scope.session)?;
    }
    let base = scope.base();
    let mut files = Vec::new();
    for file in texts(&entry, "path") {
        let text = file.as_str().unwrap_or_default();
        if is_remote(text) {
            return Err(Fault::at(
                file.span,
                Problem::Remote {
                    what: "the include",
                    reference: text.to_owned(),
                },
            )
            .hint("copy the file into the project and include the copy"));
        }
        files.push(PathBuf::from(base.absolute(text)));
    }
    let Some(main) = files.first() else {
        return Err(Fault::value(entry.span, path, "`path` names no file"));
    };
    if parents.contains(main) {
        let mut chain: Vec<String> = parents.iter().map(|file| file.display().to_string()).collect();
        chain.push(main.display().to_string());
        return Err(Fault::at(
            entry.span,
            Problem::Cycle {
                what: "includes",
                chain,
            },
        ));
    }
    let directory = match entry.get(&["project_directory"]).and_then(Node::as_str) {
        Some(directory) if !directory.is_empty() => PathBuf::from(base.absolute(directory)),
        _ => main.parent().unwrap_or(scope.directory).to_owned(),
    };
    let directory = clean(&directory);
    let mut env_files: Vec<PathBuf> = texts(&entry, "env_file")
        .filter_map(|file| Some(PathBuf::from(base.absolute(file.as_str()?))))
        .collect();
    if env_files.is_empty() {
        env_files.extend(Some(directory.join(".env")).filter(|file| file.is_file()));
    }
    let mut environment = read_env_files(scope.session, &env_files, scope.environment)
        .map_err(|fault| fault.or_at(Some(entry.span)))?;
    environment.extend(
        scope
            .environment
            .iter()
            .map(|(name, value)| (name.clone(), value.clone())),
    );
    let inner = Scope {
        session: scope.session,
        directory: &directory,
        environment: &environment,
        parents,
    };
    load(&inner, read(scope.session, &files, Some(entry.span))?)
}

/// The texts of a list attribute.
fn texts<'a>(entry: &'a Node, key: &str) -> impl Iterator<Item = &'a Node> {
    entry
        .get(&[key])
        .and_then(Node::as_list)
        .unwrap_or_default()
        .iter()
        .filter(|node| node.as_str().is_some())
}

/// Adds included resources to the document; where both have one, the document's goes over the included.
fn import(root: &mut Node, mut included: Node, resets: &[Vec<String>]) -> Result<(), Fault> {
    reset_conflicts(&mut included, root, resets);
    for section in SECTIONS {
        let Some(Value::Map(resources)) = included
            .as_map_mut()
            .and_then(|map| map.shift_remove(*section))
            .map(|node| node.value)
        else {
            continue;
        };
        let shape = PROJECT.form.child(section).and_then(|shape| shape.form.child(""));
        let own = root.section(section);
        let Some(own) = own else { continue };
        for (name, mut resource) in resources {
            if let Some(over) = own.get_mut(&name) {
                merge(
                    &mut resource,
                    std::mem::take(over),
                    shape,
                    &Path::ROOT.key(section).key(&name),
                )?;
            }
            own.insert(name, resource);
        }
    }
    Ok(())
}

/// Resets of the document reach only the resources it has itself.
fn reset_conflicts(included: &mut Node, root: &Node, resets: &[Vec<String>]) {
    let both: Vec<Vec<String>> = resets
        .iter()
        .filter(|path| match &path[..] {
            [section, name, _, ..] => root.get(&[section, name]).is_some(),
            _ => false,
        })
        .cloned()
        .collect();
    reset(included, &both);
}

// SPDX-License-Identifier: MIT
//! Grants of secrets and configs, env files, and what is external.

use super::super::session::Session;
use super::super::tree::{Map, Node, Path, Value};
use crate::error::Fault;
use crate::problem::Notice;

/// `name` → `{source: name}`.
#[expect(clippy::unnecessary_wraps, reason = "the signature of the table")]
pub(crate) fn grant(node: &mut Node, _path: &Path<'_>, _session: &Session<'_>) -> Result<(), Fault> {
    wrap(node, "source");
    Ok(())
}

/// `288` → `0440`: a number is the mode itself, a text is octal.
pub(crate) fn mode(node: &mut Node, path: &Path<'_>, _session: &Session<'_>) -> Result<(), Fault> {
    let mode = match &node.value {
        Value::Int(mode) => *mode,
        Value::Text(text) => i64::from_str_radix(text.trim_start_matches("0o"), 8).map_err(|_| {
            Fault::value(
                node.span,
                path,
                format!("`{text}` is not an octal mode, for example `0440`"),
            )
        })?,
        _ => return Ok(()),
    };
    node.value = Value::Text(format!("0{mode:o}"));
    Ok(())
}

/// `a.env` → `[{path: a.env}]`.
pub(crate) fn env_files(node: &mut Node, path: &Path<'_>, session: &Session<'_>) -> Result<(), Fault> {
    super::lists::one_or_more(node, path, session)?;
    if let Value::List(items) = &mut node.value {
        for item in items {
            wrap(item, "path");
        }
    }
    Ok(())
}

/// `external: {name: x}` → `external: true`, `name: x`.
pub(crate) fn external(node: &mut Node, path: &Path<'_>, session: &Session<'_>) -> Result<(), Fault> {
    let Some(map) = node.as_map_mut() else {
        return Ok(());
    };
    let Some(external) = map.get_mut("external") else {
        return Ok(());
    };
    let Value::Map(inner) = &mut external.value else {
        return Ok(());
    };
    let name = inner.shift_remove("name");
    let (span, key) = (external.span, external.key);
    external.value = Value::Bool(true);
    let Some(name) = name else {
        return Ok(());
    };
    session.warn(Notice::ExternalName(path.to_string()), Some(key));
    match map.get("name") {
        Some(own) if !own.same(&name) => Err(Fault::value(
            span,
            path,
            "`name` and `external.name` differ; keep `name` only",
        )),
        Some(_) => Ok(()),
        None => {
            map.insert("name".to_owned(), name);
            Ok(())
        }
    }
}

/// A text becomes a mapping with it below `key`.
pub(super) fn wrap(node: &mut Node, key: &str) {
    if let Value::Text(_) = node.value {
        let inner = Node::new(std::mem::take(&mut node.value), node.span);
        node.value = Value::Map(Map::from_iter([(key.to_owned(), inner)]));
    }
}

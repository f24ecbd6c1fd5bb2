// SPDX-License-Identifier: MIT
//! Stage 4: every short form becomes its long form, so that merging and all later stages see one form only.

pub(crate) mod build;
pub(crate) mod command;
pub(crate) mod devices;
pub(crate) mod files;
pub(crate) mod health;
pub(crate) mod lists;
pub(crate) mod mappings;
pub(crate) mod mounts;
pub(crate) mod ports;
pub(crate) mod project;
pub(crate) mod service;

use super::schema::Shape;
use super::session::Session;
use super::tree::{Node, Path, Value};
use crate::error::Fault;

/// Turns one attribute into its long form. What it does not recognise it leaves, for validation to name.
pub(crate) type Canonical = fn(&mut Node, &Path<'_>, &Session<'_>) -> Result<(), Fault>;

/// Applies the shapes' rules to a node and all below it. Doing it again changes nothing.
pub(crate) fn canonicalise(
    node: &mut Node,
    shape: &Shape,
    path: &Path<'_>,
    session: &Session<'_>,
) -> Result<(), Fault> {
    if let Some(canonical) = shape.canonical
        && (session.interpolates || !holds_variable(node))
    {
        canonical(node, path, session)?;
    }
    match &mut node.value {
        Value::List(items) => {
            if let Some(shape) = shape.form.items() {
                for (index, item) in items.iter_mut().enumerate() {
                    canonicalise(item, shape, &path.index(index), session)?;
                }
            }
        }
        Value::Map(map) => {
            for (key, value) in map.iter_mut() {
                if let Some(shape) = shape.form.child(key) {
                    canonicalise(value, shape, &path.key(key), session)?;
                }
            }
        }
        _ => {}
    }
    Ok(())
}

/// Whether a text, or a text of a list, refers to a variable: what it means is not known then.
fn holds_variable(node: &Node) -> bool {
    match &node.value {
        Value::Text(text) => text.contains('$'),
        Value::List(items) => items
            .iter()
            .any(|item| item.as_str().is_some_and(|text| text.contains('$'))),
        _ => false,
    }
}

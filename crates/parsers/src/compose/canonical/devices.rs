// SPDX-License-Identifier: MIT
//! Devices and requests for GPUs.

use super::super::session::Session;
use super::super::tree::{Map, Node, Path, Value};
use crate::error::Fault;

/// `src[:dst[:permissions]]` → the long form.
pub(crate) fn mapping(node: &mut Node, path: &Path<'_>, _session: &Session<'_>) -> Result<(), Fault> {
    let Value::Text(text) = &node.value else {
        return Ok(());
    };
    let parts: Vec<&str> = text.split(':').collect();
    let (source, target, permissions) = match parts[..] {
        [source] => (source, source, "rwm"),
        [source, target] => (source, target, "rwm"),
        [source, target, permissions] => (source, target, permissions),
        _ => {
            return Err(Fault::value(
                node.span,
                path,
                format!("`{text}` has too many colons; write source, target and permissions as keys"),
            ));
        }
    };
    let target = if target.is_empty() { source } else { target };
    let entry = |key: &str, value: &str| (key.to_owned(), Node::text(value, node.span));
    node.value = Value::Map(Map::from_iter([
        entry("source", source),
        entry("target", target),
        entry("permissions", permissions),
    ]));
    Ok(())
}

/// `all` → one request for all.
#[expect(clippy::unnecessary_wraps, reason = "the signature of the table")]
pub(crate) fn gpus(node: &mut Node, _path: &Path<'_>, _session: &Session<'_>) -> Result<(), Fault> {
    if node.as_str() == Some("all") {
        let count = Node::new(Value::Int(-1), node.span);
        let request = Value::Map(Map::from_iter([("count".to_owned(), count)]));
        node.value = Value::List(vec![Node::new(request, node.span)]);
    }
    Ok(())
}

/// `all` → -1.
#[expect(clippy::unnecessary_wraps, reason = "the signature of the table")]
pub(crate) fn count(node: &mut Node, _path: &Path<'_>, _session: &Session<'_>) -> Result<(), Fault> {
    if node.as_str() == Some("all") {
        node.value = Value::Int(-1);
    }
    Ok(())
}

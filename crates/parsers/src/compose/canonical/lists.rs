// SPDX-License-Identifier: MIT
//! Attributes that are one text or a list of them.

use super::super::session::Session;
use super::super::tree::{Node, Path, Value};
use crate::error::Fault;

/// `a` → `[a]`.
#[expect(clippy::unnecessary_wraps, reason = "the signature of the table")]
pub(crate) fn one_or_more(node: &mut Node, _path: &Path<'_>, _session: &Session<'_>) -> Result<(), Fault> {
    if !matches!(node.value, Value::List(_) | Value::Map(_) | Value::Null) {
        let mut item = Node::new(std::mem::take(&mut node.value), node.span);
        item.key = node.key;
        node.value = Value::List(vec![item]);
    }
    Ok(())
}

/// `a` → `[a]`, and empty texts are left out.
pub(crate) fn one_or_more_filled(
    node: &mut Node,
    path: &Path<'_>,
    session: &Session<'_>,
) -> Result<(), Fault> {
    one_or_more(node, path, session)?;
    if let Value::List(items) = &mut node.value {
        items.retain(|item| item.as_str() != Some(""));
    }
    Ok(())
}

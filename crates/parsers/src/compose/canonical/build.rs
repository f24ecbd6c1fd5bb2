// SPDX-License-Identifier: MIT
//! `build` as one text, and its SSH keys.

use super::super::scalar;
use super::super::session::Session;
use super::super::tree::{Node, Path, Value};
use super::files::wrap;
use crate::error::Fault;

/// `./folder` → `{context: ./folder}`.
#[expect(clippy::unnecessary_wraps, reason = "the signature of the table")]
pub(crate) fn long_form(node: &mut Node, _path: &Path<'_>, _session: &Session<'_>) -> Result<(), Fault> {
    wrap(node, "context");
    Ok(())
}

/// `{id: path}` → `[id=path]`.
#[expect(clippy::unnecessary_wraps, reason = "the signature of the table")]
pub(crate) fn ssh(node: &mut Node, _path: &Path<'_>, _session: &Session<'_>) -> Result<(), Fault> {
    if let Value::Map(map) = &node.value {
        let keys = map
            .iter()
            .map(|(id, path)| {
                let text = match scalar::text_of(&path.value).filter(|path| !path.is_empty()) {
                    Some(path) => format!("{id}={path}"),
                    None => id.clone(),
                };
                Node::text(text, path.span)
            })
            .collect();
        node.value = Value::List(keys);
    }
    Ok(())
}

// SPDX-License-Identifier: MIT
//! `healthcheck.test`.

use super::super::session::Session;
use super::super::tree::{Node, Path, Value};
use crate::error::Fault;

/// `curl x` → `[CMD-SHELL, curl x]`.
#[expect(clippy::unnecessary_wraps, reason = "the signature of the table")]
pub(crate) fn test(node: &mut Node, _path: &Path<'_>, _session: &Session<'_>) -> Result<(), Fault> {
    if let Value::Text(line) = &mut node.value {
        let line = std::mem::take(line);
        node.value = Value::List(vec![
            Node::text("CMD-SHELL", node.span),
            Node::text(line, node.span),
        ]);
    }
    Ok(())
}

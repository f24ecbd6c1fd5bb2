// SPDX-License-Identifier: MIT
//! The top level's short forms.

use super::super::session::Session;
use super::super::tree::{Node, Path};
use super::files::wrap;
use crate::error::Fault;

/// `other/compose.yaml` → `{path: other/compose.yaml}`.
#[expect(clippy::unnecessary_wraps, reason = "the signature of the table")]
pub(crate) fn include(node: &mut Node, _path: &Path<'_>, _session: &Session<'_>) -> Result<(), Fault> {
    wrap(node, "path");
    Ok(())
}

// SPDX-License-Identifier: MIT
//! Binds of the workspace that lead out of it again through a symbolic link.

use std::path::Path;

use cilo_spec::IsolatedSpec;
use cilo_spec::model::MountKind;

use crate::{Event, Events};

/// Isolation looks at paths only; what is on the disk may lead elsewhere.
pub(crate) fn warn_of_links_out(spec: &IsolatedSpec, workspace: &Path, events: Events<'_>) {
    let Ok(root) = fs_err::canonicalize(workspace) else {
        return;
    };
    for (name, service) in &spec.environment().services {
        for mount in service
            .volumes
            .iter()
            .filter(|mount| mount.kind == MountKind::Bind)
        {
            let path = Path::new(&mount.source);
            if path.starts_with(workspace)
                && let Ok(real) = fs_err::canonicalize(path)
                && !real.starts_with(&root)
            {
                events(Event::Warning(format!(
                    "services.{name}.volumes: `{}` is a symbolic link to `{}`, which every copy shares",
                    path.strip_prefix(workspace).unwrap_or(path).display(),
                    real.display()
                )));
            }
        }
    }
}

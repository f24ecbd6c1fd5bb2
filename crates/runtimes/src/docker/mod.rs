// SPDX-License-Identifier: MIT
//! Docker through its HTTP API.

use crate::RuntimeKind;

/// The entry of Docker.
pub(crate) const KIND: RuntimeKind = RuntimeKind {
    id: "docker",
    name: "Docker",
    connect: |_| Box::pin(async { Ok(None) }),
};

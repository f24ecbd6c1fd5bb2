// SPDX-License-Identifier: MIT
//! The server through real sockets, as clients see it.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on should panic where it stands"
)]

mod answers;
mod live;
mod support;

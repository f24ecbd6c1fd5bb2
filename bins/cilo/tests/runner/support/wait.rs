// SPDX-License-Identifier: MIT
//! Waiting for the thing itself, with a deadline.

use std::time::{Duration, Instant};

/// How long anything may take: far more than it does, so that a busy machine fails no test.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(20);

/// What `look` finds, as soon as it finds something.
pub(crate) fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(
            Instant::now() < deadline,
            "{what} did not happen within {PATIENCE:?}"
        );
        std::thread::park_timeout(PAUSE);
    }
}

/// `span` has passed, and `event` did not happen before.
pub(crate) fn never_before(span: Duration, mut event: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + span;
    while Instant::now() < end {
        if event() {
            return false;
        }
        std::thread::park_timeout(end.saturating_duration_since(Instant::now()).min(PAUSE));
    }
    true
}

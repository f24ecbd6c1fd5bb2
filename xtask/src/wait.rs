// SPDX-License-Identifier: MIT
//! Waiting for a thing itself, with a deadline.

use std::time::{Duration, Instant};

/// Asks `probe` until it has an answer or `limit` is over.
pub(crate) fn until<T>(limit: Duration, mut probe: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + limit;
    loop {
        if let Some(answer) = probe() {
            return Some(answer);
        }
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return None;
        }
        std::thread::park_timeout(left.min(Duration::from_millis(50)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_up_at_the_deadline_and_asks_at_least_once() {
        let mut asked = 0;
        let answer: Option<()> = until(Duration::ZERO, || {
            asked += 1;
            None
        });
        assert_eq!((answer, asked), (None, 1));
    }

    #[test]
    fn returns_the_first_answer() {
        let mut asked = 0;
        let answer = until(Duration::from_secs(5), || {
            asked += 1;
            (asked == 3).then_some("ready")
        });
        assert_eq!(answer, Some("ready"));
    }
}

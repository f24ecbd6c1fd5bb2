// SPDX-License-Identifier: MIT
//! From older formats of the state file to the present one, step by step.

use serde_json::Value;

/// The first version in this format. Versions before it are another, older tool's.
pub(crate) const FIRST_VERSION: u64 = 3;

/// The steps: a change of format adds one line at the end, and nothing here ever changes again.
pub(crate) const MIGRATIONS: &[Migration] = &[];

/// One step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Migration {
    /// The version it starts from; it leads to the next.
    pub(crate) from: u64,
    /// Rewrites the whole file's content but for its version.
    pub(crate) apply: fn(Value) -> Value,
}

/// The version that a table of steps leads to.
pub(crate) fn current(steps: &[Migration]) -> u64 {
    steps.last().map_or(FIRST_VERSION, |last| last.from + 1)
}

/// Applies the steps that a file of version `found` still needs.
pub(crate) fn migrate(steps: &[Migration], found: u64, content: Value) -> Value {
    steps
        .iter()
        .filter(|step| step.from >= found)
        .fold(content, |content, step| (step.apply)(content))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn is_contiguous(steps: &[Migration]) -> bool {
        (FIRST_VERSION..)
            .zip(steps)
            .all(|(expected, step)| step.from == expected)
    }

    #[test]
    fn the_table_has_no_gap() {
        assert!(is_contiguous(MIGRATIONS));
        assert!(!is_contiguous(&[Migration {
            from: 4,
            apply: |value| value
        }]));
    }

    #[test]
    fn only_the_missing_steps_are_applied() {
        let add = |mut value: Value| {
            value["steps"] = json!(value["steps"].as_u64().unwrap_or(0) + 1);
            value
        };
        let steps = [
            Migration { from: 3, apply: add },
            Migration { from: 4, apply: add },
        ];
        assert_eq!(current(&steps), 5);
        for (found, applied) in [(3, json!({"steps": 2})), (4, json!({"steps": 1})), (5, json!({}))] {
            assert_eq!(migrate(&steps, found, json!({})), applied);
        }
    }
}

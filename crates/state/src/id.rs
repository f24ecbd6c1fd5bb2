// SPDX-License-Identifier: MIT
//! Ids of environments.

use cilo_spec::EnvId;

/// A new id, unique over all machines and time. Ids sort by when they were made (UUID version 7, RFC 9562).
#[must_use]
pub fn new_id() -> EnvId {
    let text = uuid::Uuid::now_v7().hyphenated().to_string();
    text.parse()
        .expect("a UUID is made of a-f, 0-9 and - in the middle")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_ids_are_others_and_sort_later() {
        let ids: Vec<EnvId> = (0..1000).map(|_| new_id()).collect();
        assert!(ids.is_sorted_by(|a, b| a < b));
    }
}

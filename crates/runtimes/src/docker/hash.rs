// SPDX-License-Identifier: MIT
//! Digests by which "the same" is known.

use serde_json::Value;
use sha2::{Digest, Sha256};

/// SHA-256 of a JSON value, in hex. Equal values have equal digests, whatever the order of their keys.
pub(super) fn of(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    bytes(text.as_bytes())
}

/// SHA-256 of bytes, in hex.
pub(super) fn bytes(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn write(value: &Value, text: &mut String) {
    match value {
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort();
            text.push('{');
            for key in keys {
                text.push_str(&Value::from(key.as_str()).to_string());
                text.push(':');
                write(&map[key], text);
                text.push(',');
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for item in items {
                write(item, text);
                text.push(',');
            }
            text.push(']');
        }
        scalar => text.push_str(&scalar.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_of_keys_does_not_matter_and_order_of_items_does() {
        let read = |text: &str| of(&serde_json::from_str(text).unwrap());
        assert_eq!(read(r#"{"a":1,"b":[1,2]}"#), read(r#"{"b":[1,2],"a":1}"#));
        assert_ne!(read(r#"{"a":[1,2]}"#), read(r#"{"a":[2,1]}"#));
        assert_ne!(read(r#"["a"]"#), read(r#"["a",""]"#));
    }
}

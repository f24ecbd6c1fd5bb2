// SPDX-License-Identifier: MIT
//! Lookup keys: names in wire form (RFC 1035 section 3.1) without the root label, in lower case.

use hickory_server::proto::rr::Name;

/// The key of a name given as text without a final dot.
pub(crate) fn of_text(name: &str) -> Box<[u8]> {
    let mut key = Vec::with_capacity(name.len() + 1);
    for label in name.split('.') {
        // Names come from checked types: a label never exceeds 63 bytes.
        key.push(u8::try_from(label.len()).unwrap_or(u8::MAX));
        key.extend(label.bytes().map(|byte| byte.to_ascii_lowercase()));
    }
    key.into_boxed_slice()
}

/// The key of a name from a parsed message.
pub(crate) fn of_name(name: &Name) -> Box<[u8]> {
    let mut key = Vec::with_capacity(name.len());
    for label in name.iter() {
        key.push(u8::try_from(label.len()).unwrap_or(u8::MAX));
        key.extend(label.iter().map(u8::to_ascii_lowercase));
    }
    key.into_boxed_slice()
}

/// The key itself, then that of every name above it, root excluded.
pub(crate) fn and_above(key: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = key;
    std::iter::from_fn(move || {
        let this = rest;
        let (&length, below) = this.split_first()?;
        rest = below.get(usize::from(length)..)?;
        Some(this)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_wire_agree_and_climb() {
        let key = of_text("API.a.test");
        assert_eq!(&*key, b"\x03api\x01a\x04test");
        assert_eq!(of_name(&Name::from_ascii("Api.A.test.").unwrap()), key);
        let above: Vec<&[u8]> = and_above(&key).collect();
        assert_eq!(above, [&key[..], b"\x01a\x04test", b"\x04test"]);
        assert_eq!(and_above(b"").count(), 0);
    }
}

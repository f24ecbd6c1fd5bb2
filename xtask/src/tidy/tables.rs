// SPDX-License-Identifier: MIT
//! The rule that a table which drives something has a test that goes through it.

use super::Finding;
use super::tree::{Tree, is_test, without_tests};

/// Every visible table of entries is named in a test.
pub(super) fn tested(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in &tree.files {
        if !path.ends_with(".rs") || is_test(path) {
            continue;
        }
        for (index, line) in without_tests(text).lines().enumerate() {
            let Some(name) = table(line) else { continue };
            if !tree
                .files
                .iter()
                .any(|(path, text)| mentions(tests_of(path, text), name))
            {
                let advice = format!("no test names {name}; write one that goes through every entry of it");
                findings.push(Finding::at(path, index + 1, advice));
            }
        }
    }
    findings
}

/// The name in `pub const NAME: &[Entry]`, whatever the visibility; tables of plain text or numbers drive nothing.
fn table(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let rest = line.strip_prefix("pub")?;
    let rest = if let Some(inner) = rest.strip_prefix('(') {
        inner.split_once(')')?.1
    } else {
        rest
    };
    let rest = rest.trim_start();
    let rest = rest
        .strip_prefix("const ")
        .or_else(|| rest.strip_prefix("static "))?;
    let (name, kind) = rest.split_once(':')?;
    let entry = kind
        .trim_start()
        .strip_prefix("&[")
        .or_else(|| kind.trim_start().strip_prefix("&'static ["))?;
    let entry = entry
        .trim_start_matches("&'static ")
        .trim_start_matches('&')
        .trim_start_matches("dyn ");
    let is_entry = entry.starts_with(|c: char| c.is_ascii_uppercase()) && !entry.starts_with("String");
    is_entry.then_some(name.trim())
}

fn tests_of<'a>(path: &str, text: &'a str) -> &'a str {
    match path {
        _ if !path.ends_with(".rs") => "",
        _ if is_test(path) => text,
        _ => &text[without_tests(text).len()..],
    }
}

fn mentions(text: &str, name: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .any(|word| word == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_recognised() {
        assert_eq!(table("pub const PARSERS: &[&dyn Parser] = &["), Some("PARSERS"));
        assert_eq!(
            table("    pub(crate) static RUNTIMES: &[Runtime] = &["),
            Some("RUNTIMES")
        );
        assert_eq!(table("pub const CHECKS: &'static [Check] = &["), Some("CHECKS"));
        for plain in [
            "pub const NAMES: &[&str] = &[",
            "pub const N: usize = 1;",
            "const A: &[Check] = &[]",
            "pub fn x() {",
        ] {
            assert_eq!(table(plain), None, "{plain}");
        }
    }

    #[test]
    fn a_table_needs_a_test_that_names_it() {
        let mut tree = Tree::default();
        tree.files.insert(
            "a/src/lib.rs".into(),
            "\npub const PARSERS: &[Parser] = &[];\n".into(),
        );
        assert_eq!(
            tested(&tree)[0].to_string(),
            "a/src/lib.rs:2: no test names PARSERS; write one that goes through every entry of it"
        );
        tree.files
            .insert("a/tests/contract.rs".into(), "for p in MY_PARSERS {}".into());
        assert_eq!(tested(&tree).len(), 1);
        tree.files
            .insert("a/tests/contract.rs".into(), "for p in a::PARSERS {}".into());
        assert_eq!(tested(&tree), []);
    }
}

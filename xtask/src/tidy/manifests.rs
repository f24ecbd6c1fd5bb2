// SPDX-License-Identifier: MIT
//! Rules for the crates' manifests: what is said once for all crates is inherited, never repeated.

use super::Finding;
use super::tree::Tree;

/// What every crate's `[package]` takes from the workspace.
const INHERITED: &[&str] = &["version", "edition", "rust-version"];

/// Fewer lines of code than this are a promise, not a crate.
const LEAST_LINES: usize = 10;

/// Every crate inherits version, edition, rust-version and the lints.
pub(super) fn inherits(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in manifests(tree) {
        let entries = entries(text);
        for key in INHERITED {
            if !entries.iter().any(|e| e.table == "package" && e.inherits(key)) {
                findings.push(Finding::new(
                    path.clone(),
                    format!("write `{key}.workspace = true` in [package]"),
                ));
            }
        }
        if !entries
            .iter()
            .any(|e| e.table == "lints" && e.key == "workspace" && e.value == "true")
        {
            findings.push(Finding::new(path, "add `[lints]` with `workspace = true`"));
        }
    }
    findings
}

/// Every dependency has its version in the root manifest.
pub(super) fn dependencies(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in manifests(tree) {
        for entry in entries(text) {
            let Some((_, below)) = entry.table.split_once("dependencies") else {
                continue;
            };
            let name = below.strip_prefix('.').unwrap_or(entry.key);
            let own = if below.is_empty() {
                !entry.key.ends_with(".workspace") && !entry.value.contains("workspace = true")
            } else {
                matches!(entry.key, "version" | "path" | "git")
            };
            if own {
                let advice = format!(
                    "`{name}` brings its own version; move it to [workspace.dependencies] and write \
                     `{name}.workspace = true`"
                );
                findings.push(Finding::at(&path, entry.line, advice));
            }
        }
    }
    findings
}

/// No crate is there before its content.
pub(super) fn empty(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (folder, package) in tree.members() {
        let inside = |path: &str| path.starts_with(&format!("{folder}/src/"));
        let files = tree.files.iter().filter(|(path, _)| inside(path));
        let code = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with("//");
        let lines: usize = files.map(|(_, text)| text.lines().filter(code).count()).sum();
        if lines < LEAST_LINES {
            let advice = format!(
                "{} has {lines} lines of code; a crate appears when it has content",
                package.name
            );
            findings.push(Finding::new(folder, advice));
        }
    }
    findings
}

struct Entry<'a> {
    line: usize,
    table: &'a str,
    key: &'a str,
    value: &'a str,
}

impl Entry<'_> {
    fn inherits(&self, key: &str) -> bool {
        let dotted = self.key.strip_suffix(".workspace") == Some(key) && self.value == "true";
        dotted || (self.key == key && self.value.contains("workspace = true"))
    }
}

fn manifests(tree: &Tree) -> Vec<(String, &str)> {
    let path = |folder: &str| format!("{folder}/Cargo.toml");
    tree.members()
        .filter_map(|(f, _)| Some((path(f), tree.files.get(&path(f))?.as_str())))
        .collect()
}

/// The `key = value` lines of a manifest, each with its table. Our manifests need no more of TOML than that.
fn entries(text: &str) -> Vec<Entry<'_>> {
    let mut table = "";
    let mut entries = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            table = name;
        } else if let Some((key, value)) = line.split_once('=').filter(|_| !line.starts_with('#')) {
            entries.push(Entry {
                line: index + 1,
                table,
                key: key.trim(),
                value: value.trim(),
            });
        }
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::super::tree::Package;
    use super::*;

    const GOOD: &str = "[package]\nversion.workspace = true\nedition = { workspace = true }\n\
                        rust-version.workspace = true\n[dependencies]\nserde.workspace = true\n\
                        tokio = { workspace = true, features = [\"fs\"] }\n\
                        [target.'cfg(unix)'.dev-dependencies.insta]\nworkspace = true\nfeatures = [\"x\"]\n\
                        [lints]\nworkspace = true\n";

    fn tree(manifest: &str, code: &str) -> Tree {
        let mut tree = Tree::default();
        tree.packages
            .push(Package::member("cilo-dns", "crates/dns", "MIT"));
        tree.files.insert("crates/dns/Cargo.toml".into(), manifest.into());
        tree.files.insert("crates/dns/src/lib.rs".into(), code.into());
        tree
    }

    #[test]
    fn a_manifest_that_inherits_is_fine() {
        assert_eq!(inherits(&tree(GOOD, "")), []);
        assert_eq!(dependencies(&tree(GOOD, "")), []);
    }

    #[test]
    fn what_is_not_inherited_is_found() {
        let bad = GOOD
            .replace("version.workspace = true", "version = \"1\"")
            .replace("[lints]", "[other]");
        let advice: Vec<_> = inherits(&tree(&bad, "")).into_iter().map(|f| f.advice).collect();
        assert!(
            advice.contains(&"write `version.workspace = true` in [package]".to_owned()),
            "{advice:?}"
        );
        assert!(
            advice.contains(&"add `[lints]` with `workspace = true`".to_owned()),
            "{advice:?}"
        );
    }

    #[test]
    fn versions_of_its_own_are_found() {
        let bad = "[dev-dependencies]\ninsta = \"1\"\n[dependencies.serde]\nversion = \"1\"\n";
        let found: Vec<_> = dependencies(&tree(bad, ""))
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(
            found[0].starts_with("crates/dns/Cargo.toml:2: `insta` brings its own version"),
            "{found:?}"
        );
        assert!(found[1].contains(":4: `serde`"), "{found:?}");
    }

    #[test]
    fn a_crate_without_content_is_found() {
        assert_eq!(empty(&tree(GOOD, "// SPDX\n//! Later.\n")).len(), 1);
        assert_eq!(empty(&tree(GOOD, &"fn f() {}\n".repeat(10))), []);
    }
}

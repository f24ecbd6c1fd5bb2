// SPDX-License-Identifier: MIT
//! Rules for the documents: the map of the house names what is there, and nothing that is not.

use std::collections::BTreeSet;

use super::Finding;
use super::tree::Tree;

const MAP: &str = "docs/ARCHITECTURE.md";

/// Files that a stranger looks for in the root.
const ROOT_FILES: &[&str] = &[
    "README.md",
    "CHANGELOG.md",
    "LICENSE-MIT",
    "LICENSE-BSL",
    "deny.toml",
    "clippy.toml",
];

/// `docs/ARCHITECTURE.md` names every crate and every top-level folder, and no path or crate that is gone.
pub(super) fn architecture(tree: &Tree) -> Vec<Finding> {
    let Some(text) = tree.files.get(MAP) else {
        return vec![Finding::new(MAP, "write it: what each crate and folder is")];
    };
    let folders = tree.folders();
    let named: BTreeSet<&str> = quoted(text).map(|(_, word)| word.trim_end_matches('/')).collect();
    let top = folders
        .iter()
        .copied()
        .filter(|folder| !folder.contains('/') && !folder.starts_with('.'));
    let crates = tree.members().map(|(folder, _)| folder);
    let missing: BTreeSet<&str> = top
        .chain(crates)
        .filter(|folder| !named.contains(folder))
        .collect();
    let missing = missing
        .into_iter()
        .map(|folder| Finding::new(MAP, format!("say what `{folder}` is")));
    let gone = quoted(text).filter(|(_, word)| is_gone(tree, &folders, word));
    let advice = |word: &str| format!("`{word}` does not exist; take it out or name what it became");
    missing
        .chain(gone.map(|(line, word)| Finding::at(MAP, line, advice(word))))
        .collect()
}

/// The root has what a stranger looks for.
pub(super) fn root_files(tree: &Tree) -> Vec<Finding> {
    let missing = ROOT_FILES.iter().filter(|name| !tree.files.contains_key(**name));
    missing
        .map(|name| Finding::new(*name, "is missing; write it"))
        .collect()
}

/// Words between single backticks outside of code blocks, each with its line.
fn quoted(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut in_block = false;
    text.lines().enumerate().flat_map(move |(index, line)| {
        let fence = line.trim_start().starts_with("```");
        in_block ^= fence;
        let words = if in_block || fence { "" } else { line };
        words
            .split('`')
            .skip(1)
            .step_by(2)
            .map(move |word| (index + 1, word))
    })
}

fn is_gone(tree: &Tree, folders: &BTreeSet<&str>, word: &str) -> bool {
    if word.contains(|c: char| c.is_whitespace() || "<>*{}$…".contains(c)) {
        return false;
    }
    let path = word.trim_end_matches('/');
    let looks_like_path = [
        "crates/",
        "bins/",
        "xtask/",
        "docs/",
        "examples/",
        "deploy/",
        "proto/",
        "migrations/",
    ];
    if looks_like_path.iter().any(|start| path.starts_with(start)) {
        return !folders.contains(path) && !tree.files.contains_key(path);
    }
    word.starts_with("cilo-") && !tree.members().any(|(_, package)| package.name == word)
}

#[cfg(test)]
mod tests {
    use super::super::tree::Package;
    use super::*;

    fn tree(map: &str) -> Tree {
        let mut tree = Tree::default();
        tree.files.insert(MAP.into(), map.into());
        tree.files.insert("crates/spec/src/lib.rs".into(), String::new());
        tree.packages
            .push(Package::member("cilo-spec", "crates/spec", "MIT"));
        tree
    }

    #[test]
    fn a_complete_map_is_fine() {
        let map = "`crates/` has `crates/spec` (`cilo-spec`), see `crates/spec/src/lib.rs` and `docs`; `crates/<noun>`\n";
        assert_eq!(architecture(&tree(map)), []);
    }

    #[test]
    fn what_the_map_leaves_out_is_found() {
        let found: Vec<_> = architecture(&tree("`docs`\n"))
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            found,
            [
                "docs/ARCHITECTURE.md: say what `crates` is",
                "docs/ARCHITECTURE.md: say what `crates/spec` is"
            ]
        );
    }

    #[test]
    fn what_is_gone_is_found_but_not_in_code_blocks() {
        let map = "`docs` `crates` `crates/spec`\n`crates/gone`\n`cilo-gone`\n```\n`crates/x`\n```\n";
        let lines: Vec<_> = architecture(&tree(map)).iter().map(|f| f.line).collect();
        assert_eq!(lines, [Some(2), Some(3)]);
    }

    #[test]
    fn root_files_are_wanted() {
        assert_eq!(root_files(&Tree::default()).len(), ROOT_FILES.len());
    }
}

// SPDX-License-Identifier: MIT
//! Rules for the text of our files: licence line, head line, white space, length, nothing of one machine.

use super::Finding;
use super::layers::licence_of;
use super::tree::{Tree, is_test, without_tests};

/// A source file longer than this holds more than one idea. Lines of its tests do not count.
const MOST_LINES: usize = 600;

/// Folders that exist on one machine only. In pieces, so that this file does not find itself.
const MACHINE_FOLDERS: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
];

/// Users that examples may have.
const EXAMPLE_USERS: &[&str] = &[
    "ada", "alice", "app", "bob", "dev", "me", "node", "user", "vscode", "x", "you",
];

/// Parts of host names that only resolve inside one company.
const PRIVATE_HOSTS: &[&str] = &[
    "artifactory",
    ".corp/",
    ".corp:",
    ".lan/",
    ".lan:",
    ".internal/",
    ".internal:",
];

/// The licence stands in the first line, or in the second below `#!`.
pub(super) fn spdx(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in &tree.files {
        let Some(comment) = comment_of(path) else { continue };
        let wanted = format!("{comment} SPDX-License-Identifier: {}", licence_of(tree, path));
        let first = text.lines().find(|line| !line.starts_with("#!"));
        if first != Some(wanted.as_str()) {
            findings.push(Finding::at(path, 1, format!("begin with `{wanted}`")));
        }
    }
    findings
}

/// Below it, every source file says in one line what it is.
pub(super) fn heads(tree: &Tree) -> Vec<Finding> {
    let headless = sources(tree).filter(|(_, text)| !text.lines().nth(1).unwrap_or("").starts_with("//! "));
    let advice = "say in line 2 what the file is: `//! ...`";
    headless.map(|(path, _)| Finding::at(path, 2, advice)).collect()
}

/// No line ends in white space, every file ends in one newline.
pub(super) fn white_space(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.files.iter().filter(|(path, _)| !is_data(path)) {
        for (index, line) in text.lines().enumerate() {
            if line.ends_with([' ', '\t', '\r']) {
                findings.push(Finding::at(path, index + 1, "remove the white space at the end"));
            }
        }
        if !text.is_empty() && (!text.ends_with('\n') || text.ends_with("\n\n")) {
            findings.push(Finding::new(path, "end the file with exactly one newline"));
        }
    }
    findings
}

/// No source file is longer than one idea.
pub(super) fn length(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in sources(tree).filter(|(path, _)| !is_test(path)) {
        let lines = without_tests(text).lines().count();
        if lines > MOST_LINES {
            let advice = format!("{lines} lines, and {MOST_LINES} are the most; split it by ideas");
            findings.push(Finding::new(path, advice));
        }
    }
    findings
}

/// Nothing names a folder or a host of one machine.
pub(super) fn machine_paths(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in &tree.files {
        for (index, line) in text.lines().enumerate() {
            if let Some(what) = machine_folder(line).or_else(|| private_host(line)) {
                let advice =
                    format!("`{what}` belongs to one machine or company; use a path or host of an example");
                findings.push(Finding::at(path, index + 1, advice));
            }
        }
    }
    findings
}

/// No folder is kept for content that may come; a test may need an empty one.
pub(super) fn placeholders(tree: &Tree) -> Vec<Finding> {
    let keeps = |path: &&String| {
        [".gitkeep", ".keep", ".empty"]
            .iter()
            .any(|name| path.ends_with(name))
            && !is_data(path)
    };
    let advice = "remove it; a folder appears when it has content";
    tree.files
        .keys()
        .filter(keeps)
        .map(|path| Finding::new(path, advice))
        .collect()
}

fn sources(tree: &Tree) -> impl Iterator<Item = (&String, &String)> {
    tree.files.iter().filter(|(path, _)| path.ends_with(".rs"))
}

/// Data of tests is kept byte for byte, whatever it looks like.
fn is_data(path: &str) -> bool {
    path.ends_with(".snap") || (is_test(path) && !path.ends_with(".rs"))
}

/// How a comment starts in a file that needs a licence line; `None` for all other files.
fn comment_of(path: &str) -> Option<&'static str> {
    if is_data(path) {
        return None;
    }
    let name = path.rsplit('/').next().unwrap_or(path);
    if name == "Dockerfile" {
        return Some("#");
    }
    match name.rsplit_once('.')?.1 {
        "rs" | "proto" => Some("//"),
        "toml" | "sh" | "yml" | "yaml" | "py" => Some("#"),
        _ => None,
    }
}

fn machine_folder(line: &str) -> Option<&str> {
    MACHINE_FOLDERS.iter().find_map(|folder| {
        let at = line.find(folder)?;
        // `:/target` is a path in a container, `x/y/` one below something else.
        let before = line[..at].chars().next_back();
        if before.is_some_and(|c| ":}].".contains(c) || c.is_alphanumeric()) {
            return None;
        }
        let rest = &line[at + folder.len()..];
        let end = rest
            .find(|c: char| !c.is_alphanumeric() && !"-_.".contains(c))
            .unwrap_or(rest.len());
        let is_home = folder.starts_with("/h");
        // What lies in `/home` directly is no user's, and no user's name begins with a dot.
        let is_example = is_home
            && (!rest[end..].starts_with('/')
                || rest.starts_with('.')
                || EXAMPLE_USERS.contains(&&rest[..end]));
        (!is_example).then(|| &line[at..at + folder.len() + end])
    })
}

fn private_host(line: &str) -> Option<&str> {
    let (_, host) = line.split_once("://")?;
    let end = host
        .find(|c: char| c.is_whitespace() || "\"'`<>)".contains(c))
        .unwrap_or(host.len());
    let host = &host[..end];
    let authority = host.split('/').next().unwrap_or(host);
    let with_end = format!("{authority}/");
    // What containers call the machine they run on.
    let is_known =
        authority.starts_with("host.docker.internal") || authority.starts_with("host.containers.internal");
    (!is_known && PRIVATE_HOSTS.iter().any(|part| with_end.contains(part))).then_some(authority)
}

#[cfg(test)]
mod tests {
    use super::super::tree::Package;
    use super::*;

    fn tree(path: &str, text: &str) -> Tree {
        let mut tree = Tree::default();
        tree.files.insert(path.into(), text.into());
        tree
    }

    #[test]
    fn licence_lines_are_wanted_where_comments_are_possible() {
        let line = "# SPDX-License-Identifier: MIT\n";
        assert_eq!(spdx(&tree("a/Dockerfile", line)), []);
        assert_eq!(spdx(&tree("run.sh", &format!("#!/bin/sh\n{line}"))), []);
        assert_eq!(
            spdx(&tree("crates/x/tests/cases/compose.yaml", "services: {}\n")),
            []
        );
        let found = spdx(&tree("a.rs", line));
        assert_eq!(
            found[0].to_string(),
            "a.rs:1: begin with `// SPDX-License-Identifier: MIT`"
        );
        assert_eq!(spdx(&tree("a.yaml", "services: {}\n")).len(), 1);
    }

    #[test]
    fn files_of_a_busl_crate_say_so() {
        let mut tree = tree("crates/store/src/lib.rs", "// SPDX-License-Identifier: MIT\n");
        tree.packages
            .push(Package::member("cilo-store", "crates/store", "BUSL-1.1"));
        assert!(spdx(&tree)[0].advice.contains("BUSL-1.1"));
    }

    #[test]
    fn a_source_without_a_head_is_found() {
        assert_eq!(heads(&tree("a.rs", "// SPDX\n//! What it is.\n")), []);
        assert_eq!(heads(&tree("a.rs", "// SPDX\nuse x;\n")).len(), 1);
    }

    #[test]
    fn white_space_at_ends_is_found() {
        assert_eq!(white_space(&tree("a.md", "a\nb\n")), []);
        assert_eq!(white_space(&tree("a.md", "a \n"))[0].line, Some(1));
        assert_eq!(white_space(&tree("a.md", "a")).len(), 1);
        assert_eq!(white_space(&tree("a.md", "a\n\n")).len(), 1);
        assert_eq!(white_space(&tree("x/tests/a.snap", "a ")), []);
    }

    #[test]
    fn long_files_are_found_and_their_tests_do_not_count() {
        assert_eq!(length(&tree("a.rs", &"\n".repeat(601))).len(), 1);
        let tested = format!(
            "{}#[cfg(test)]\nmod tests {{{}}}",
            "\n".repeat(600),
            "\n".repeat(600)
        );
        assert_eq!(length(&tree("a.rs", &tested)), []);
        assert_eq!(length(&tree("x/tests/a.rs", &"\n".repeat(601))), []);
    }

    #[test]
    fn folders_and_hosts_of_one_machine_are_found() {
        let home = concat!("/ho", "me/");
        for bad in [
            concat!("cd /wo", "rk/cilo").to_owned(),
            concat!("\"/ro", "ot/.cargo\"").to_owned(),
            format!("{home}jane.doe/x"),
            concat!("https://artifact", "ory.firm.example/x").to_owned(),
            concat!("http://cache.cor", "p:8080").to_owned(),
        ] {
            assert_eq!(machine_paths(&tree("a.md", &bad)).len(), 1, "{bad}");
        }
        let user = format!("{home}ada/shop, {home}locks and {home}");
        let target = concat!("./x:/ro", "ot/.npm");
        for good in [
            user.as_str(),
            target,
            "http://host.docker.internal:80/",
            "https://crates.io/",
            "/workspace/x",
        ] {
            assert_eq!(machine_paths(&tree("a.md", good)), [], "{good}");
        }
    }

    #[test]
    fn placeholders_are_found() {
        assert_eq!(placeholders(&tree("deploy/.gitkeep", "")).len(), 1);
        assert_eq!(placeholders(&tree("deploy/unit.service", "")), []);
        assert_eq!(placeholders(&tree("a/tests/fixtures/empty/.keep", "")), []);
    }
}

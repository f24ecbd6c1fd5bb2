// SPDX-License-Identifier: MIT
//! `cargo xtask tidy`: the house rules that no compiler checks; every finding says what to do about it.

use std::fmt;

use crate::say;
use tree::Tree;

mod docs;
mod files;
mod layers;
mod licences;
mod manifests;
mod tables;
mod tree;

/// Check the house rules: layers, licences, file heads, manifests, docs and tested tables
///
/// Prints every finding with what to do about it; exit code 1 when there is one.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// One thing that breaks a rule.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    /// The file or package.
    place: String,
    /// 1-based; `None` when the whole file is meant.
    line: Option<usize>,
    /// What is wrong and what to do.
    advice: String,
}

/// One rule and the function that looks for what breaks it.
pub(crate) struct Check {
    name: &'static str,
    run: fn(&Tree) -> Vec<Finding>,
}

/// Every rule; a new one is a function and a line here.
pub(crate) const CHECKS: &[Check] = &[
    Check {
        name: "layers",
        run: layers::edges,
    },
    Check {
        name: "licence border",
        run: layers::licences,
    },
    Check {
        name: "manifests",
        run: manifests::inherits,
    },
    Check {
        name: "workspace dependencies",
        run: manifests::dependencies,
    },
    Check {
        name: "empty crates",
        run: manifests::empty,
    },
    Check {
        name: "third-party licences",
        run: licences::allowed,
    },
    Check {
        name: "banned packages",
        run: licences::banned,
    },
    Check {
        name: "sources",
        run: licences::sources,
    },
    Check {
        name: "deny.toml",
        run: licences::deny_toml,
    },
    Check {
        name: "licence lines",
        run: files::spdx,
    },
    Check {
        name: "file heads",
        run: files::heads,
    },
    Check {
        name: "white space",
        run: files::white_space,
    },
    Check {
        name: "file length",
        run: files::length,
    },
    Check {
        name: "machine paths",
        run: files::machine_paths,
    },
    Check {
        name: "placeholders",
        run: files::placeholders,
    },
    Check {
        name: "architecture",
        run: docs::architecture,
    },
    Check {
        name: "root files",
        run: docs::root_files,
    },
    Check {
        name: "tested tables",
        run: tables::tested,
    },
];

/// Why the rules could not be checked, or that they were broken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Tree(#[from] tree::Error),
    #[error("tidy: {0} to mend, each said above")]
    Findings(usize),
}

/// Runs every check on the project and prints what they find.
pub(crate) fn run(_: &Args) -> Result<(), Error> {
    let tree = Tree::read()?;
    let findings = findings(&tree);
    for (check, finding) in &findings {
        say::result(&format!("{finding} [{check}]"));
    }
    if !findings.is_empty() {
        return Err(Error::Findings(findings.len()));
    }
    say::step(&format!(
        "tidy: {} rules kept by {} files",
        CHECKS.len(),
        tree.files.len()
    ));
    Ok(())
}

fn findings(tree: &Tree) -> Vec<(&'static str, Finding)> {
    let of = |check: &Check| {
        let mut found = (check.run)(tree);
        found.sort();
        found
            .into_iter()
            .map(|finding| (check.name, finding))
            .collect::<Vec<_>>()
    };
    CHECKS.iter().flat_map(of).collect()
}

impl Finding {
    fn new(place: impl Into<String>, advice: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            line: None,
            advice: advice.into(),
        }
    }

    fn at(place: &str, line: usize, advice: impl Into<String>) -> Self {
        Self {
            place: place.to_owned(),
            line: Some(line),
            advice: advice.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.place, self.advice),
            None => write!(f, "{}: {}", self.place, self.advice),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tree that breaks every rule at least once: what each check must be able to find.
    fn broken() -> Tree {
        let mut tree = Tree::default();
        let toml =
            "# SPDX-License-Identifier: MIT\n[package]\nname = \"cilo-dns\"\n[dependencies]\nserde = \"1\"\n";
        tree.files.insert("crates/dns/Cargo.toml".into(), toml.into());
        tree.files.insert(
            "crates/dns/src/lib.rs".into(),
            "pub const ZONES: &[Zone] = &[]; \n".into(),
        );
        tree.files
            .insert("crates/dns/src/long.rs".into(), "fn f() {}\n".repeat(601));
        let home = concat!("// /wo", "rk/x\n");
        tree.files.insert("crates/dns/src/path.rs".into(), home.into());
        tree.files.insert("deploy/.gitkeep".into(), String::new());
        let mut dns = tree::Package::member("cilo-dns", "crates/dns", "Apache-2.0");
        dns.dependencies.push("cilo-spec".into());
        dns.dependencies.push("cilo-state".into());
        tree.packages.push(dns);
        tree.packages
            .push(tree::Package::member("cilo-state", "crates/state", "MIT"));
        tree.packages.push(tree::Package::third_party(
            "openssl-sys",
            "1.0.0",
            "AGPL-3.0",
            "git+https://x.example",
        ));
        tree
    }

    #[test]
    fn every_check_finds_something_in_a_broken_tree_and_nothing_in_an_empty_one() {
        let tree = broken();
        for check in CHECKS {
            assert!(
                !(check.run)(&tree).is_empty(),
                "`{}` found nothing in the broken tree",
                check.name
            );
        }
        let needs_files = ["architecture", "root files", "deny.toml"];
        for check in CHECKS.iter().filter(|check| !needs_files.contains(&check.name)) {
            assert_eq!(
                (check.run)(&Tree::default()),
                [],
                "`{}` found something in nothing",
                check.name
            );
        }
    }

    #[test]
    fn names_of_checks_are_unique() {
        let names: std::collections::BTreeSet<_> = CHECKS.iter().map(|check| check.name).collect();
        assert_eq!(names.len(), CHECKS.len());
    }

    #[test]
    fn a_finding_points_to_its_line() {
        assert_eq!(Finding::at("a.rs", 3, "mend it").to_string(), "a.rs:3: mend it");
        assert_eq!(Finding::new("a.rs", "mend it").to_string(), "a.rs: mend it");
    }
}

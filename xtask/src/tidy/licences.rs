// SPDX-License-Identifier: MIT
//! Rules for other people's packages: their licences, their sources, and the ones we do without.

use super::Finding;
use super::tree::Tree;

/// Licences that our binaries may carry.
const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Packages that must not come in, and why.
const BANNED: &[(&str, &str)] = &[
    ("openssl-sys", "needs a system library; TLS is rustls with ring"),
    ("native-tls", "is a second TLS stack; TLS is rustls with ring"),
    (
        "aws-lc-sys",
        "needs a C compiler and a second crypto provider; TLS is rustls with ring",
    ),
    (
        "aws-lc-rs",
        "is a second crypto provider, and rustls panics when it finds two; use ring",
    ),
    ("boring-sys", "is a second TLS stack; TLS is rustls with ring"),
    ("serde_yaml", "is no longer kept; serde-saphyr reads YAML here"),
];

/// Packages of which one version is enough, because two would not work together.
const SINGLE: &[&str] = &["rustls", "ring", "tokio"];

const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Every package is under a licence of the list.
pub(super) fn allowed(tree: &Tree) -> Vec<Finding> {
    let refused = tree.third_parties().filter(|package| !permits(&package.licence));
    let advice = |licence: &str| {
        format!(
            "its licence `{licence}` is not on the list; do without it, or argue for the licence in ALLOWED"
        )
    };
    refused
        .map(|p| Finding::new(format!("{} {}", p.name, p.version), advice(&p.licence)))
        .collect()
}

/// No banned package, and one version only where two would clash.
pub(super) fn banned(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in tree.third_parties() {
        if let Some((name, why)) = BANNED.iter().find(|(name, _)| *name == package.name) {
            let users: Vec<_> = tree
                .packages
                .iter()
                .filter(|p| p.dependencies.contains(&package.name))
                .collect();
            let users: Vec<_> = users.iter().map(|p| p.name.as_str()).collect();
            let advice = format!(
                "{why}; it comes in through {}: turn that feature off",
                users.join(", ")
            );
            findings.push(Finding::new(*name, advice));
        }
    }
    for name in SINGLE {
        let versions: Vec<_> = tree
            .third_parties()
            .filter(|p| p.name == *name)
            .map(|p| p.version.as_str())
            .collect();
        if versions.len() > 1 {
            findings.push(Finding::new(
                *name,
                format!("came in as {}; one must do", versions.join(" and ")),
            ));
        }
    }
    findings
}

/// Every package comes from crates.io.
pub(super) fn sources(tree: &Tree) -> Vec<Finding> {
    let foreign = tree.third_parties().filter(|package| package.source != CRATES_IO);
    let advice = |source: &str| format!("comes from {source}; take a released version from crates.io");
    foreign
        .map(|p| Finding::new(format!("{} {}", p.name, p.version), advice(&p.source)))
        .collect()
}

/// `deny.toml` says the same as the tables here.
pub(super) fn deny_toml(tree: &Tree) -> Vec<Finding> {
    let deny = tree.files.get("deny.toml").map_or("", String::as_str);
    let names = ALLOWED
        .iter()
        .copied()
        .chain(BANNED.iter().map(|(name, _)| *name));
    let missing = names.filter(|name| !deny.contains(&format!("\"{name}\"")));
    missing
        .map(|name| {
            Finding::new(
                "deny.toml",
                format!("does not name \"{name}\" as tidy does; add it"),
            )
        })
        .collect()
}

/// Whether an SPDX expression can be satisfied with the list: one side of an OR, both of an AND.
fn permits(expression: &str) -> bool {
    // crates.io still has packages with the older `A/B`.
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let mut words = spaced.split_whitespace().peekable();
    let result = either(&mut words);
    words.next().is_none() && result == Some(true)
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn either(words: &mut Words<'_>) -> Option<bool> {
    let mut result = both(words)?;
    while words.next_if_eq(&"OR").is_some() {
        result |= both(words)?;
    }
    Some(result)
}

fn both(words: &mut Words<'_>) -> Option<bool> {
    let mut result = one(words)?;
    while words.next_if_eq(&"AND").is_some() {
        result &= one(words)?;
    }
    Some(result)
}

fn one(words: &mut Words<'_>) -> Option<bool> {
    let word = words.next()?;
    if word == "(" {
        let inner = either(words)?;
        return words.next_if_eq(&")").map(|_| inner);
    }
    if words.next_if_eq(&"WITH").is_some() {
        let full = format!("{word} WITH {}", words.next()?);
        return Some(ALLOWED.contains(&full.as_str()));
    }
    Some(ALLOWED.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::super::tree::Package;
    use super::*;

    #[test]
    fn expressions_are_read_as_spdx_says() {
        for good in [
            "MIT",
            "MIT/Apache-2.0",
            "GPL-3.0 OR MIT",
            "(MIT OR GPL-2.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception OR GPL-2.0",
            "MIT OR GPL-2.0 AND GPL-3.0",
        ] {
            assert!(permits(good), "{good}");
        }
        for bad in [
            "",
            "GPL-3.0",
            "MIT AND GPL-3.0",
            "MIT OR",
            "(MIT",
            "MIT)",
            "MIT MIT",
            "Apache-2.0 WITH odd-exception",
        ] {
            assert!(!permits(bad), "{bad}");
        }
    }

    #[test]
    fn what_is_banned_is_named_with_who_brings_it() {
        let mut user = Package::third_party("hyper-tls", "1.0.0", "MIT", CRATES_IO);
        user.dependencies.push("native-tls".into());
        let tls = Package::third_party("native-tls", "1.0.0", "MIT", CRATES_IO);
        let tree = Tree {
            packages: vec![user, tls],
            ..Tree::default()
        };
        let found = banned(&tree);
        assert_eq!(found.len(), 1);
        assert!(
            found[0].to_string().contains("it comes in through hyper-tls"),
            "{}",
            found[0]
        );
        assert_eq!(sources(&tree), []);
    }

    #[test]
    fn two_versions_where_one_must_do_are_found() {
        let rustls = |version| Package::third_party("rustls", version, "MIT", CRATES_IO);
        let tree = Tree {
            packages: vec![rustls("0.22.0"), rustls("0.23.0")],
            ..Tree::default()
        };
        assert_eq!(
            banned(&tree)[0].to_string(),
            "rustls: came in as 0.22.0 and 0.23.0; one must do"
        );
    }

    #[test]
    fn licences_and_sources_off_the_list_are_found() {
        let odd = Package::third_party("odd", "1.0.0", "AGPL-3.0", "git+https://code.example/odd");
        let tree = Tree {
            packages: vec![odd],
            ..Tree::default()
        };
        assert!(
            allowed(&tree)[0]
                .to_string()
                .starts_with("odd 1.0.0: its licence `AGPL-3.0` is not on the list")
        );
        assert_eq!(sources(&tree).len(), 1);
    }

    #[test]
    fn deny_toml_must_agree() {
        assert_eq!(deny_toml(&Tree::default()).len(), ALLOWED.len() + BANNED.len());
    }
}

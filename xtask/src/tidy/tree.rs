// SPDX-License-Identifier: MIT
//! What the rules look at: the project's files as git sees them, and its packages as cargo does.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::settings;
use crate::sh::{self, Sh};

/// Why the project could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("the project's files could not be listed; tidy works in a git checkout")]
    Files(#[source] sh::Error),
    #[error("the project's packages could not be listed")]
    Packages(#[source] sh::Error),
    #[error("cargo's metadata could not be understood")]
    Metadata(#[source] serde_json::Error),
    #[error("a file could not be read")]
    Read(#[from] std::io::Error),
}

/// The project: text files by path, and every package of the dependency graph.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    /// Path from the root, with `/`, to content. Files that are not UTF-8 are left out.
    pub(super) files: BTreeMap<String, String>,
    pub(super) packages: Vec<Package>,
}

/// One package of the dependency graph.
#[derive(Debug)]
pub(crate) struct Package {
    pub(super) name: String,
    pub(super) version: String,
    /// The SPDX expression; empty when the package has none.
    pub(super) licence: String,
    /// Its folder, for members of the workspace.
    pub(super) folder: Option<String>,
    /// Where it comes from, for all others.
    pub(super) source: String,
    /// Names of what it depends on, for building and for its tests.
    pub(super) dependencies: Vec<String>,
}

impl Tree {
    /// Reads the project that this program was built from.
    pub(super) fn read() -> Result<Self, Error> {
        let root = settings::root();
        let list = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
        let listed = Sh::new("git")
            .args(list)
            .dir(&root)
            .output()
            .map_err(Error::Files)?;
        let mut files = BTreeMap::new();
        for path in listed.split('\0').filter(|path| !path.is_empty()) {
            let full = root.join(path);
            if full.is_symlink() || !full.is_file() {
                continue;
            }
            if let Ok(text) = String::from_utf8(fs_err::read(full)?) {
                files.insert(path.to_owned(), text);
            }
        }
        let metadata = Sh::new("cargo")
            .args(["metadata", "--format-version", "1"])
            .dir(&root);
        let metadata = metadata.output().map_err(Error::Packages)?;
        let metadata: Value = serde_json::from_str(&metadata).map_err(Error::Metadata)?;
        Ok(Self {
            files,
            packages: packages_of(&metadata),
        })
    }

    /// The packages of the workspace, each with its folder.
    pub(super) fn members(&self) -> impl Iterator<Item = (&str, &Package)> {
        self.packages
            .iter()
            .filter_map(|package| Some((package.folder.as_deref()?, package)))
    }

    /// The packages of others.
    pub(super) fn third_parties(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| package.folder.is_none())
    }

    /// Every folder that holds a file, at any depth.
    pub(super) fn folders(&self) -> BTreeSet<&str> {
        let mut folders = BTreeSet::new();
        for path in self.files.keys() {
            let mut rest = path.as_str();
            while let Some((folder, _)) = rest.rsplit_once('/') {
                folders.insert(folder);
                rest = folder;
            }
        }
        folders
    }
}

/// Whether a path is a test of its crate, or data of one.
pub(super) fn is_test(path: &str) -> bool {
    path.contains("/tests/") || path.starts_with("tests/") || path.ends_with("/tests.rs")
}

/// The part of a source file above its `mod tests`.
pub(super) fn without_tests(text: &str) -> &str {
    text.find("#[cfg(test)]\nmod tests")
        .map_or(text, |at| &text[..at])
}

fn packages_of(metadata: &Value) -> Vec<Package> {
    let root = metadata["workspace_root"].as_str().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let package = |json: &Value| {
        let manifest = text(&json["manifest_path"]);
        let folder = manifest
            .strip_prefix(root)
            .map(|path| path.trim_matches('/').trim_end_matches("/Cargo.toml"));
        let dependencies = json["dependencies"].as_array();
        Package {
            name: text(&json["name"]),
            version: text(&json["version"]),
            licence: text(&json["license"]),
            folder: folder.filter(|_| json["source"].is_null()).map(str::to_owned),
            source: text(&json["source"]),
            dependencies: dependencies
                .into_iter()
                .flatten()
                .map(|d| text(&d["name"]))
                .collect(),
        }
    };
    metadata["packages"]
        .as_array()
        .into_iter()
        .flatten()
        .map(package)
        .collect()
}

#[cfg(test)]
impl Package {
    /// A package of the workspace.
    pub(super) fn member(name: &str, folder: &str, licence: &str) -> Self {
        Self {
            name: name.to_owned(),
            version: "0.1.0".to_owned(),
            licence: licence.to_owned(),
            folder: Some(folder.to_owned()),
            source: String::new(),
            dependencies: Vec::new(),
        }
    }

    /// A package of others.
    pub(super) fn third_party(name: &str, version: &str, licence: &str, source: &str) -> Self {
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
            licence: licence.to_owned(),
            folder: None,
            source: source.to_owned(),
            dependencies: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_come_with_folder_or_source() {
        let metadata = serde_json::json!({
            "workspace_root": "/p",
            "packages": [
                {"name": "cilo-spec", "version": "0.1.0", "license": "MIT", "source": null,
                 "manifest_path": "/p/crates/spec/Cargo.toml", "dependencies": [{"name": "serde", "kind": "dev"}]},
                {"name": "serde", "version": "1.0.0", "license": null, "source": "registry+x",
                 "manifest_path": "/r/serde/Cargo.toml", "dependencies": []},
            ],
        });
        let packages = packages_of(&metadata);
        assert_eq!(packages[0].folder.as_deref(), Some("crates/spec"));
        assert_eq!(packages[0].dependencies, ["serde"]);
        assert_eq!(
            (packages[1].folder.as_deref(), packages[1].licence.as_str()),
            (None, "")
        );
    }

    #[test]
    fn the_project_itself_can_be_read() {
        let tree = Tree::read().unwrap();
        assert!(tree.files.contains_key("Cargo.toml"));
        assert!(
            tree.members()
                .any(|(folder, package)| folder == "xtask" && package.name == "xtask")
        );
        assert!(tree.folders().contains("xtask/src"));
    }

    #[test]
    fn tests_are_told_from_code() {
        assert!(is_test("crates/spec/tests/names.rs") && is_test("crates/spec/src/model/tests.rs"));
        assert!(!is_test("crates/spec/src/contests.rs"));
        assert_eq!(
            without_tests("fn a() {}\n#[cfg(test)]\nmod tests {}\n"),
            "fn a() {}\n"
        );
    }
}

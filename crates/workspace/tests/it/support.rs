// SPDX-License-Identifier: MIT
//! What the tests share: programs, git repositories, and a picture of a tree that two trees can be compared by.

use std::collections::BTreeMap;
use std::ffi::CStr;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use cilo_workspace::{CopyError, CopyReport, CopyRequest, copy};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// A folder for one test, and names in it.
pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.0.path().canonicalize().unwrap().join(name)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Not every user may empty the read-only folders that some tests make.
        for name in names(self.0.path()) {
            drop(cilo_workspace::remove(&self.0.path().join(name), self.0.path()));
        }
    }
}

/// Everything about one entry that a copy keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) kind: &'static str,
    pub(crate) mode: u32,
    pub(crate) modified: (i64, i64),
    pub(crate) owner: (u32, u32),
    pub(crate) content: String,
    pub(crate) xattrs: BTreeMap<Vec<u8>, Vec<u8>>,
    /// The first path of the same file.
    pub(crate) same_as: PathBuf,
}

/// All of a tree, by path.
pub(crate) fn picture(root: &Path) -> BTreeMap<PathBuf, Node> {
    let mut nodes = BTreeMap::new();
    let mut first = BTreeMap::new();
    let mut paths = vec![PathBuf::new()];
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        for entry in fs_err::read_dir(root.join(&folder)).unwrap() {
            let entry = entry.unwrap();
            let path = folder.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                folders.push(path.clone());
            }
            paths.push(path);
        }
    }
    paths.sort();
    for path in paths {
        let place = root.join(&path);
        let found = place.symlink_metadata().unwrap();
        let kind = found.file_type();
        let same_as = first
            .entry((found.dev(), found.ino()))
            .or_insert_with(|| path.clone())
            .clone();
        let (kind, content) = if kind.is_dir() {
            ("folder", String::new())
        } else if kind.is_symlink() {
            ("link", fs_err::read_link(&place).unwrap().display().to_string())
        } else if kind.is_fifo() {
            ("fifo", String::new())
        } else {
            ("file", hex(&Sha256::digest(fs_err::read(&place).unwrap())))
        };
        let node = Node {
            kind,
            mode: found.mode(),
            modified: (found.mtime(), found.mtime_nsec()),
            owner: (found.uid(), found.gid()),
            content,
            xattrs: if kind == "link" {
                BTreeMap::new()
            } else {
                xattrs(&place)
            },
            same_as,
        };
        nodes.insert(path, node);
    }
    nodes
}

/// One hash over everything in a tree: equal before and after means that nobody wrote to it.
pub(crate) fn tree_digest(root: &Path) -> String {
    hex(&Sha256::digest(format!("{:?}", picture(root))))
}

/// Compares two trees entry by entry, so that a failure names the entry.
#[track_caller]
pub(crate) fn assert_same(source: &Path, target: &Path) {
    let (source, target) = (picture(source), picture(target));
    for (path, node) in &source {
        assert_eq!(Some(node), target.get(path), "{}", path.display());
    }
    let more: Vec<_> = target.keys().filter(|path| !source.contains_key(*path)).collect();
    assert!(more.is_empty(), "only in the copy: {more:?}");
}

/// A copy with nothing special.
pub(crate) fn plain_copy(source: &Path, target: &Path) -> Result<CopyReport, CopyError> {
    copy(&CopyRequest::new(source, target), &mut |_| {})
}

/// Makes a file and the folders above it.
pub(crate) fn file(path: &Path, content: impl AsRef<[u8]>) {
    fs_err::create_dir_all(path.parent().unwrap()).unwrap();
    fs_err::write(path, content).unwrap();
}

pub(crate) fn chmod(path: &Path, mode: u32) {
    rustix::fs::chmod(path, rustix::fs::Mode::from_raw_mode(mode)).unwrap();
}

pub(crate) fn set_xattr(path: &Path, name: &str, value: &[u8]) -> bool {
    rustix::fs::setxattr(path, name, value, rustix::fs::XattrFlags::empty()).is_ok()
}

/// What a program prints.
#[track_caller]
pub(crate) fn run(folder: &Path, words: &[&str]) -> String {
    let output = try_run(folder, words);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{words:?} in {}: {errors}",
        folder.display()
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// How a program ends.
pub(crate) fn try_run(folder: &Path, words: &[&str]) -> Output {
    command(folder, words).output().unwrap()
}

/// A program that is ready to start in a folder, with nobody's settings.
pub(crate) fn command(folder: &Path, words: &[&str]) -> Command {
    #[expect(clippy::disallowed_methods, reason = "this is the tests' typed wrapper")]
    let mut command = Command::new(words[0]);
    command
        .args(&words[1..])
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .env("GIT_ALLOW_PROTOCOL", "file")
        .stdin(Stdio::null());
    for (role, value) in [
        ("NAME", "Test"),
        ("EMAIL", "test@example.org"),
        ("DATE", "2020-01-02T03:04:05Z"),
    ] {
        command
            .env(format!("GIT_AUTHOR_{role}"), value)
            .env(format!("GIT_COMMITTER_{role}"), value);
    }
    command
}

/// What git prints, without the last line break.
#[track_caller]
pub(crate) fn git(folder: &Path, words: &[&str]) -> String {
    let words = [&["git", "-c", "core.fsmonitor=false"], words].concat();
    run(folder, &words).trim_end().to_owned()
}

/// A repository with one commit on `main`.
pub(crate) fn repository(folder: &Path) {
    fs_err::create_dir_all(folder).unwrap();
    git(folder, &["init", "--quiet", "--initial-branch=main"]);
    file(&folder.join("README"), "hello\n");
    file(&folder.join("src/main"), "one\ntwo\nthree\n");
    file(&folder.join(".gitignore"), "*.log\n/ignored/\n");
    commit(folder, "first");
}

/// Commits everything and returns the commit.
#[track_caller]
pub(crate) fn commit(folder: &Path, message: &str) -> String {
    git(folder, &["add", "--all"]);
    git(
        folder,
        &["commit", "--quiet", "--allow-empty", "--message", message],
    );
    git(folder, &["rev-parse", "HEAD"])
}

/// All references and where they are.
pub(crate) fn refs(folder: &Path) -> String {
    git(folder, &["for-each-ref"])
}

/// What git says of uncommitted work.
pub(crate) fn status(folder: &Path) -> String {
    git(
        folder,
        &[
            "status",
            "--porcelain=v2",
            "--branch",
            "--untracked-files=all",
            "--ignored",
        ],
    )
}

pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// The names in a folder, sorted.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let names = fs_err::read_dir(folder).unwrap();
    let mut names: Vec<String> = names
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

fn xattrs(path: &Path) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let mut names = Vec::with_capacity(64 * 1024);
    if rustix::fs::llistxattr(path, rustix::buffer::spare_capacity(&mut names)).is_err() {
        return BTreeMap::new();
    }
    let names = names
        .split_inclusive(|byte| *byte == 0)
        .filter_map(|name| CStr::from_bytes_with_nul(name).ok());
    names
        .map(|name| {
            let mut value = Vec::with_capacity(64 * 1024);
            rustix::fs::lgetxattr(path, name, rustix::buffer::spare_capacity(&mut value)).unwrap();
            (name.to_bytes().to_vec(), value)
        })
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

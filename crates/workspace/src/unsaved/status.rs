// SPDX-License-Identifier: MIT
//! Uncommitted changes of one repository, and a digest of each that tells whether it is still the same change.

use std::ffi::OsStr;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::git::{Git, GitError};

/// Larger files are told apart by size and time: reading them would take longer than the question is worth.
const WHOLE: u64 = 64 * 1024 * 1024;

/// One uncommitted change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// The file, relative to its repository.
    pub path: PathBuf,
    /// What happened to it.
    pub kind: ChangeKind,
}

/// What a change is. A file that is staged and changed again is [`ChangeKind::Modified`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeKind {
    /// Git does not know the file, and no rule ignores it.
    Untracked,
    /// The file differs from what is staged.
    Modified,
    /// The file is gone.
    Deleted,
    /// All of the change is staged.
    Staged,
    /// A merge left it to be resolved.
    Conflicted,
}

/// A change, whether something else is staged for the file, and the digest.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) change: Change,
    /// What is staged is neither in a commit nor in the file.
    pub(crate) staged_only: bool,
    pub(crate) digest: String,
}

/// The uncommitted changes of a repository. Those below `nested`, repositories of their own, are left to them.
pub(crate) fn entries(git: &Git, nested: &[PathBuf]) -> Result<Vec<Entry>, GitError> {
    let output = git.run(&[
        "status",
        "--porcelain=v2",
        "-z",
        "--untracked-files=all",
        "--ignore-submodules=dirty",
        "--no-renames",
    ])?;
    let records = output
        .split(|byte| *byte == 0)
        .filter(|record| !record.is_empty());
    let entries = records.filter_map(|record| {
        let (kind, path) = parse(record)?;
        let path = PathBuf::from(OsStr::from_bytes(path));
        if kind == ChangeKind::Untracked && nested.contains(&path.components().collect()) {
            return None;
        }
        let staged_only =
            kind != ChangeKind::Untracked && record.get(2..4).is_some_and(|xy| !xy.contains(&b'.'));
        let digest = digest(record, &git.work_tree().join(&path));
        Some(Entry {
            change: Change { path, kind },
            staged_only,
            digest,
        })
    });
    Ok(entries.collect())
}

/// The kind and path of a record (git-status, "Porcelain Format Version 2").
fn parse(record: &[u8]) -> Option<(ChangeKind, &[u8])> {
    let fields = |count| record.splitn(count, |byte| *byte == b' ').nth(count - 1);
    match record.first()? {
        b'?' => Some((ChangeKind::Untracked, fields(2)?)),
        b'u' => Some((ChangeKind::Conflicted, fields(11)?)),
        b'1' => {
            let kind = match record.get(3)? {
                b'.' => ChangeKind::Staged,
                b'D' => ChangeKind::Deleted,
                _ => ChangeKind::Modified,
            };
            Some((kind, fields(9)?))
        }
        _ => None,
    }
}

/// 128 bits of SHA-256 over what git says of a file, which names it, and what is in it.
fn digest(record: &[u8], file: &Path) -> String {
    let mut hash = Sha256::new();
    hash.update((record.len() as u64).to_le_bytes());
    hash.update(record);
    match file.symlink_metadata() {
        Ok(found) if found.is_symlink() => {
            hash.update(b"link");
            hash.update(fs_err::read_link(file).unwrap_or_default().as_os_str().as_bytes());
        }
        Ok(found) if found.is_dir() => {
            hash.update(b"repository");
            let head = Git::of(file)
                .reading_only()
                .line(&["rev-parse", "--verify", "HEAD"]);
            hash.update(head.unwrap_or_default());
        }
        Ok(found) if found.is_file() => {
            hash.update(if found.mode() & 0o100 == 0 {
                b"file"
            } else {
                b"prog"
            });
            if found.len() > WHOLE || read_into(file, &mut hash).is_err() {
                hash.update(found.len().to_le_bytes());
                hash.update(found.mtime().to_le_bytes());
                hash.update(found.mtime_nsec().to_le_bytes());
            }
        }
        Ok(_) => hash.update(b"other"),
        Err(_) => hash.update(b"none"),
    }
    hash.finalize()
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn read_into(file: &Path, hash: &mut Sha256) -> std::io::Result<()> {
    let mut file = fs_err::File::open(file)?;
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let got = file.read(&mut buffer)?;
        if got == 0 {
            return Ok(());
        }
        hash.update(&buffer[..got]);
    }
}

// SPDX-License-Identifier: MIT
//! Replacing a file whole.

use std::io::{self, Write as _};
use std::path::Path;

use fs_err::os::unix::fs::OpenOptionsExt as _;

/// Replaces `path` with `bytes`, readable by this user only: afterwards it is on disk, and at no moment half-written.
///
/// The caller holds a lock on it: the new content is prepared under one fixed name, which a killed process may leave
/// behind and the next one reuses.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut new_name = path.as_os_str().to_owned();
    new_name.push(".new");
    let mut file = fs_err::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&new_name)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs_err::rename(&new_name, path)?;
    match path.parent() {
        Some(dir) => fs_err::File::open(dir)?.sync_all(),
        None => Ok(()),
    }
}

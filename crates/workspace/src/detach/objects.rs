// SPDX-License-Identifier: MIT
//! Borrowed objects: a copy that leans on another repository's store would break when that one is cleaned up.

use std::collections::BTreeSet;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::{Detach, read_error, write_error};
use crate::copy::CopyError;

impl Detach<'_> {
    /// Brings the objects that `store` borrows into it (`objects/info/alternates`), so that it borrows no more.
    /// `original` is where that store was copied from, which relative entries are relative to.
    pub(super) fn absorb(&self, store: &Path, original: &Path) -> Result<(), CopyError> {
        let list = store.join("info/alternates");
        if list.symlink_metadata().is_err() {
            return Ok(());
        }
        let mut seen = BTreeSet::new();
        let mut lenders = alternates(original)?;
        while let Some(lender) = lenders.pop() {
            // git, too, only warns of a store that is missing.
            let Ok(lender) = fs_err::canonicalize(&lender) else {
                continue;
            };
            if !seen.insert(lender.clone()) {
                continue;
            }
            lenders.extend(alternates(&lender)?);
            self.copy_git(&lender, store, &|path: &Path| path == Path::new("info"))?;
        }
        fs_err::remove_file(&list).map_err(|error| write_error(&list, error))
    }
}

/// The stores that `store` borrows from, one a line (gitrepository-layout, `objects/info/alternates`).
fn alternates(store: &Path) -> Result<Vec<PathBuf>, CopyError> {
    let list = store.join("info/alternates");
    let text = match fs_err::read(&list) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(read_error(&list, error)),
    };
    Ok(text
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty() && !line.starts_with(b"#"))
        .map(|line| store.join(std::ffi::OsStr::from_bytes(line)))
        .collect())
}

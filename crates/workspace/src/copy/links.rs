// SPDX-License-Identifier: MIT
//! Hard links: the first name of a file is copied, every further one is linked to that copy.

use std::collections::BTreeMap;
use std::ffi::CStr;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rustix::fs::{AtFlags, Stat};
use rustix::io::Errno;

use super::CopyError;
use crate::sys;

/// Where the copy of a file with several names is, once there is one.
type Copied = Arc<Mutex<Option<PathBuf>>>;

/// The files with several names met so far, by device and inode.
#[derive(Debug, Default)]
pub(crate) struct Links {
    root: OnceLock<OwnedFd>,
    seen: Mutex<BTreeMap<(u64, u64), Copied>>,
}

impl Links {
    /// Says below which folder the paths are.
    pub(crate) fn below(&self, root: OwnedFd) {
        self.root.get_or_init(|| root);
    }

    /// Links `place` to the copy of the same file if there is one, else makes it with `copy`.
    /// Returns whether it was linked.
    ///
    /// A second thread that meets the file waits until the first has copied it: a leaf of the walk, so no deadlock.
    pub(crate) fn link_or(
        &self,
        stat: &Stat,
        (dir, name): (BorrowedFd<'_>, &CStr),
        path: impl Fn() -> PathBuf,
        copy: impl FnOnce() -> Result<(), CopyError>,
    ) -> Result<bool, CopyError> {
        let key = (sys::device(stat), stat.st_ino);
        let copied = {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(seen.entry(key).or_default())
        };
        let mut copied = copied.lock().unwrap_or_else(PoisonError::into_inner);
        if let (Some(first), Some(root)) = (copied.as_deref(), self.root.get()) {
            match rustix::fs::linkat(root, first, dir, name, AtFlags::empty()) {
                Ok(()) => return Ok(true),
                // The target allows fewer links than the source, or none: the name becomes a file of its own.
                Err(Errno::MLINK | Errno::PERM | Errno::OPNOTSUPP) => {}
                Err(error) => {
                    return Err(CopyError::Write {
                        path: path(),
                        source: error.into(),
                    });
                }
            }
        }
        copy()?;
        *copied = Some(path());
        Ok(false)
    }
}

// SPDX-License-Identifier: MIT
//! macOS: `fclonefileat`; there is no copying inside the kernel besides it.

use std::ffi::CStr;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::atomic::AtomicBool;

use rustix::fs::{AtFlags, CloneFlags, Dir, Mode, OFlags, Stat};
use rustix::io::Errno;

use super::{Cloned, Entry};

/// The names in a folder, in the order the filesystem keeps them.
pub(crate) fn entries(dir: BorrowedFd<'_>) -> Result<Vec<Entry>, Errno> {
    let mut found = Vec::new();
    for entry in Dir::read_from(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        if !matches!(name.to_bytes(), b"." | b"..") {
            found.push(Entry {
                name: name.to_owned(),
                kind: entry.file_type(),
            });
        }
    }
    Ok(found)
}

/// Opens a file for reading; there is no way to spare its access time here.
pub(crate) fn open_quietly(dir: BorrowedFd<'_>, name: &CStr, _quiet: &AtomicBool) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    rustix::fs::openat(dir, name, flags, Mode::empty())
}

/// Makes `name` in `dir` a file that shares all blocks of `from`.
pub(crate) fn clone_file(from: BorrowedFd<'_>, dir: BorrowedFd<'_>, name: &CStr) -> Result<Cloned, Errno> {
    match rustix::fs::fclonefileat(from, dir, name, CloneFlags::NOFOLLOW) {
        // The clone has the mode of the original, so it may be unwritable: reading is enough to set the rest.
        Ok(()) => {
            let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            rustix::fs::openat(dir, name, flags, Mode::empty()).map(Cloned::Yes)
        }
        Err(error @ (Errno::NOSPC | Errno::DQUOT | Errno::IO | Errno::EXIST)) => Err(error),
        Err(refused) => Ok(Cloned::Refused(None, refused)),
    }
}

/// Not offered by this system.
pub(crate) fn copy_range(
    _from: BorrowedFd<'_>,
    _to: BorrowedFd<'_>,
    _offset: u64,
    _len: usize,
) -> Result<usize, Errno> {
    Err(Errno::NOSYS)
}

/// The device a file is on.
pub(crate) fn device(stat: &Stat) -> u64 {
    u64::from(stat.st_dev.cast_unsigned())
}

/// No filesystem here is known to prefer one thread.
pub(crate) fn wants_one_thread(_dir: BorrowedFd<'_>) -> bool {
    false
}

/// Lets the owner list and change the folder `name`, which may be a link by now: then nothing is touched.
pub(crate) fn unlock_dir(dir: BorrowedFd<'_>, name: &CStr) -> Result<(), Errno> {
    rustix::fs::chmodat(dir, name, Mode::RWXU, AtFlags::SYMLINK_NOFOLLOW)
}

// SPDX-License-Identifier: MIT
//! Linux: `FICLONE`, `copy_file_range`, raw directory reading.

use std::cell::RefCell;
use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{Mode, OFlags, RawDir, Stat};
use rustix::io::Errno;

use super::{Cloned, Entry, create};

/// `BTRFS_SUPER_MAGIC` of `linux/magic.h`.
const BTRFS: u64 = 0x9123_683E;

/// Room for some 500 directory entries at a time.
const DIRECTORY_BUFFER: usize = 32 * 1024;

thread_local! {
    static BUFFER: RefCell<Vec<MaybeUninit<u8>>> =
        RefCell::new(vec![MaybeUninit::uninit(); DIRECTORY_BUFFER]);
}

/// The names in a folder, in the order the filesystem keeps them.
pub(crate) fn entries(dir: BorrowedFd<'_>) -> Result<Vec<Entry>, Errno> {
    BUFFER.with_borrow_mut(|buffer| {
        let mut found = Vec::new();
        let mut reader = RawDir::new(dir, buffer);
        while let Some(entry) = reader.next() {
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
    })
}

/// Opens a file for reading without moving its access time where the kernel lets us: the source stays as it was.
///
/// `quiet` remembers a refusal (files of somebody else), so that it is met once per tree.
pub(crate) fn open_quietly(dir: BorrowedFd<'_>, name: &CStr, quiet: &AtomicBool) -> Result<OwnedFd, Errno> {
    // NONBLOCK: a FIFO put in the file's place must not hang the copy.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    if quiet.load(Ordering::Relaxed) {
        match rustix::fs::openat(dir, name, flags | OFlags::NOATIME, Mode::empty()) {
            Err(Errno::PERM) => quiet.store(false, Ordering::Relaxed),
            opened => return opened,
        }
    }
    rustix::fs::openat(dir, name, flags, Mode::empty())
}

/// Makes `name` in `dir` a file that shares all blocks of `from`.
pub(crate) fn clone_file(from: BorrowedFd<'_>, dir: BorrowedFd<'_>, name: &CStr) -> Result<Cloned, Errno> {
    let to = create(dir, name)?;
    match rustix::fs::ioctl_ficlone(&to, from) {
        Ok(()) => Ok(Cloned::Yes(to)),
        Err(error @ (Errno::NOSPC | Errno::DQUOT | Errno::IO)) => Err(error),
        Err(refused) => Ok(Cloned::Refused(Some(to), refused)),
    }
}

/// Copies up to `len` bytes at `offset` inside the kernel; 0 at the end of the file.
pub(crate) fn copy_range(
    from: BorrowedFd<'_>,
    to: BorrowedFd<'_>,
    offset: u64,
    len: usize,
) -> Result<usize, Errno> {
    let (mut read_at, mut write_at) = (offset, offset);
    rustix::fs::copy_file_range(from, Some(&mut read_at), to, Some(&mut write_at), len)
}

/// The device a file is on.
pub(crate) fn device(stat: &Stat) -> u64 {
    stat.st_dev
}

/// Whether a second thread slows writing to this filesystem down: btrfs, whose tree lock they would fight over.
pub(crate) fn wants_one_thread(dir: BorrowedFd<'_>) -> bool {
    rustix::fs::fstatfs(dir).is_ok_and(|stat| u64::try_from(stat.f_type) == Ok(BTRFS))
}

/// Lets the owner list and change the folder `name`, which may be a link by now: then nothing is touched.
pub(crate) fn unlock_dir(dir: BorrowedFd<'_>, name: &CStr) -> Result<(), Errno> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let folder = rustix::fs::openat(dir, name, flags, Mode::empty())?;
    // `fchmod` refuses a PATH descriptor, and the plain call would follow a link put in the folder's place.
    rustix::fs::chmod(
        format!("/proc/self/fd/{}", folder.as_fd().as_raw_fd()),
        Mode::RWXU,
    )
}

// SPDX-License-Identifier: MIT
//! The system calls that differ between Linux and macOS, behind one set of names.

use std::ffi::{CStr, CString};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
pub(crate) use linux::{clone_file, copy_range, device, entries, open_quietly, unlock_dir, wants_one_thread};

#[cfg(target_os = "macos")]
mod macos;
#[cfg(target_os = "macos")]
pub(crate) use macos::{clone_file, copy_range, device, entries, open_quietly, unlock_dir, wants_one_thread};

/// One name in a directory.
#[derive(Debug)]
pub(crate) struct Entry {
    /// The name, never `.` or `..`.
    pub(crate) name: CString,
    /// What the directory says it is; [`FileType::Unknown`] on filesystems that do not say.
    pub(crate) kind: FileType,
}

/// What became of the wish to share a file's blocks.
#[derive(Debug)]
pub(crate) enum Cloned {
    /// The new file shares the blocks of the old one.
    Yes(OwnedFd),
    /// Refused; on Linux the new file exists, is empty, and is handed back to be filled.
    Refused(Option<OwnedFd>, Errno),
}

/// How a folder is opened: never through a symbolic link, so that a tree that changes below us leads nowhere else.
pub(crate) const DIR: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// Opens the folder `name` of `dir`.
pub(crate) fn open_dir(dir: BorrowedFd<'_>, name: &CStr) -> Result<OwnedFd, Errno> {
    rustix::fs::openat(dir, name, DIR, Mode::empty())
}

/// Makes the file `name` in `dir`: it must not exist, and nobody else can read it until its mode is set.
pub(crate) fn create(dir: BorrowedFd<'_>, name: &CStr) -> Result<OwnedFd, Errno> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::openat(dir, name, flags, Mode::RUSR | Mode::WUSR)
}

/// What `name` in `dir` is, itself and not what it points at.
pub(crate) fn stat(dir: BorrowedFd<'_>, name: &CStr) -> Result<Stat, Errno> {
    rustix::fs::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW)
}

/// A file's size in bytes.
pub(crate) fn size(stat: &Stat) -> u64 {
    u64::try_from(stat.st_size).unwrap_or(0)
}

/// What kind of thing a status describes.
pub(crate) fn kind(stat: &Stat) -> FileType {
    FileType::from_raw_mode(stat.st_mode)
}

/// The kind an entry has, asked of the file where the directory does not say.
pub(crate) fn entry_kind(dir: impl AsFd, entry: &Entry) -> Result<FileType, Errno> {
    match entry.kind {
        FileType::Unknown => stat(dir.as_fd(), &entry.name).map(|stat| kind(&stat)),
        known => Ok(known),
    }
}

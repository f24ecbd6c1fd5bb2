// SPDX-License-Identifier: MIT
//! Deleting a tree: read-only folders are unlocked, links are never followed, and what stays is named.

use std::ffi::{CStr, CString, OsStr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, FileType, Mode};
use rustix::io::Errno;

use crate::sys;

/// Deeper folders are moved to the top before they are emptied, so that no tree is too deep for the stack
/// or for the number of open files.
const DEPTH: usize = 64;

/// What could not be deleted.
#[derive(Debug, Default)]
pub(crate) struct Remains {
    /// The first [`Remains::NAMED`] of them, as paths.
    pub(crate) paths: Vec<PathBuf>,
    /// How many there are.
    pub(crate) count: u64,
    /// Why the first one stayed.
    pub(crate) why: Option<Errno>,
}

impl Remains {
    /// How many paths are kept; the count goes on.
    pub(crate) const NAMED: usize = 20;

    fn add(&mut self, path: PathBuf, why: Errno) {
        self.count += 1;
        self.why.get_or_insert(why);
        if self.paths.len() < Self::NAMED {
            self.paths.push(path);
        }
    }
}

/// Deletes the folder `path` and all below it. A path that does not exist is fine.
pub(crate) fn delete(path: &Path) -> Remains {
    let mut work = Work::default();
    // No file can have such a name.
    let Ok(name) = CString::new(path.as_os_str().as_bytes()) else {
        return work.remains;
    };
    match open(CWD, &name) {
        Ok(top) => {
            work.empty(top.as_fd(), &top, path, 0);
            while let Some((name, original)) = work.deep.pop() {
                match open(top.as_fd(), &name) {
                    Ok(folder) => work.empty(folder.as_fd(), &top, &original, 0),
                    Err(error) => work.remains.add(original.clone(), error),
                }
                work.remove_folder(top.as_fd(), &name, original);
            }
            drop(top);
            if work.remains.count == 0 {
                work.remove_folder(CWD, &name, path.to_owned());
            }
        }
        Err(Errno::NOENT) => {}
        Err(Errno::NOTDIR | Errno::LOOP) => work.remove_file(CWD, &name, path.to_owned()),
        Err(error) => work.remains.add(path.to_owned(), error),
    }
    work.remains
}

#[derive(Default)]
struct Work {
    /// Folders moved to the top: their name there, and where they were.
    deep: Vec<(CString, PathBuf)>,
    moved: u64,
    remains: Remains,
}

impl Work {
    /// Deletes everything in `folder`, which is at `path`.
    fn empty(&mut self, folder: BorrowedFd<'_>, top: &OwnedFd, path: &Path, depth: usize) {
        let entries = match sys::entries(folder) {
            Ok(entries) => entries,
            Err(error) => return self.remains.add(path.to_owned(), error),
        };
        for entry in entries {
            let below = path.join(OsStr::from_bytes(entry.name.to_bytes()));
            match sys::entry_kind(folder, &entry) {
                Ok(FileType::Directory) if depth >= DEPTH && self.lift(folder, top, &entry.name, &below) => {}
                Ok(FileType::Directory) => {
                    match open(folder, &entry.name) {
                        Ok(inner) => self.empty(inner.as_fd(), top, &below, depth + 1),
                        Err(Errno::NOENT) => continue,
                        Err(error) => {
                            self.remains.add(below, error);
                            continue;
                        }
                    }
                    self.remove_folder(folder, &entry.name, below);
                }
                Ok(_) => self.remove_file(folder, &entry.name, below),
                Err(Errno::NOENT) => {}
                Err(error) => self.remains.add(below, error),
            }
        }
    }

    /// Moves a deep folder to the top, to be emptied later.
    fn lift(&mut self, folder: BorrowedFd<'_>, top: &OwnedFd, name: &CStr, path: &Path) -> bool {
        let Ok(lifted) = CString::new(format!(".deep-{}-{}", std::process::id(), self.moved)) else {
            return false;
        };
        self.moved += 1;
        let moved = unlocking(folder, || rustix::fs::renameat(folder, name, top, &lifted)).is_ok();
        if moved {
            self.deep.push((lifted, path.to_owned()));
        }
        moved
    }

    fn remove_file(&mut self, folder: BorrowedFd<'_>, name: &CStr, path: PathBuf) {
        match unlocking(folder, || rustix::fs::unlinkat(folder, name, AtFlags::empty())) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(error) => self.remains.add(path, error),
        }
    }

    /// Removes an emptied folder; if something in it stayed, that is already named.
    fn remove_folder(&mut self, folder: BorrowedFd<'_>, name: &CStr, path: PathBuf) {
        match unlocking(folder, || rustix::fs::unlinkat(folder, name, AtFlags::REMOVEDIR)) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(Errno::NOTEMPTY | Errno::EXIST) if self.remains.count > 0 => {}
            Err(error) => self.remains.add(path, error),
        }
    }
}

/// Opens a folder, taking its lock off if that is what stands in the way.
fn open(folder: BorrowedFd<'_>, name: &CStr) -> Result<OwnedFd, Errno> {
    match sys::open_dir(folder, name) {
        Err(Errno::ACCESS) => {
            sys::unlock_dir(folder, name)?;
            sys::open_dir(folder, name)
        }
        opened => opened,
    }
}

/// Changes a folder, making it writable if that is what stands in the way.
fn unlocking(folder: BorrowedFd<'_>, change: impl Fn() -> Result<(), Errno>) -> Result<(), Errno> {
    match change() {
        Err(Errno::ACCESS) if rustix::fs::fchmod(folder, Mode::RWXU).is_ok() => change(),
        done => done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_deeper_than_any_path_goes_away() {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path().join("deep");
        fs_err::create_dir(&top).unwrap();
        let mut at = rustix::fs::open(&top, sys::DIR, Mode::empty()).unwrap();
        for _ in 0..3000 {
            rustix::fs::mkdirat(&at, "down", Mode::RWXU).unwrap();
            at = sys::open_dir(at.as_fd(), c"down").unwrap();
        }
        drop(sys::create(at.as_fd(), c"file").unwrap());
        drop(at);
        let remains = delete(&top);
        assert_eq!(remains.count, 0, "{remains:?}");
        assert!(!top.exists());
    }

    #[test]
    fn a_link_is_removed_and_what_it_points_at_stays() {
        let folder = tempfile::tempdir().unwrap();
        let kept = folder.path().join("kept");
        fs_err::create_dir(&kept).unwrap();
        fs_err::write(kept.join("file"), "x").unwrap();
        let top = folder.path().join("top");
        fs_err::create_dir(&top).unwrap();
        fs_err::os::unix::fs::symlink(&kept, top.join("link")).unwrap();
        assert_eq!(delete(&top).count, 0);
        assert!(kept.join("file").exists() && !top.exists());

        fs_err::os::unix::fs::symlink(&kept, &top).unwrap();
        assert_eq!(delete(&top).count, 0);
        assert!(kept.join("file").exists() && top.symlink_metadata().is_err());
    }

    #[test]
    fn what_is_not_there_is_no_trouble() {
        assert_eq!(delete(Path::new("/nonexistent/folder")).count, 0);
    }
}

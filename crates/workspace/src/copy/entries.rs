// SPDX-License-Identifier: MIT
//! What is in a folder besides folders: files, links, and what cannot be copied.

use std::ffi::CStr;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::PathBuf;

use rustix::fs::{FileType, Stat};
use rustix::io::Errno;

use super::content::ContentError;
use super::progress::add;
use super::tree::{Folder, Walk};
use super::{CopyError, Noted};
use crate::sys::{self, Entry};

impl Walk<'_> {
    /// Copies some entries of a folder, until something fails.
    pub(super) fn files(&self, folder: &Folder, files: &[Entry]) {
        for entry in files {
            if self.is_over() {
                return;
            }
            match self.entry(folder, entry) {
                Ok(()) => add(&self.shared.counters.files_done, 1),
                Err(error) => {
                    self.fail::<()>(error);
                }
            }
        }
    }

    fn entry(&self, folder: &Folder, entry: &Entry) -> Result<(), CopyError> {
        let name = entry.name.as_c_str();
        let noted = match entry.kind {
            FileType::RegularFile => return self.file(folder, name),
            FileType::Symlink => return self.symlink(folder, name),
            FileType::Fifo => Noted::Fifo,
            FileType::Socket => Noted::Socket,
            FileType::CharacterDevice | FileType::BlockDevice => Noted::Device,
            _ => Noted::Vanished,
        };
        self.note::<()>(folder.join(name), noted);
        Ok(())
    }

    fn file(&self, folder: &Folder, name: &CStr) -> Result<(), CopyError> {
        let opened = sys::open_quietly(folder.from.as_fd(), name, &self.shared.quiet)
            .and_then(|from| rustix::fs::fstat(&from).map(|stat| (from, stat)));
        let (from, stat) = match opened {
            Ok((from, stat)) if sys::kind(&stat) == FileType::RegularFile => (from, stat),
            Ok(_) | Err(Errno::NOENT | Errno::LOOP | Errno::NXIO) => {
                self.vanished::<()>(folder, name);
                return Ok(());
            }
            Err(error) => return Err(self.read_error(&folder.join(name), error)),
        };
        if stat.st_nlink > 1 {
            let linked = self.links.link_or(
                &stat,
                (folder.to.as_fd(), name),
                || folder.join(name),
                || self.contents(folder, name, from.as_fd(), &stat),
            )?;
            if linked {
                add(&self.shared.counters.hard_links, 1);
            }
            return Ok(());
        }
        self.contents(folder, name, from.as_fd(), &stat)
    }

    fn contents(
        &self,
        folder: &Folder,
        name: &CStr,
        from: BorrowedFd<'_>,
        stat: &Stat,
    ) -> Result<(), CopyError> {
        let shared = self.shared;
        add(&shared.counters.bytes_found, sys::size(stat));
        let place = (folder.to.as_fd(), name);
        let to = match shared
            .content
            .copy(from, stat, place, (shared.counters, shared.cancel))
        {
            Ok(to) => to,
            Err(ContentError::Write(Errno::EXIST)) if self.merge => return Ok(()),
            Err(ContentError::Write(error)) => {
                return Err(self.write_error_of(&folder.join(name), sys::size(stat), error));
            }
            Err(ContentError::Read(error)) => return Err(self.read_error(&folder.join(name), error)),
            Err(ContentError::Cancelled) => return Err(CopyError::Cancelled),
        };
        self.attributes(from, to.as_fd(), stat, || folder.join(name))
    }

    fn symlink(&self, folder: &Folder, name: &CStr) -> Result<(), CopyError> {
        let read = rustix::fs::readlinkat(&folder.from, name, Vec::new())
            .and_then(|link| sys::stat(folder.from.as_fd(), name).map(|stat| (link, stat)));
        let (link, stat) = match read {
            Ok((link, stat)) if sys::kind(&stat) == FileType::Symlink => (link, stat),
            Ok(_) | Err(Errno::NOENT | Errno::INVAL) => {
                self.vanished::<()>(folder, name);
                return Ok(());
            }
            Err(error) => return Err(self.read_error(&folder.join(name), error)),
        };
        match rustix::fs::symlinkat(&link, &folder.to, name) {
            Err(Errno::EXIST) if self.merge => return Ok(()),
            made => made.and_then(|()| self.shared.owner.apply_to_link(folder.to.as_fd(), name, &stat)),
        }
        .map_err(|error| self.write_error(&folder.join(name), error))?;
        add(&self.shared.counters.symlinks, 1);
        Ok(())
    }

    /// Gives a copy the attributes of its original.
    pub(super) fn attributes(
        &self,
        from: BorrowedFd<'_>,
        to: BorrowedFd<'_>,
        stat: &Stat,
        path: impl Fn() -> PathBuf,
    ) -> Result<(), CopyError> {
        match self.shared.owner.apply(from, to, stat) {
            Ok(None) => Ok(()),
            Ok(Some(name)) => {
                self.note::<()>(path(), Noted::Xattr(name));
                Ok(())
            }
            Err(error) => Err(self.write_error(&path(), error)),
        }
    }
}

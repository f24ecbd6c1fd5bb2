// SPDX-License-Identifier: MIT
//! The bytes of one file: shared if the filesystem can, else copied in the kernel, else by hand; holes stay holes.

use std::ffi::CStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use rustix::fs::{SeekFrom, Stat};
use rustix::io::Errno;

use super::progress::{Cancel, Counters, add, read};
use crate::sys::{self, Cloned};

/// How contents get from one tree to the other, the best way first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// The copy shares the blocks of the original until one of them is written (`FICLONE`, `clonefile`).
    Reflink,
    /// The kernel copies (`copy_file_range`); the bytes never enter this process.
    CopyFileRange,
    /// Plain reading and writing: works everywhere.
    ReadWrite,
}

/// Content larger than this is copied in parts, so that a cancelled copy ends soon.
const PART: u64 = 64 * 1024 * 1024;

/// The buffer of the plain way.
const BUFFER: usize = 256 * 1024;

/// The method in use for a tree, and what it has come to.
#[derive(Debug)]
pub(crate) struct Content {
    method: AtomicU8,
    /// The device of the tree's root: a refusal there speaks for the whole tree, one on a mount below does not.
    device: u64,
    by_method: [AtomicU64; 3],
}

/// Why a file's content is not there.
#[derive(Debug)]
pub(crate) enum ContentError {
    /// The original could not be read.
    Read(Errno),
    /// The copy could not be made or written.
    Write(Errno),
    /// The caller wants no more.
    Cancelled,
}

impl Content {
    /// Starts with `best`; the tree's root is on `device`.
    pub(crate) fn new(best: Method, device: u64) -> Self {
        Self {
            method: AtomicU8::new(best as u8),
            device,
            by_method: Default::default(),
        }
    }

    /// What the tree came down to.
    pub(crate) fn method(&self) -> Method {
        match self.method.load(Ordering::Relaxed) {
            0 => Method::Reflink,
            1 => Method::CopyFileRange,
            _ => Method::ReadWrite,
        }
    }

    /// How many files were copied in a worse way than [`Self::method`].
    pub(crate) fn fallbacks(&self) -> u64 {
        self.by_method
            .iter()
            .skip(self.method() as usize + 1)
            .map(read)
            .sum()
    }

    /// Makes `name` in `dir` with the content of `from` and hands it back, its mode and times still unset.
    pub(crate) fn copy(
        &self,
        from: BorrowedFd<'_>,
        stat: &Stat,
        (dir, name): (BorrowedFd<'_>, &CStr),
        (counters, cancel): (&Counters, &Cancel),
    ) -> Result<OwnedFd, ContentError> {
        let size = sys::size(stat);
        let mut made = None;
        if size > 0 && self.method() == Method::Reflink {
            match sys::clone_file(from, dir, name).map_err(ContentError::Write)? {
                Cloned::Yes(file) => {
                    add(&self.by_method[Method::Reflink as usize], 1);
                    add(&counters.bytes_done, size);
                    return Ok(file);
                }
                Cloned::Refused(file, why) => {
                    made = file;
                    self.refused(Method::CopyFileRange, why, stat);
                }
            }
        }
        let to = match made {
            Some(file) => file,
            None => sys::create(dir, name).map_err(ContentError::Write)?,
        };
        let mut file = Transfer {
            content: self,
            from,
            to: to.as_fd(),
            stat,
            counters,
            cancel,
            used: self.method(),
        };
        file.used = file.used.max(Method::CopyFileRange);
        file.run(size)?;
        if size > 0 {
            add(&self.by_method[file.used as usize], 1);
        }
        Ok(to)
    }

    /// Takes note of a refusal: of the filesystem as a whole, or of one file only.
    fn refused(&self, next: Method, why: Errno, stat: &Stat) {
        let for_all = matches!(why, Errno::OPNOTSUPP | Errno::XDEV | Errno::NOTTY | Errno::NOSYS);
        if for_all && sys::device(stat) == self.device {
            self.method.fetch_max(next as u8, Ordering::Relaxed);
        }
    }
}

/// One file on its way.
struct Transfer<'a> {
    content: &'a Content,
    from: BorrowedFd<'a>,
    to: BorrowedFd<'a>,
    stat: &'a Stat,
    counters: &'a Counters,
    cancel: &'a Cancel,
    used: Method,
}

impl Transfer<'_> {
    fn run(&mut self, size: u64) -> Result<(), ContentError> {
        if size == 0 {
            // Files of some filesystems have content and claim to have none.
            return self.by_hand(0, u64::MAX).map(drop);
        }
        if is_sparse(self.stat) {
            return self.with_holes(size);
        }
        self.range(0, size)
    }

    /// Copies the parts between the holes and lets the length make the last hole.
    fn with_holes(&mut self, size: u64) -> Result<(), ContentError> {
        let mut at = 0;
        while at < size {
            let data = match rustix::fs::seek(self.from, SeekFrom::Data(at)) {
                Ok(data) => data.min(size),
                Err(Errno::NXIO) => size,
                Err(Errno::INVAL | Errno::OPNOTSUPP) => return self.range(at, size),
                Err(error) => return Err(ContentError::Read(error)),
            };
            add(&self.counters.bytes_done, data - at);
            if data == size {
                break;
            }
            let hole = match rustix::fs::seek(self.from, SeekFrom::Hole(data)) {
                Ok(hole) => hole.min(size),
                Err(error) => return Err(ContentError::Read(error)),
            };
            self.range(data, hole)?;
            at = hole;
        }
        rustix::fs::ftruncate(self.to, size).map_err(ContentError::Write)
    }

    /// Copies the bytes from `at` to `end`, or fewer when the file has become shorter.
    fn range(&mut self, mut at: u64, end: u64) -> Result<(), ContentError> {
        while at < end {
            if self.cancel.is_cancelled() {
                return Err(ContentError::Cancelled);
            }
            let part = (end - at).min(PART);
            let copied = if self.used == Method::CopyFileRange {
                match sys::copy_range(self.from, self.to, at, usize::try_from(part).unwrap_or(BUFFER)) {
                    Ok(copied) => {
                        add(&self.counters.bytes_done, copied as u64);
                        copied as u64
                    }
                    Err(Errno::INTR) => continue,
                    Err(error @ (Errno::NOSPC | Errno::DQUOT | Errno::FBIG)) => {
                        return Err(ContentError::Write(error));
                    }
                    Err(error @ Errno::IO) => return Err(ContentError::Read(error)),
                    Err(refused) => {
                        self.content.refused(Method::ReadWrite, refused, self.stat);
                        self.used = Method::ReadWrite;
                        continue;
                    }
                }
            } else {
                self.by_hand(at, part)?
            };
            if copied == 0 {
                break;
            }
            at += copied;
        }
        Ok(())
    }

    /// Reads and writes `len` bytes from `start`, or what there is.
    fn by_hand(&self, start: u64, len: u64) -> Result<u64, ContentError> {
        let mut buffer = vec![0_u8; usize::try_from(len).unwrap_or(BUFFER).min(BUFFER)];
        let mut done = 0;
        while done < len {
            if self.cancel.is_cancelled() {
                return Err(ContentError::Cancelled);
            }
            let want = usize::try_from(len - done).unwrap_or(BUFFER).min(buffer.len());
            let got = match rustix::io::pread(self.from, &mut buffer[..want], start + done) {
                Ok(0) => break,
                Ok(got) => got,
                Err(Errno::INTR) => continue,
                Err(error) => return Err(ContentError::Read(error)),
            };
            let mut written = 0;
            while written < got {
                match rustix::io::pwrite(self.to, &buffer[written..got], start + done + written as u64) {
                    Ok(count) => written += count,
                    Err(Errno::INTR) => {}
                    Err(error) => return Err(ContentError::Write(error)),
                }
            }
            done += got as u64;
            add(&self.counters.bytes_done, got as u64);
        }
        Ok(done)
    }
}

/// Whether fewer blocks are in use than the size asks for (`st_blocks` counts 512 bytes; POSIX `sys/stat.h`).
fn is_sparse(stat: &Stat) -> bool {
    stat.st_blocks.saturating_mul(512) < stat.st_size
}

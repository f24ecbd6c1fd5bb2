// SPDX-License-Identifier: MIT
//! What a file has besides its content: extended attributes, owner, mode and times, set in an order that keeps them.

use std::ffi::CStr;
use std::os::fd::BorrowedFd;

use rustix::fs::{AtFlags, Gid, Mode, Stat, Timespec, Timestamps, Uid, XattrFlags};
use rustix::io::Errno;

/// Who a newly made file belongs to here: nothing to change where the original's owner is the same.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Owner {
    uid: u32,
    gid: u32,
}

impl Owner {
    /// The owner of a file that was just made.
    pub(crate) fn of(stat: &Stat) -> Self {
        Self {
            uid: stat.st_uid,
            gid: stat.st_gid,
        }
    }

    /// Gives `to` everything `from` has; names the first extended attribute of the user that could not be kept.
    ///
    /// The owner comes before the mode because a change of owner drops the set-id bits and `security.capability`,
    /// and the times come last because everything else moves them.
    pub(crate) fn apply(
        self,
        from: BorrowedFd<'_>,
        to: BorrowedFd<'_>,
        stat: &Stat,
    ) -> Result<Option<String>, Errno> {
        let kept = self.is(stat) || {
            let (uid, gid) = (Uid::from_raw(stat.st_uid), Gid::from_raw(stat.st_gid));
            permitted(rustix::fs::fchown(to, Some(uid), Some(gid)))? || {
                permitted(rustix::fs::fchown(to, None, Some(gid)))?;
                false
            }
        };
        let lost = copy_xattrs(from, to)?;
        let mut mode = Mode::from_raw_mode(stat.st_mode);
        if !kept {
            // Programs that run as their owner must not do so for another owner.
            mode.remove(Mode::SUID | Mode::SGID);
        }
        rustix::fs::fchmod(to, mode)?;
        rustix::fs::futimens(to, &times(stat))?;
        Ok(lost)
    }

    /// The same for a symbolic link, which has an owner and times only.
    pub(crate) fn apply_to_link(self, dir: BorrowedFd<'_>, name: &CStr, stat: &Stat) -> Result<(), Errno> {
        if !self.is(stat) {
            let (uid, gid) = (Uid::from_raw(stat.st_uid), Gid::from_raw(stat.st_gid));
            permitted(rustix::fs::chownat(
                dir,
                name,
                Some(uid),
                Some(gid),
                AtFlags::SYMLINK_NOFOLLOW,
            ))?;
        }
        rustix::fs::utimensat(dir, name, &times(stat), AtFlags::SYMLINK_NOFOLLOW)
    }

    fn is(self, stat: &Stat) -> bool {
        (self.uid, self.gid) == (stat.st_uid, stat.st_gid)
    }
}

/// The access and modification times of a status, in nanoseconds.
pub(crate) fn times(stat: &Stat) -> Timestamps {
    Timestamps {
        last_access: Timespec {
            tv_sec: stat.st_atime,
            tv_nsec: nanoseconds(stat.st_atime_nsec),
        },
        last_modification: Timespec {
            tv_sec: stat.st_mtime,
            tv_nsec: nanoseconds(stat.st_mtime_nsec),
        },
    }
}

/// The nanosecond fields are of different types on different systems, and always below 10^9.
fn nanoseconds(value: impl TryInto<i64>) -> rustix::fs::Nsecs {
    value.try_into().unwrap_or(0)
}

/// Whether a change of owner went through; not being allowed to is no error (`cp -a` does the same).
fn permitted(result: Result<(), Errno>) -> Result<bool, Errno> {
    match result {
        Ok(()) => Ok(true),
        Err(Errno::PERM | Errno::ACCESS | Errno::INVAL | Errno::OPNOTSUPP) => Ok(false),
        Err(error) => Err(error),
    }
}

fn copy_xattrs(from: BorrowedFd<'_>, to: BorrowedFd<'_>) -> Result<Option<String>, Errno> {
    let mut short = [0_u8; 512];
    let mut long = Vec::new();
    let names = match rustix::fs::flistxattr(from, &mut short) {
        Ok(0) | Err(Errno::OPNOTSUPP) => return Ok(None),
        Ok(len) => &short[..len],
        Err(Errno::RANGE) => {
            long.reserve_exact(64 * 1024);
            rustix::fs::flistxattr(from, rustix::buffer::spare_capacity(&mut long))?;
            &long[..]
        }
        Err(error) => return Err(error),
    };
    let mut lost = None;
    for name in names
        .split_inclusive(|byte| *byte == 0)
        .filter_map(|name| CStr::from_bytes_with_nul(name).ok())
    {
        let mut value = Vec::with_capacity(64 * 1024);
        let copied = rustix::fs::fgetxattr(from, name, rustix::buffer::spare_capacity(&mut value))
            .and_then(|_| rustix::fs::fsetxattr(to, name, &value, XattrFlags::empty()));
        match copied {
            Ok(()) => {}
            Err(error @ (Errno::NOSPC | Errno::DQUOT)) => return Err(error),
            // What the system keeps for itself (`security.*`, `system.*`, `trusted.*`) is its own to set.
            Err(_) if !name.to_bytes().starts_with(b"user.") => {}
            Err(_) => lost = lost.or_else(|| Some(name.to_string_lossy().into_owned())),
        }
    }
    Ok(lost)
}

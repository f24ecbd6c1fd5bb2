// SPDX-License-Identifier: MIT
//! The folder beside the target in which a copy grows until it is whole, and the lock that says it is still growing.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use fs_err::os::unix::fs::OpenOptionsExt;
use rustix::fs::{CWD, Mode, RenameFlags};
use rustix::io::Errno;

use crate::delete::delete;

/// The lock file in a staging folder: held for as long as the copier lives, whatever ends it.
const LOCK: &str = "lock";

/// Where the copy itself is, in the staging folder.
const TREE: &str = "tree";

/// How often a name that is taken, or swept away while it was being made, is tried anew.
const ATTEMPTS: u32 = 100;

/// `.<name>.partial-<pid>`, with a lock in it. Dropped before [`Staging::publish`], it goes away with all it holds.
#[derive(Debug)]
pub(crate) struct Staging {
    folder: PathBuf,
    lock: fs_err::File,
}

impl Staging {
    /// Removes what killed copies to `target` left behind, then makes a staging folder of its own.
    pub(crate) fn begin(target: &Path) -> io::Result<Self> {
        let (parent, name) = parts(target)?;
        fs_err::create_dir_all(parent)?;
        sweep(target)?;
        let mut taken = io::Error::from(Errno::EXIST);
        for attempt in 0..ATTEMPTS {
            let mut file = partial(name);
            file.push(std::process::id().to_string());
            if attempt > 0 {
                file.push(format!("-{attempt}"));
            }
            match Self::claim(parent.join(file)) {
                Ok(Some(staging)) => return Ok(staging),
                Ok(None) => {}
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => taken = error,
                Err(error) => return Err(error),
            }
        }
        Err(taken)
    }

    /// The folder the copy is made in; it does not exist yet.
    pub(crate) fn tree(&self) -> PathBuf {
        self.folder.join(TREE)
    }

    /// The lock file: what belongs to whom here can be read off it.
    pub(crate) fn lock(&self) -> &fs_err::File {
        &self.lock
    }

    /// Moves the finished copy to its name, which nothing may have taken meanwhile.
    pub(crate) fn publish(self, target: &Path) -> io::Result<()> {
        let tree = self.tree();
        match rustix::fs::renameat_with(CWD, &tree, CWD, target, RenameFlags::NOREPLACE) {
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
                // Without that flag: an empty folder of our own is what the rename may replace.
                fs_err::create_dir(target)?;
                fs_err::rename(&tree, target)
            }
            renamed => Ok(renamed?),
        }
    }

    /// Makes the folder and locks it; `None` when a sweeping process was faster than the lock.
    fn claim(folder: PathBuf) -> io::Result<Option<Self>> {
        rustix::fs::mkdir(&folder, Mode::RWXU)?;
        let mut options = fs_err::OpenOptions::new();
        options.read(true).write(true).create_new(true).mode(0o600);
        let lock = match options.open(folder.join(LOCK)) {
            Ok(lock) => lock,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let ours = lock.file().try_lock().is_ok() && rustix::fs::fstat(&lock)?.st_nlink > 0;
        Ok(ours.then_some(Self { folder, lock }))
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // A folder that cannot be removed now is one more leftover for the next run.
        drop(delete(&self.folder));
    }
}

/// Removes the staging folders of `target` whose copier is gone: the lock it held is free, whatever its pid is now.
pub(crate) fn sweep(target: &Path) -> io::Result<()> {
    let (parent, name) = parts(target)?;
    let prefix = partial(name);
    let folders = match fs_err::read_dir(parent) {
        Ok(folders) => folders,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for folder in folders {
        let folder = folder?;
        if is_partial(&folder.file_name(), &prefix) {
            sweep_one(&folder.path());
        }
    }
    Ok(())
}

fn sweep_one(folder: &Path) {
    match fs_err::OpenOptions::new()
        .read(true)
        .write(true)
        .open(folder.join(LOCK))
    {
        Ok(lock) if lock.file().try_lock().is_ok() => drop(delete(folder)),
        Ok(_still_copying) => {}
        // Made and not locked yet, or killed in between: only an empty folder is safe to take.
        Err(_) => drop(rustix::fs::rmdir(folder)),
    }
}

fn partial(name: &OsStr) -> std::ffi::OsString {
    let mut partial = std::ffi::OsString::from(".");
    partial.push(name);
    partial.push(".partial-");
    partial
}

fn is_partial(name: &OsStr, prefix: &OsStr) -> bool {
    name.as_encoded_bytes()
        .strip_prefix(prefix.as_encoded_bytes())
        .is_some_and(|rest| {
            !rest.is_empty() && rest.iter().all(|byte| byte.is_ascii_digit() || *byte == b'-')
        })
}

/// The folder a path is in, and its name there.
pub(crate) fn parts(path: &Path) -> io::Result<(&Path, &OsStr)> {
    match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) if parent.as_os_str().is_empty() => Ok((Path::new("."), name)),
        (Some(parent), Some(name)) => Ok((parent, name)),
        _ => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "the path does not end in a name",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs_err::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_live_copy_is_left_alone_and_a_dead_one_is_swept() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a");
        let live = Staging::begin(&target).unwrap();
        fs_err::create_dir_all(live.tree().join("deep")).unwrap();

        let dead = folder.path().join(".a.partial-7");
        fs_err::create_dir_all(dead.join(TREE)).unwrap();
        fs_err::write(dead.join(LOCK), "").unwrap();
        fs_err::create_dir(folder.path().join(".a.partial-8")).unwrap();
        fs_err::create_dir(folder.path().join(".a.partial-mine")).unwrap();
        fs_err::create_dir_all(folder.path().join(".ab.partial-9").join(TREE)).unwrap();

        let second = Staging::begin(&target).unwrap();
        assert!(live.tree().join("deep").exists());
        assert!(!dead.exists());
        assert_eq!(names(folder.path()).len(), 4, "{:?}", names(folder.path()));

        drop((live, second));
        assert_eq!(names(folder.path()), [".a.partial-mine", ".ab.partial-9"]);
    }

    #[test]
    fn only_one_of_two_copies_gets_the_name() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a");
        let (first, second) = (Staging::begin(&target).unwrap(), Staging::begin(&target).unwrap());
        fs_err::create_dir(first.tree()).unwrap();
        fs_err::create_dir(second.tree()).unwrap();
        first.publish(&target).unwrap();
        let error = second.publish(&target).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(names(folder.path()), ["a"]);
    }
}

// SPDX-License-Identifier: MIT
//! Locks: one per environment, so that two commands never change the same one at once.

use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use cilo_spec::EnvRef;
use fs_err::os::unix::fs::OpenOptionsExt as _;

use crate::home::{Home, HomeError};

/// The right to change one environment. Given back when dropped, and when the process dies in whatever way.
#[derive(Debug)]
#[must_use = "the lock is given back when this is dropped"]
pub struct EnvLock {
    file: File,
    path: PathBuf,
}

/// Why a lock could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// The home cannot be used.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The lock file could not be opened or locked.
    #[error("cannot lock the environment {env} with {}", path.display())]
    Lock {
        /// The environment.
        env: EnvRef,
        /// The lock file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl Home {
    /// Takes the environment's lock. When another process has it, calls `on_wait` once and waits for as long as it
    /// takes; the thread is blocked.
    ///
    /// # Errors
    /// [`LockError`] naming the file.
    pub fn lock_environment(&self, env: &EnvRef, on_wait: impl FnOnce()) -> Result<EnvLock, LockError> {
        let mut on_wait = Some(on_wait);
        self.acquire(env, |file| {
            match file.try_lock() {
                Err(TryLockError::WouldBlock) => {}
                tried => return tried.map(|()| Some(file)).map_err(io::Error::from),
            }
            if let Some(on_wait) = on_wait.take() {
                on_wait();
            }
            wait(file).map(Some)
        })
        .map(|lock| lock.expect("waiting ends with the lock or an error"))
    }

    /// Takes the environment's lock, or `None` when another process has it.
    ///
    /// # Errors
    /// [`LockError`] naming the file.
    pub fn try_lock_environment(&self, env: &EnvRef) -> Result<Option<EnvLock>, LockError> {
        self.acquire(env, |file| match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        })
    }

    /// A file that was removed while we waited locks nothing any more: then it starts again with the present one.
    fn acquire(
        &self,
        env: &EnvRef,
        mut lock: impl FnMut(File) -> io::Result<Option<File>>,
    ) -> Result<Option<EnvLock>, LockError> {
        self.create_dir(&self.locks())?;
        let path = self.locks().join(format!("{}_{}.lock", env.project, env.env));
        loop {
            let attempt = open(&path).and_then(&mut lock).and_then(|file| match file {
                Some(file) => Ok(Some((is_at(&file, &path)?, file))),
                None => Ok(None),
            });
            match attempt {
                Ok(Some((true, file))) => return Ok(Some(EnvLock { file, path })),
                Ok(Some((false, _))) => {}
                Ok(None) => return Ok(None),
                Err(source) => {
                    return Err(LockError::Lock {
                        env: env.clone(),
                        path,
                        source,
                    });
                }
            }
        }
    }
}

impl EnvLock {
    /// Gives the lock back and removes its file: the environment is gone. Whoever waits goes on, with a new file.
    ///
    /// # Errors
    /// What the system said; the lock is given back all the same.
    pub fn remove(self) -> io::Result<()> {
        let Self { file, path } = self;
        let removed = fs_err::remove_file(path);
        drop(file);
        removed
    }
}

/// Opens or makes a lock file.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    let file = fs_err::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)?;
    Ok(file.into_parts().0)
}

/// Waits for the lock, also through signals.
pub(crate) fn wait(file: File) -> io::Result<File> {
    loop {
        match file.lock() {
            Ok(()) => return Ok(file),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}

fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let held = file.metadata()?;
    match fs_err::metadata(path) {
        Ok(present) => Ok((present.dev(), present.ino()) == (held.dev(), held.ino())),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(e),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn one_at_a_time_and_others_apart() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::new(dir.path().join("home"));
        let (a, b) = ("shop/a".parse().unwrap(), "shop/b".parse().unwrap());
        let held = home.lock_environment(&a, || panic!("nobody has it")).unwrap();
        assert!(home.try_lock_environment(&a).unwrap().is_none());
        let _other = home.try_lock_environment(&b).unwrap().unwrap();
        drop(held);
        let _again = home.try_lock_environment(&a).unwrap().unwrap();
    }

    #[test]
    fn who_waits_is_told_and_goes_on_even_when_the_file_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::new(dir.path().join("home"));
        let env: EnvRef = "shop/a".parse().unwrap();
        let held = home.lock_environment(&env, || {}).unwrap();
        let (waits, told) = mpsc::channel();
        std::thread::scope(|scope| {
            let waiter = scope.spawn(|| home.lock_environment(&env, || waits.send(()).unwrap()).unwrap());
            told.recv().unwrap();
            held.remove().unwrap();
            let lock = waiter.join().unwrap();
            assert!(lock.path.exists());
            assert!(home.try_lock_environment(&env).unwrap().is_none());
        });
    }

    #[test]
    fn a_folder_that_cannot_be_had_is_named() {
        let home = Home::new("/proc/cilo".into());
        let error = home.try_lock_environment(&"shop/a".parse().unwrap()).unwrap_err();
        assert_eq!(error.to_string(), "cannot create the folder /proc/cilo/locks");
    }
}

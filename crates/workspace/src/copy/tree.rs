// SPDX-License-Identifier: MIT
//! The walk: one task per folder, every step relative to an open folder, so that a link put in the way leads nowhere.

use std::ffi::{CStr, CString, OsStr};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rayon::Scope;
use rustix::fs::{FileType, Mode, Stat};
use rustix::io::Errno;

use super::attributes::Owner;
use super::content::Content;
use super::links::Links;
use super::progress::{Cancel, Counters, add};
use super::{CopyError, Note, Noted};
use crate::sys::{self, Entry};

/// Files of one folder that one task takes; a folder with more is shared among the threads.
const FILES_PER_TASK: usize = 256;

/// The file of references that git has put together.
const PACKED_REFS: &CStr = c"packed-refs";

/// How often a store that git rearranges is looked at again.
const CATCHING_UP: usize = 10;

/// Says of a path below the root of the walk that it is left out.
pub(crate) type Skip<'a> = dyn Fn(&Path) -> bool + Sync + 'a;

/// What the walks of one copy have in common.
#[derive(Debug)]
pub(crate) struct Shared<'a> {
    pub(crate) content: Content,
    pub(crate) owner: Owner,
    pub(crate) counters: &'a Counters,
    pub(crate) cancel: &'a Cancel,
    /// Whether files may be opened without moving their access time.
    pub(crate) quiet: AtomicBool,
    /// Something in a git folder went away while it was copied.
    pub(crate) repacked: AtomicBool,
    /// What was left out or could not be kept.
    pub(crate) notes: Mutex<Vec<Note>>,
}

/// One walk: from one folder into another.
pub(crate) struct Walk<'a> {
    pub(crate) shared: &'a Shared<'a>,
    pub(crate) from: &'a Path,
    pub(crate) to: &'a Path,
    pub(crate) skip: Option<&'a Skip<'a>>,
    /// Leaves what already exists as it is, instead of failing.
    pub(crate) merge: bool,
    /// The root is inside a git folder, where lock files are not carried over.
    pub(crate) in_git: bool,
    pub(super) links: Links,
    /// `.git` entries, as paths of the folders they are in.
    repositories: Mutex<Vec<PathBuf>>,
    /// What git may change while it is copied, and the order in which that does no harm.
    late: Late,
    failed: Mutex<Option<CopyError>>,
}

/// Loose references come first, then packed ones, then objects, as git reads them: a reference that is packed meanwhile
/// is found in one place or both, and a commit made meanwhile names no object that was missed.
#[derive(Default)]
struct Late {
    packed_refs: Mutex<Vec<Arc<Folder>>>,
    stores: Mutex<Vec<(Arc<Folder>, CString)>>,
}

/// A folder being copied; finished (its mode and times set) when the last task that needs it lets go.
pub(super) struct Folder {
    pub(super) from: OwnedFd,
    pub(super) to: OwnedFd,
    stat: Stat,
    path: PathBuf,
    in_git: bool,
}

impl<'a> Walk<'a> {
    /// A walk of `from` into `to`, which does not exist yet.
    pub(crate) fn new(shared: &'a Shared<'a>, from: &'a Path, to: &'a Path) -> Self {
        Self {
            shared,
            from,
            to,
            skip: None,
            merge: false,
            in_git: false,
            links: Links::default(),
            repositories: Mutex::default(),
            late: Late::default(),
            failed: Mutex::default(),
        }
    }

    /// Walks on the threads of the current pool. Returns the folders in which a `.git` was found, sorted.
    pub(crate) fn run(self) -> Result<Vec<PathBuf>, CopyError> {
        let root = self.root()?;
        let links = rustix::io::dup(&root.to).map_err(|error| self.write_error(Path::new(""), error))?;
        self.links.below(links);
        rayon::scope(|scope| self.folder(scope, root));
        for folder in take(&self.late.packed_refs) {
            // It may be there only now, and was not when the folder was listed.
            if sys::stat(folder.from.as_fd(), PACKED_REFS).is_ok() {
                add(&self.shared.counters.files_found, 1);
                self.files(
                    &folder,
                    &[Entry {
                        name: PACKED_REFS.to_owned(),
                        kind: FileType::RegularFile,
                    }],
                );
            }
            self.finish(folder);
        }
        let stores = take(&self.late.stores);
        let again: Vec<PathBuf> = stores.iter().map(|(parent, name)| parent.join(name)).collect();
        rayon::scope(|scope| {
            for (parent, name) in stores {
                self.enter(scope, parent, &name);
            }
        });
        if let Some(error) = lock(&self.failed).take() {
            return Err(error);
        }
        for store in again {
            self.catch_up(&store)?;
        }
        let mut repositories = take(&self.repositories);
        repositories.sort();
        Ok(repositories)
    }

    /// Copies what has come into an object store since it was listed: while loose objects were read, git may have
    /// put them into a pack and deleted them.
    fn catch_up(&self, store: &Path) -> Result<(), CopyError> {
        let mut part = "pack";
        for _ in 0..CATCHING_UP {
            if self.shared.repacked.swap(false, Ordering::Relaxed) {
                part = "";
            }
            let (from, to) = (self.from.join(store).join(part), self.to.join(store).join(part));
            if from.is_dir() {
                let mut walk = Walk::new(self.shared, &from, &to);
                (walk.merge, walk.in_git) = (true, true);
                walk.run()?;
            }
            if !self.shared.repacked.load(Ordering::Relaxed) {
                break;
            }
        }
        Ok(())
    }

    fn root(&self) -> Result<Arc<Folder>, CopyError> {
        let root = Path::new("");
        let from = rustix::fs::open(self.from, sys::DIR, Mode::empty())
            .map_err(|error| self.read_error(root, error))?;
        let stat = rustix::fs::fstat(&from).map_err(|error| self.read_error(root, error))?;
        self.make_folder(rustix::fs::mkdir(self.to, Mode::RWXU))
            .map_err(|error| self.write_error(root, error))?;
        let to = rustix::fs::open(self.to, sys::DIR, Mode::empty())
            .map_err(|error| self.write_error(root, error))?;
        Ok(Arc::new(Folder {
            from,
            to,
            stat,
            path: PathBuf::new(),
            in_git: self.in_git,
        }))
    }

    /// Copies the folder `name` of `parent`, which was already made.
    fn enter<'s>(&'s self, scope: &Scope<'s>, parent: Arc<Folder>, name: &CStr) {
        if self.is_over() {
            return self.finish(parent);
        }
        let path = parent.join(name);
        let opened = sys::open_dir(parent.from.as_fd(), name)
            .and_then(|from| rustix::fs::fstat(&from).map(|stat| (from, stat)));
        let folder = match opened {
            Ok((from, stat)) => match sys::open_dir(parent.to.as_fd(), name) {
                Ok(to) => {
                    let in_git = (parent.in_git || name == c".git") && !keeps_locks(name);
                    Some(Arc::new(Folder {
                        from,
                        to,
                        stat,
                        path,
                        in_git,
                    }))
                }
                Err(error) => self.fail(self.write_error(&path, error)),
            },
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => self.vanished(&parent, name),
            Err(error) => self.fail(self.read_error(&path, error)),
        };
        self.finish(parent);
        if let Some(folder) = folder {
            self.folder(scope, folder);
        }
    }

    fn folder<'s>(&'s self, scope: &Scope<'s>, folder: Arc<Folder>) {
        let entries = match sys::entries(folder.from.as_fd()) {
            Ok(entries) => entries,
            // A folder can be deleted while it is open; the root cannot, for the caller named it.
            Err(Errno::NOENT) if !folder.path.as_os_str().is_empty() => {
                if folder.in_git {
                    self.shared.repacked.store(true, Ordering::Relaxed);
                } else {
                    self.note::<()>(folder.path.clone(), Noted::Vanished);
                }
                return self.finish(folder);
            }
            Err(error) => {
                self.fail::<()>(self.read_error(&folder.path, error));
                return self.finish(folder);
            }
        };
        add(&self.shared.counters.directories, 1);
        let has_store = folder.in_git && entries.iter().any(|entry| entry.name.as_c_str() == c"objects");
        let mut files = Vec::with_capacity(entries.len());
        for entry in entries {
            if self.leaves_out(&folder, &entry.name) || (has_store && entry.name.as_c_str() == PACKED_REFS) {
                continue;
            }
            if entry.name.as_c_str() == c".git" {
                lock(&self.repositories).push(folder.path.clone());
            }
            match sys::entry_kind(&folder.from, &entry) {
                Ok(FileType::Directory) => self.subfolder(scope, &folder, entry.name),
                Ok(kind) => files.push(Entry {
                    name: entry.name,
                    kind,
                }),
                Err(Errno::NOENT) => {}
                Err(error) => {
                    self.fail::<()>(self.read_error(&folder.join(&entry.name), error));
                }
            }
        }
        add(&self.shared.counters.files_found, files.len() as u64);
        while files.len() > FILES_PER_TASK {
            let (some, folder) = (files.split_off(files.len() - FILES_PER_TASK), Arc::clone(&folder));
            scope.spawn(move |_| {
                self.files(&folder, &some);
                self.finish(folder);
            });
        }
        self.files(&folder, &files);
        self.finish(folder);
    }

    fn subfolder<'s>(&'s self, scope: &Scope<'s>, parent: &Arc<Folder>, name: CString) {
        let made = rustix::fs::mkdirat(&parent.to, &name, Mode::RWXU);
        if let Err(error) = self.make_folder(made) {
            self.fail::<()>(self.write_error(&parent.join(&name), error));
            return;
        }
        let parent = Arc::clone(parent);
        if parent.in_git && name.as_c_str() == c"objects" {
            lock(&self.late.packed_refs).push(Arc::clone(&parent));
            lock(&self.late.stores).push((parent, name));
        } else {
            scope.spawn(move |scope| self.enter(scope, parent, &name));
        }
    }

    /// Lets go of a folder; whoever is last gives it its mode and times, for nothing is made in it any more.
    fn finish(&self, folder: Arc<Folder>) {
        let Some(folder) = Arc::into_inner(folder) else {
            return;
        };
        if self.is_over() {
            return;
        }
        let (from, to) = (folder.from.as_fd(), folder.to.as_fd());
        if let Err(error) = self.attributes(from, to, &folder.stat, || folder.path.clone()) {
            self.fail::<()>(error);
        }
    }

    fn leaves_out(&self, folder: &Folder, name: &CStr) -> bool {
        let name_bytes = name.to_bytes();
        // No branch may be named `*.lock` (git-check-ref-format), so this is always somebody's lock.
        (folder.in_git && (name_bytes.ends_with(b".lock") || name_bytes == b"gc.pid"))
            || self.skip.is_some_and(|skip| skip(&folder.join(name)))
    }

    fn make_folder(&self, made: Result<(), Errno>) -> Result<(), Errno> {
        match made {
            Err(Errno::EXIST) if self.merge => Ok(()),
            made => made,
        }
    }

    pub(super) fn is_over(&self) -> bool {
        if self.shared.cancel.is_cancelled() {
            self.fail::<()>(CopyError::Cancelled);
        }
        lock(&self.failed).is_some()
    }

    /// Keeps the first error; the other tasks see it and end.
    pub(super) fn fail<T>(&self, error: CopyError) -> Option<T> {
        lock(&self.failed).get_or_insert(error);
        None
    }

    /// Notes that something is gone. Where git tidies up that is its way, and the rest of the walk makes up for it.
    pub(super) fn vanished<T>(&self, folder: &Folder, name: &CStr) -> Option<T> {
        if folder.in_git {
            self.shared.repacked.store(true, Ordering::Relaxed);
            return None;
        }
        self.note(folder.join(name), Noted::Vanished)
    }

    pub(super) fn note<T>(&self, path: PathBuf, what: Noted) -> Option<T> {
        lock(&self.shared.notes).push(Note { path, what });
        None
    }

    pub(super) fn read_error(&self, path: &Path, error: Errno) -> CopyError {
        CopyError::Read {
            path: self.from.join(path),
            source: error.into(),
        }
    }

    pub(super) fn write_error(&self, path: &Path, error: Errno) -> CopyError {
        self.write_error_of(path, 0, error)
    }

    pub(super) fn write_error_of(&self, path: &Path, size: u64, error: Errno) -> CopyError {
        match error {
            Errno::NOSPC | Errno::DQUOT => {
                let free = rustix::fs::statvfs(self.to)
                    .map_or(0, |disk| disk.f_bavail.saturating_mul(disk.f_frsize));
                CopyError::NoSpace {
                    path: self.from.join(path),
                    size,
                    free,
                    source: error.into(),
                }
            }
            _ => CopyError::Write {
                path: self.to.join(path),
                source: error.into(),
            },
        }
    }
}

impl Folder {
    pub(super) fn join(&self, name: &CStr) -> PathBuf {
        self.path.join(OsStr::from_bytes(name.to_bytes()))
    }
}

/// Folders of a git folder that hold files of others, whose names mean nothing to git.
fn keeps_locks(name: &CStr) -> bool {
    matches!(name.to_bytes(), b"hooks" | b"lfs" | b"annex")
}

/// Takes everything out of a list.
fn take<T>(list: &Mutex<Vec<T>>) -> Vec<T> {
    std::mem::take(&mut *lock(list))
}

/// A lock whose holder panicked guards a list that is still a list.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

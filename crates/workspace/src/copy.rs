// SPDX-License-Identifier: MIT
//! Copying a tree: everything in it, in parallel, into a folder beside the target that is renamed when it is whole.

use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, PoisonError, mpsc};
use std::time::Duration;

use crate::detach::{Detach, Repository};
use crate::sys;

pub(crate) mod attributes;
mod content;
mod entries;
mod error;
mod links;
mod progress;
pub(crate) mod staging;
pub(crate) mod tree;

pub use content::Method;
pub use error::CopyError;
pub use progress::{Cancel, Progress};

use attributes::Owner;
use content::Content;
use progress::{Counters, read};
use staging::Staging;
use tree::{Shared, Walk};

/// How often the caller hears of progress.
const TICK: Duration = Duration::from_millis(100);

/// More threads than this make no copy faster: they wait for the same filesystem.
const MOST_THREADS: usize = 4;

/// What to copy, and where to. [`CopyRequest::new`] fills in what is seldom wanted otherwise.
#[derive(Clone, Debug)]
pub struct CopyRequest<'a> {
    /// The folder to copy. It is read only.
    pub source: &'a Path,
    /// The copy's path. It must not exist; its parent is made if missing.
    pub target: &'a Path,
    /// Folders or files in `source` that are left out, absolute or relative to `source`. Default: none.
    pub exclude: &'a [PathBuf],
    /// The best method to try; worse ones follow when the filesystem refuses. Default: [`Method::Reflink`].
    pub best: Method,
    /// Threads to copy with. Default: the machine's cores, at most 4; one on btrfs, which is slower with more.
    pub threads: Option<NonZeroUsize>,
    /// A way to stop it. Default: none.
    pub cancel: Option<&'a Cancel>,
}

/// What was copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyReport {
    /// The method that the filesystem allows for this tree.
    pub method: Method,
    /// Files that had to be copied in a worse way than `method`.
    pub fallbacks: u64,
    /// Entries that are not folders.
    pub files: u64,
    /// Folders, the root included.
    pub directories: u64,
    /// Symbolic links among `files`.
    pub symlinks: u64,
    /// Names among `files` that are hard links to a file already copied.
    pub hard_links: u64,
    /// Bytes of content.
    pub bytes: u64,
    /// What was left out or could not be kept, sorted by path.
    pub notes: Vec<Note>,
    /// The git repositories in the copy, the root's first.
    pub repositories: Vec<Repository>,
}

/// Something in the source that is not in the copy as it was.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    /// Its path below the source.
    pub path: PathBuf,
    /// What it is about.
    pub what: Noted,
}

/// Why a [`Note`] was made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Noted {
    /// A named pipe: not copied.
    Fifo,
    /// A socket: not copied, its listener is elsewhere.
    Socket,
    /// A device: not copied.
    Device,
    /// It went away, or became something else, while the tree was copied.
    Vanished,
    /// This extended attribute (the first of them) cannot be stored beside the copy.
    Xattr(String),
}

impl<'a> CopyRequest<'a> {
    /// A copy of all of `source` at `target`, in the best way and as fast as can be.
    #[must_use]
    pub const fn new(source: &'a Path, target: &'a Path) -> Self {
        Self {
            source,
            target,
            exclude: &[],
            best: Method::Reflink,
            threads: None,
            cancel: None,
        }
    }
}

/// Copies a tree with modes, times, links, holes and extended attributes, and makes each git repository in it
/// independent of the source (see [`Repository`]).
///
/// `progress` is called on this thread, some ten times a second and once at the end. The copy appears under its
/// name only when it is whole; a killed run's leftovers are removed by the next run for the same target.
/// Contents are not forced to the disk: a power cut shortly after may leave files empty, and the copy can be
/// made again, while waiting for the disk would make every copy several times slower.
///
/// Owners are kept where the system permits it, as `cp -a` does: always for root. Files that change during the copy
/// are copied as they are met.
///
/// # Errors
/// [`CopyError`]; nothing is left at the target then.
pub fn copy(request: &CopyRequest<'_>, progress: &mut dyn FnMut(Progress)) -> Result<CopyReport, CopyError> {
    let places = Places::resolve(request)?;
    let never = Cancel::new();
    let counters = Counters::default();
    let stage = |source| CopyError::Stage {
        path: places.target.clone(),
        source,
    };
    let staging = Staging::begin(&places.target).map_err(stage)?;
    let lock = rustix::fs::fstat(staging.lock()).map_err(|error| stage(error.into()))?;
    let root = rustix::fs::stat(&places.source).map_err(|error| CopyError::Source {
        path: places.source.clone(),
        source: error.into(),
    })?;
    let shared = Shared {
        content: Content::new(request.best, sys::device(&root)),
        owner: Owner::of(&lock),
        counters: &counters,
        cancel: request.cancel.unwrap_or(&never),
        quiet: AtomicBool::new(true),
        repacked: AtomicBool::new(false),
        notes: Mutex::default(),
    };
    let threads = request
        .threads
        .map_or_else(|| default_threads(staging.lock()), NonZeroUsize::get);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .map_err(CopyError::Threads)?;
    let work = || pool.install(|| copy_into(&places, &staging.tree(), &shared));
    let repositories = watch(work, || progress(counters.progress()))?;
    staging
        .publish(&places.target)
        .map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists | io::ErrorKind::DirectoryNotEmpty => CopyError::TargetExists {
                path: places.target.clone(),
            },
            _ => CopyError::Publish {
                path: places.target.clone(),
                source,
            },
        })?;
    let mut notes = shared.notes.into_inner().unwrap_or_else(PoisonError::into_inner);
    notes.sort();
    Ok(CopyReport {
        method: shared.content.method(),
        fallbacks: shared.content.fallbacks(),
        files: read(&counters.files_done),
        directories: read(&counters.directories),
        symlinks: read(&counters.symlinks),
        hard_links: read(&counters.hard_links),
        bytes: read(&counters.bytes_done),
        notes,
        repositories,
    })
}

/// Source, target and what is left out, all resolved.
struct Places {
    source: PathBuf,
    target: PathBuf,
    exclude: Vec<PathBuf>,
}

impl Places {
    fn resolve(request: &CopyRequest<'_>) -> Result<Self, CopyError> {
        let source_error = |source| CopyError::Source {
            path: request.source.to_owned(),
            source,
        };
        let source = fs_err::canonicalize(request.source).map_err(source_error)?;
        if !fs_err::metadata(&source).map_err(source_error)?.is_dir() {
            return Err(CopyError::SourceNotAFolder {
                path: request.source.to_owned(),
            });
        }
        let target = resolve_missing(request.target).map_err(|source| CopyError::Stage {
            path: request.target.to_owned(),
            source,
        })?;
        if source.starts_with(&target) {
            return Err(CopyError::SourceInTarget {
                source_path: source,
                target,
            });
        }
        if target.symlink_metadata().is_ok() {
            return Err(CopyError::TargetExists { path: target });
        }
        let mut exclude = Vec::new();
        for path in request.exclude {
            let resolved = resolve_missing(&source.join(path)).map_err(|error| CopyError::Exclude {
                path: path.clone(),
                source: error,
            })?;
            exclude.extend(resolved.strip_prefix(&source).map(Path::to_owned));
        }
        let inside = target.strip_prefix(&source).is_ok_and(|inside| {
            !exclude
                .iter()
                .any(|excluded| inside.starts_with(excluded) && inside != excluded)
        });
        if inside {
            return Err(CopyError::TargetInSource {
                source_path: source,
                target,
            });
        }
        Ok(Self {
            source,
            target,
            exclude,
        })
    }
}

fn copy_into(places: &Places, tree: &Path, shared: &Shared<'_>) -> Result<Vec<Repository>, CopyError> {
    let skip = |path: &Path| places.exclude.iter().any(|excluded| excluded == path);
    let mut walk = Walk::new(shared, &places.source, tree);
    if !places.exclude.is_empty() {
        walk.skip = Some(&skip);
    }
    let found = walk.run()?;
    let detach = Detach {
        source: &places.source,
        staged: tree,
        target: &places.target,
        shared,
    };
    detach.all(&found)
}

/// Runs `work` on a thread of its own and `tick` on this one until it is done, then once more.
fn watch<T: Send>(work: impl FnOnce() -> T + Send, mut tick: impl FnMut()) -> T {
    std::thread::scope(|scope| {
        let (done, wait) = mpsc::channel::<()>();
        let worker = scope.spawn(move || {
            let result = work();
            drop(done);
            result
        });
        while wait.recv_timeout(TICK) == Err(mpsc::RecvTimeoutError::Timeout) {
            tick();
        }
        let result = worker
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        tick();
        result
    })
}

fn default_threads(target: &fs_err::File) -> usize {
    if sys::wants_one_thread(std::os::fd::AsFd::as_fd(target)) {
        return 1;
    }
    std::thread::available_parallelism()
        .map_or(1, NonZeroUsize::get)
        .min(MOST_THREADS)
}

/// The absolute path without links or `..` of something that may not exist yet, nor the folders above it.
fn resolve_missing(path: &Path) -> io::Result<PathBuf> {
    let path = std::path::absolute(path)?;
    let mut missing = Vec::new();
    let mut existing = path.as_path();
    loop {
        match (existing.symlink_metadata(), staging::parts(existing)) {
            // The last name is not followed: a link with the target's name is something in its place.
            (Ok(_), Ok((parent, name))) if missing.is_empty() => {
                return Ok(fs_err::canonicalize(parent)?.join(name));
            }
            (Ok(_), _) | (_, Err(_)) => break,
            (Err(error), Ok((parent, name))) => {
                if error.kind() != io::ErrorKind::NotFound {
                    return Err(error);
                }
                missing.push(name);
                existing = parent;
            }
        }
    }
    let mut resolved = fs_err::canonicalize(existing)?;
    resolved.extend(missing.iter().rev());
    Ok(resolved)
}

// SPDX-License-Identifier: MIT
//! What a running copy tells its caller, and how the caller stops it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// How far a copy is. `found` grows while the tree is walked, so a ratio of the two may fall.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Files, links and other entries (folders not counted) that are done.
    pub files_done: u64,
    /// Entries seen so far.
    pub files_found: u64,
    /// Bytes of content that are done; for a hole or a shared block the bytes it stands for.
    pub bytes_done: u64,
    /// Bytes of content in the files opened so far.
    pub bytes_found: u64,
}

/// A request to stop, shared between the copy and whoever may want to end it.
///
/// The copy looks at it before each file and within large ones, removes what it made and returns
/// [`CopyError::Cancelled`](crate::CopyError::Cancelled).
#[derive(Debug, Default)]
pub struct Cancel(AtomicBool);

impl Cancel {
    /// A request that was not made yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    /// Makes the request; it cannot be taken back.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the request was made.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// [`Progress`], and what the report adds to it, as the threads count them.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) files_done: AtomicU64,
    pub(crate) files_found: AtomicU64,
    pub(crate) bytes_done: AtomicU64,
    pub(crate) bytes_found: AtomicU64,
    pub(crate) directories: AtomicU64,
    pub(crate) symlinks: AtomicU64,
    pub(crate) hard_links: AtomicU64,
}

impl Counters {
    /// The counts as they are at this moment.
    pub(crate) fn progress(&self) -> Progress {
        Progress {
            files_done: read(&self.files_done),
            files_found: read(&self.files_found),
            bytes_done: read(&self.bytes_done),
            bytes_found: read(&self.bytes_found),
        }
    }
}

/// One more of something.
pub(crate) fn add(counter: &AtomicU64, count: u64) {
    counter.fetch_add(count, Ordering::Relaxed);
}

/// How many there are.
pub(crate) fn read(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

// SPDX-License-Identifier: MIT
//! Keeps the view true to the zone directory: by the file system's notice, by the clock, and when a client asks.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use notify::event::{AccessKind, AccessMode};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};

use crate::authority::Authority;
use crate::control::About;
use crate::files::{StoredZone, ZoneProblem, path_of, read_stored};
use crate::view::View;

/// How often the watch itself is checked: the directory may be made, removed or replaced, and watches may run out.
const CHECK: Duration = Duration::from_secs(2);

/// Reads the directory again whenever it may have changed.
pub(crate) struct Reloader {
    dir: PathBuf,
    authority: Arc<Authority>,
    served: Vec<StoredZone>,
    watch: Option<Watch>,
    reported: Vec<String>,
}

struct Watch {
    _watcher: RecommendedWatcher,
    directory: (u64, u64),
}

impl Reloader {
    /// Reads the directory once, so that the first query is answered from it.
    pub(crate) fn start(dir: &Path, about: About) -> Self {
        let (view, served, reported) = load(dir, Vec::new());
        report(&[], &reported);
        let authority = Arc::new(Authority::new(view, reported.len(), about));
        Self {
            dir: dir.to_owned(),
            authority,
            served,
            watch: None,
            reported,
        }
    }

    pub(crate) fn authority(&self) -> Arc<Authority> {
        Arc::clone(&self.authority)
    }

    /// Reloads for ever.
    pub(crate) async fn run(mut self) {
        loop {
            // The watch comes first: a change after it rings, a change before it is read.
            self.renew_watch();
            self.reload().await;
            loop {
                tokio::select! {
                    () = self.authority.stale.notified() => break,
                    () = tokio::time::sleep(CHECK) => if !self.watch_is_good() { break },
                }
            }
        }
    }

    async fn reload(&mut self) {
        let dir = self.dir.clone();
        let served = std::mem::take(&mut self.served);
        let Ok((view, served, problems)) = tokio::task::spawn_blocking(move || load(&dir, served)).await
        else {
            return;
        };
        report(&self.reported, &problems);
        self.authority.problems.store(problems.len(), Ordering::Relaxed);
        self.authority.view.store(Arc::new(view));
        self.served = served;
        self.reported = problems;
    }

    fn renew_watch(&mut self) {
        if self.watch_is_good() {
            return;
        }
        let authority = self.authority();
        let ring = move |event: notify::Result<notify::Event>| {
            if event.as_ref().map_or(true, may_change_zones) {
                authority.stale.notify_one();
            }
        };
        self.watch = directory_id(&self.dir).and_then(|directory| {
            let mut watcher = notify::recommended_watcher(ring).ok()?;
            watcher.watch(&self.dir, RecursiveMode::NonRecursive).ok()?;
            Some(Watch {
                _watcher: watcher,
                directory,
            })
        });
    }

    /// A watch that could not be had, for want of a directory or of watches, is never good: then the clock reloads.
    fn watch_is_good(&self) -> bool {
        self.watch
            .as_ref()
            .is_some_and(|watch| directory_id(&self.dir) == Some(watch.directory))
    }
}

/// Our own reading raises events too; they must not make us read again.
fn may_change_zones(event: &notify::Event) -> bool {
    match event.kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
        EventKind::Access(_) => false,
        _ => true,
    }
}

fn directory_id(dir: &Path) -> Option<(u64, u64)> {
    let metadata = fs_err::metadata(dir).ok()?;
    metadata.is_dir().then(|| (metadata.dev(), metadata.ino()))
}

/// Reads the zones. What cannot be read for reasons outside the file (too many open files, a directory that is not
/// readable for a moment) stays as it was served: a name must not vanish while its environment runs.
fn load(dir: &Path, served: Vec<StoredZone>) -> (View, Vec<StoredZone>, Vec<String>) {
    let (mut zones, problems) = read_stored(dir);
    for problem in &problems {
        match problem {
            ZoneProblem::List { .. } => zones.clone_from(&served),
            ZoneProblem::Read { path, .. } => {
                zones.extend(
                    served
                        .iter()
                        .filter(|stored| path_of(dir, &stored.zone.env) == *path)
                        .cloned(),
                );
            }
            ZoneProblem::Damaged { .. } | ZoneProblem::Version { .. } | ZoneProblem::Misplaced { .. } => {}
        }
    }
    let (view, contested) = View::build(&zones);
    let mut messages: Vec<String> = problems.iter().map(with_sources).collect();
    messages.extend(contested.into_iter().map(|contested| {
        format!(
            "the name {} is held by another environment, and not served for {}",
            contested.name, contested.by
        )
    }));
    (view, zones, messages)
}

fn with_sources(problem: &ZoneProblem) -> String {
    let sources = std::iter::successors(std::error::Error::source(problem), |source| source.source());
    std::iter::once(problem.to_string())
        .chain(sources.map(ToString::to_string))
        .collect::<Vec<_>>()
        .join(": ")
}

/// Logs each problem once, for as long as it stays.
fn report(before: &[String], now: &[String]) {
    for problem in now.iter().filter(|problem| !before.contains(problem)) {
        tracing::warn!("{problem}");
    }
}

// SPDX-License-Identifier: MIT
//! What has to be known of a machine to read its numbers, and nothing that says whose it is.

use std::path::{Path, PathBuf};

use super::Request;

/// One line of facts.
pub(super) fn facts(request: &Request, folder: &Path) -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let memory = read("/proc/meminfo").and_then(|text| gibibytes(&text));
    let kernel = read("/proc/sys/kernel/osrelease").and_then(|text| release(&text));
    let engine = request.endpoint.version().unwrap_or_default();
    let filesystem = read("/proc/self/mountinfo").and_then(|text| filesystem(&text, folder));
    let known = [
        Some(format!("{cores} cores")),
        memory.map(|size| format!("{size:.0} GiB memory")),
        kernel.map(|release| format!("Linux {release}")),
        Some(engine),
        filesystem,
        Some(format!("medians of {} runs", request.runs)),
    ];
    known
        .into_iter()
        .flatten()
        .filter(|fact| !fact.is_empty())
        .collect::<Vec<_>>()
        .join(" · ")
}

/// How many programs wanted to run in the last minute, on average.
pub(super) fn load() -> Option<f64> {
    read("/proc/loadavg")?.split(' ').next()?.parse().ok()
}

/// The type of the filesystem that a path lies on: the longest mount point above it (proc_pid_mountinfo(5)).
pub(super) fn filesystem(mountinfo: &str, path: &Path) -> Option<String> {
    let mounts = mountinfo.lines().filter_map(|line| {
        let (mount, kind) = line.split_once(" - ")?;
        let point = PathBuf::from(mount.split(' ').nth(4)?);
        path.starts_with(&point)
            .then_some((point.components().count(), kind.split(' ').next().unwrap_or(kind)))
    });
    // Of two on one point the later one hides the other, and `max_by_key` gives the last.
    mounts
        .max_by_key(|(depth, _)| *depth)
        .map(|(_, kind)| kind.to_owned())
}

fn read(path: &str) -> Option<String> {
    fs_err::read_to_string(path).ok()
}

fn gibibytes(meminfo: &str) -> Option<f64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes / f64::from(1 << 20))
}

/// The version without what a distribution or a provider appended to it.
fn release(osrelease: &str) -> Option<String> {
    let end = osrelease
        .find(|c: char| c != '.' && !c.is_ascii_digit())
        .unwrap_or(osrelease.len());
    (end > 0).then(|| osrelease[..end].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filesystem_is_that_of_the_nearest_mount() {
        let mounts = "27 1 8:1 / / rw shared:1 - ext4 /dev/a rw\n\
            40 27 0:3 / /data rw,relatime - tmpfs tmpfs rw\n\
            41 27 7:0 / /data rw,relatime - xfs /dev/loop0 rw\n";
        assert_eq!(filesystem(mounts, Path::new("/srv/x")).unwrap(), "ext4");
        assert_eq!(filesystem(mounts, Path::new("/data/x")).unwrap(), "xfs");
        assert_eq!(filesystem(mounts, Path::new("/database")).unwrap(), "ext4");
        assert_eq!(filesystem("", Path::new("/")), None);
    }

    #[test]
    fn facts_hold_nothing_of_whose_machine_it_is() {
        assert_eq!(release("6.8.0-45-acme-cloud\n").unwrap(), "6.8.0");
        assert_eq!(release("unknown"), None);
        assert_eq!(
            gibibytes("MemTotal:       16777216 kB\nMemFree: 1 kB\n"),
            Some(16.0)
        );
    }
}

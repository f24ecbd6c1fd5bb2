// SPDX-License-Identifier: MIT
//! Filesystems of other kinds, in image files: shared blocks, and a disk that is full.

use std::path::{Path, PathBuf};

use cilo_workspace::{CopyError, Method};

use crate::support::*;

/// A mounted filesystem that goes away with the test.
struct Mount(PathBuf);

impl Drop for Mount {
    fn drop(&mut self) {
        try_run(Path::new("/"), &["umount", self.0.to_str().unwrap()]);
    }
}

impl Mount {
    /// Runs `words` in the test's folder, the last of them to mount something on its folder `mnt`.
    fn new(place: &Place, commands: &[&[&str]]) -> Option<Self> {
        if !is_root() {
            println!("skipped: needs root, run the tests with sudo");
            return None;
        }
        let folder = place.at("mnt");
        fs_err::create_dir(&folder).unwrap();
        for words in commands {
            let output = match command(&place.at(""), words).output() {
                Ok(output) if output.status.success() => continue,
                Ok(output) => String::from_utf8_lossy(&output.stderr).into_owned(),
                Err(error) => error.to_string(),
            };
            println!(
                "skipped: needs {} (apt-get install xfsprogs btrfs-progs) and loop mounts: {output}",
                words[0]
            );
            return None;
        }
        Some(Self(folder))
    }
}

fn shares_blocks(place: &Place, mount: &Mount) {
    let (source, target) = (mount.0.join("source"), mount.0.join("target"));
    file(&source.join("large"), vec![7; 8 << 20]);
    file(&source.join("a/small"), "x");
    fs_err::hard_link(source.join("large"), source.join("a/again")).unwrap();
    let free = |path: &Path| rustix::fs::statvfs(path).unwrap().f_bavail;
    run(&source, &["sync"]);
    let before = free(&mount.0);
    let report = plain_copy(&source, &target).unwrap();
    assert_eq!(
        (report.method, report.fallbacks, report.hard_links),
        (Method::Reflink, 0, 1)
    );
    assert_same(&source, &target);
    run(&source, &["sync"]);
    assert!(before - free(&mount.0) < 1000, "the blocks are shared");

    fs_err::write(target.join("large"), "changed").unwrap();
    assert_eq!(fs_err::read(source.join("large")).unwrap().len(), 8 << 20);

    // To another filesystem nothing can be shared, and the report says so.
    let report = plain_copy(&source, &place.at("elsewhere")).unwrap();
    assert_ne!(report.method, Method::Reflink);
    assert_same(&source, &place.at("elsewhere"));
}

#[test]
fn xfs_shares_blocks() {
    let place = Place::new();
    let commands: [&[&str]; 3] = [
        &["truncate", "-s", "400M", "image"],
        &["mkfs.xfs", "-q", "-m", "reflink=1", "image"],
        &["mount", "-o", "loop", "image", "mnt"],
    ];
    if let Some(mount) = Mount::new(&place, &commands) {
        shares_blocks(&place, &mount);
    }
}

#[test]
fn btrfs_shares_blocks() {
    let place = Place::new();
    let commands: [&[&str]; 3] = [
        &["truncate", "-s", "400M", "image"],
        &["mkfs.btrfs", "-q", "image"],
        &["mount", "-o", "loop", "image", "mnt"],
    ];
    if let Some(mount) = Mount::new(&place, &commands) {
        shares_blocks(&place, &mount);
    }
}

#[test]
fn a_full_disk_names_what_did_not_fit_and_is_as_it_was() {
    let place = Place::new();
    let Some(mount) = Mount::new(
        &place,
        &[&["mount", "-t", "tmpfs", "-o", "size=4m", "none", "mnt"]],
    ) else {
        return;
    };
    let source = place.at("source");
    file(&source.join("fits"), vec![1; 1 << 20]);
    file(&source.join("too-large"), vec![1; 8 << 20]);
    let error = plain_copy(&source, &mount.0.join("target")).unwrap_err();
    let CopyError::NoSpace { path, size, .. } = &error else {
        panic!("{error:?}")
    };
    assert_eq!((path, *size), (&source.join("too-large"), 8 << 20));
    assert!(
        error.to_string().starts_with("no space for a copy of `"),
        "{error}"
    );
    assert_eq!(names(&mount.0), [""; 0]);
}

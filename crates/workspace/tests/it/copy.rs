// SPDX-License-Identifier: MIT
//! Copies of trees: what is kept, what is refused, and what is left behind.

use std::num::NonZeroUsize;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};

use cilo_workspace::{Cancel, CopyError, CopyRequest, Method, Noted, Progress, copy};

use crate::support::*;

/// One of everything a project may hold.
fn zoo(root: &Path) {
    file(&root.join("plain"), "text");
    file(&root.join("empty"), "");
    file(&root.join("bin/tool"), "#!/bin/sh\n");
    chmod(&root.join("bin/tool"), 0o755);
    file(&root.join(".env"), "SECRET=1");
    chmod(&root.join(".env"), 0o600);
    file(&root.join("read-only/file"), "x");
    chmod(&root.join("read-only/file"), 0o400);
    chmod(&root.join("read-only"), 0o555);
    fs_err::create_dir(root.join("empty-folder")).unwrap();
    chmod(&root.join("empty-folder"), 0o1777);
    file(&root.join("node_modules/a/index.js"), "ignored by git");
    symlink("bin", root.join("link-to-folder")).unwrap();
    symlink("nowhere/at-all", root.join("dangling")).unwrap();
    symlink("/etc/hostname", root.join("absolute")).unwrap();
    file(&root.join("linked/one"), "same file");
    for name in ["linked/two", "three"] {
        fs_err::hard_link(root.join("linked/one"), root.join(name)).unwrap();
    }
    file(&root.join("caf\u{e9} \n odd"), "name");
    file(&root.join("marked"), "x");
    set_xattr(&root.join("marked"), "user.cilo", b"value \0 with zero");
    set_xattr(&root.join("bin"), "user.folder", &[7; 3000]);
    for (path, time) in [
        ("plain", 1),
        ("bin/tool", 999_999_999),
        ("bin", 123_456_789),
        ("dangling", 5),
    ] {
        let time = rustix::fs::Timespec {
            tv_sec: 1_000_000_000,
            tv_nsec: time,
        };
        let times = rustix::fs::Timestamps {
            last_access: time,
            last_modification: time,
        };
        let flags = rustix::fs::AtFlags::SYMLINK_NOFOLLOW;
        rustix::fs::utimensat(rustix::fs::CWD, root.join(path), &times, flags).unwrap();
    }
}

#[test]
fn everything_is_kept_in_every_way_of_copying() {
    let place = Place::new();
    let source = place.at("source");
    zoo(&source);
    let before = tree_digest(&source);
    for method in [Method::Reflink, Method::CopyFileRange, Method::ReadWrite] {
        for threads in [1, 4] {
            let target = place.at(&format!("copy-{method:?}-{threads}"));
            let request = CopyRequest {
                best: method,
                threads: NonZeroUsize::new(threads),
                ..CopyRequest::new(&source, &target)
            };
            let report = copy(&request, &mut |_| {}).unwrap();
            assert_same(&source, &target);
            assert!(report.method >= method);
            assert_eq!((report.files, report.symlinks, report.hard_links), (14, 3, 2));
            assert_eq!(report.notes, []);
        }
    }
    assert_eq!(tree_digest(&source), before);
}

#[test]
fn holes_stay_holes() {
    let place = Place::new();
    let (source, target) = (place.at("source"), place.at("target"));
    fs_err::create_dir(&source).unwrap();
    let sparse = fs_err::File::create(source.join("sparse")).unwrap();
    for at in [1 << 20, 64 << 20] {
        std::os::unix::fs::FileExt::write_all_at(sparse.file(), b"data", at).unwrap();
    }
    sparse.set_len(1 << 30).unwrap();
    drop(sparse);
    for method in [Method::CopyFileRange, Method::ReadWrite] {
        let request = CopyRequest {
            best: method,
            ..CopyRequest::new(&source, &target)
        };
        let report = copy(&request, &mut |_| {}).unwrap();
        let copied = target.join("sparse").metadata().unwrap();
        assert_eq!((copied.len(), report.bytes), (1 << 30, 1 << 30));
        assert!(copied.blocks() * 512 < 1 << 20, "{} blocks", copied.blocks());
        let mut found = [0; 4];
        let file = fs_err::File::open(target.join("sparse")).unwrap();
        std::os::unix::fs::FileExt::read_exact_at(file.file(), &mut found, 64 << 20).unwrap();
        assert_eq!(&found, b"data");
        cilo_workspace::remove(&target, &place.at("")).unwrap();
    }
}

#[test]
fn pipes_and_sockets_are_left_out_with_a_note() {
    let place = Place::new();
    let (source, target) = (place.at("source"), place.at("target"));
    file(&source.join("file"), "x");
    run(&source, &["mkfifo", "pipe"]);
    let _socket = std::os::unix::net::UnixListener::bind(source.join("socket")).unwrap();
    let report = plain_copy(&source, &target).unwrap();
    let notes: Vec<_> = report
        .notes
        .iter()
        .map(|note| (note.path.to_str().unwrap(), &note.what))
        .collect();
    assert_eq!(notes, [("pipe", &Noted::Fifo), ("socket", &Noted::Socket)]);
    assert_eq!(names(&target), ["file"]);
}

#[test]
fn progress_grows_and_ends_with_everything() {
    let place = Place::new();
    let (source, target) = (place.at("source"), place.at("target"));
    for name in 0..700 {
        file(&source.join(format!("{name}")), "12345");
    }
    let mut seen: Vec<Progress> = Vec::new();
    copy(&CopyRequest::new(&source, &target), &mut |progress| {
        seen.push(progress);
    })
    .unwrap();
    assert!(seen.is_sorted_by_key(|progress| progress.files_done));
    let all = Progress {
        files_done: 700,
        files_found: 700,
        bytes_done: 3500,
        bytes_found: 3500,
    };
    assert_eq!(seen.last(), Some(&all));
    assert_same(&source, &target);
}

#[test]
fn a_cancelled_copy_leaves_nothing() {
    let place = Place::new();
    let (source, target) = (place.at("source"), place.at("workspaces/target"));
    zoo(&source);
    let cancel = Cancel::new();
    cancel.cancel();
    let request = CopyRequest {
        cancel: Some(&cancel),
        ..CopyRequest::new(&source, &target)
    };
    assert!(matches!(copy(&request, &mut |_| {}), Err(CopyError::Cancelled)));
    assert_eq!(names(&place.at("workspaces")), [""; 0]);
}

#[test]
fn what_is_excluded_is_not_there() {
    let place = Place::new();
    let (source, target) = (place.at("source"), place.at("target"));
    zoo(&source);
    let exclude = [
        PathBuf::from("node_modules"),
        source.join("linked"),
        PathBuf::from("missing"),
    ];
    copy(
        &CopyRequest {
            exclude: &exclude,
            ..CopyRequest::new(&source, &target)
        },
        &mut |_| {},
    )
    .unwrap();
    assert!(!target.join("node_modules").exists() && !target.join("linked").exists());
    assert!(target.join("three").exists());
}

#[test]
fn a_workspace_inside_its_source_is_refused_unless_its_folder_is_left_out() {
    let place = Place::new();
    let source = place.at("home");
    file(&source.join("file"), "x");
    let target = source.join(".cilo/envs/p/a");
    let error = plain_copy(&source, &target).unwrap_err();
    let message = error.to_string().replace(place.at("").to_str().unwrap(), "/");
    insta::assert_snapshot!(message, @"cannot copy `/home` to `/home/.cilo/envs/p/a`: the workspace would lie inside the folder it copies; keep workspaces elsewhere, or leave out the folder that holds them");
    assert_eq!(names(&source), ["file"]);

    let exclude = [source.join(".cilo")];
    copy(
        &CopyRequest {
            exclude: &exclude,
            ..CopyRequest::new(&source, &target)
        },
        &mut |_| {},
    )
    .unwrap();
    assert_eq!(names(&target), ["file"]);
}

#[test]
fn a_source_inside_its_workspace_is_refused() {
    let place = Place::new();
    let target = place.at("target");
    file(&target.join("deep/file"), "x");
    for source in [target.clone(), target.join("deep")] {
        assert!(matches!(
            plain_copy(&source, &target),
            Err(CopyError::SourceInTarget { .. })
        ));
    }
}

#[test]
fn what_has_the_targets_name_is_not_touched() {
    let place = Place::new();
    let (source, target) = (place.at("source"), place.at("target"));
    fs_err::create_dir(&source).unwrap();
    symlink("nowhere", &target).unwrap();
    let error = plain_copy(&source, &target).unwrap_err();
    let message = error.to_string().replace(place.at("").to_str().unwrap(), "/");
    insta::assert_snapshot!(message, @"cannot make the workspace `/target`: it already exists; choose another name or remove it first");
    fs_err::remove_file(&target).unwrap();
    fs_err::create_dir(&target).unwrap();
    assert!(matches!(
        plain_copy(&source, &target),
        Err(CopyError::TargetExists { .. })
    ));
    assert_eq!(names(&place.at("")), ["source", "target"]);
}

#[test]
fn a_source_that_is_no_folder_is_named() {
    let place = Place::new();
    file(&place.at("file"), "x");
    assert!(matches!(
        plain_copy(&place.at("none"), &place.at("t")),
        Err(CopyError::Source { .. })
    ));
    assert!(matches!(
        plain_copy(&place.at("file"), &place.at("t")),
        Err(CopyError::SourceNotAFolder { .. })
    ));
    assert_eq!(names(&place.at("")), ["file"]);
}

#[test]
fn a_source_reached_through_a_link_is_copied_itself() {
    let place = Place::new();
    file(&place.at("real/file"), "x");
    symlink("real", place.at("source")).unwrap();
    plain_copy(&place.at("source"), &place.at("target")).unwrap();
    assert_same(&place.at("real"), &place.at("target"));
}

#[test]
fn a_deep_tree_and_a_wide_folder_are_copied() {
    let place = Place::new();
    let (source, target) = (place.at("source"), place.at("target"));
    let mut deep = source.clone();
    for _ in 0..400 {
        deep.push("d");
    }
    file(&deep.join("file"), "deep");
    for name in 0..3000 {
        file(&source.join(format!("wide/{name}")), name.to_string());
    }
    plain_copy(&source, &target).unwrap();
    assert_same(&source, &target);
}

#[test]
fn owners_are_kept_by_root_and_set_id_bits_with_them() {
    if !is_root() {
        return println!("skipped: needs root, run the tests with sudo");
    }
    let place = Place::new();
    let (source, target) = (place.at("source"), place.at("target"));
    file(&source.join("folder/theirs"), "x");
    symlink("theirs", source.join("folder/link")).unwrap();
    for path in ["folder", "folder/theirs", "folder/link"] {
        std::os::unix::fs::lchown(source.join(path), Some(12345), Some(54321)).unwrap();
    }
    chmod(&source.join("folder/theirs"), 0o6755);
    chmod(&source.join("folder"), 0o2770);
    plain_copy(&source, &target).unwrap();
    assert_same(&source, &target);
}

// SPDX-License-Identifier: MIT
//! Removing workspaces: whole, only those, and again after a kill.

use std::os::unix::fs::symlink;

use cilo_workspace::{RemoveError, remove};

use crate::support::*;

#[test]
fn read_only_folders_and_links_are_no_obstacle() {
    let place = Place::new();
    let (root, kept) = (place.at("envs"), place.at("kept"));
    file(&kept.join("file"), "x");
    file(&root.join("a/locked/deep/file"), "x");
    symlink(&kept, root.join("a/link")).unwrap();
    for (path, mode) in [("a/locked/deep", 0o000), ("a/locked", 0o555), ("a", 0o500)] {
        chmod(&root.join(path), mode);
    }
    remove(&root.join("a"), &root).unwrap();
    assert_eq!(names(&root), [""; 0]);
    assert!(kept.join("file").exists());
    remove(&root.join("a"), &root).unwrap();
}

#[test]
fn nothing_outside_of_the_root_is_removed() {
    let place = Place::new();
    let (root, other) = (place.at("envs"), place.at("other"));
    file(&root.join("a/file"), "x");
    file(&other.join("file"), "x");
    symlink(&other, root.join("link")).unwrap();
    symlink(place.at(""), root.join("up")).unwrap();
    for path in [
        other.clone(),
        root.clone(),
        root.join("a/../../other"),
        root.join("link"),
        root.join("up/other"),
        root.join(".."),
    ] {
        let error = remove(&path, &root).unwrap_err();
        assert!(
            matches!(error, RemoveError::Outside { .. }),
            "{}: {error:?}",
            path.display()
        );
    }
    file(&root.join("file"), "x");
    let error = remove(&root.join("file"), &root).unwrap_err().to_string();
    insta::assert_snapshot!(error.replace(place.at("").to_str().unwrap(), "/"), @"refusing to remove `/envs/file`: it is not a folder below `/envs`");
    assert_eq!(names(&other), ["file"]);
}

#[test]
fn what_a_killed_removal_or_copy_left_goes_with_the_next() {
    let place = Place::new();
    let root = place.at("envs");
    for leftover in [
        ".a.trash-1-0/deep/file",
        ".a.partial-99/lock",
        ".ab.trash-1-0/file",
        "a/file",
    ] {
        file(&root.join(leftover), "");
    }
    remove(&root.join("a"), &root).unwrap();
    assert_eq!(names(&root), [".ab.trash-1-0"]);
}

#[test]
fn what_belongs_to_others_is_named_and_can_be_finished_later() {
    if !is_root() {
        return println!("skipped: needs root, run the tests with sudo");
    }
    let place = Place::new();
    let root = place.at("envs");
    file(&root.join("a/data/file"), "x");
    file(&root.join("a/plain"), "x");
    if !try_run(&root, &["chattr", "+i", "a/data/file"]).status.success() {
        return println!(
            "skipped: needs a filesystem with immutable files, mount ext4 on the temporary folder"
        );
    }
    let error = remove(&root.join("a"), &root).unwrap_err();
    let RemoveError::Remains {
        trash, paths, count, ..
    } = &error
    else {
        panic!("{error:?}")
    };
    assert_eq!((paths.as_slice(), *count), (&[trash.join("data/file")][..], 1));
    assert!(!root.join("a").exists() && !trash.join("plain").exists());
    run(trash, &["chattr", "-i", "data/file"]);
    remove(&root.join("a"), &root).unwrap();
    assert_eq!(names(&root), [""; 0]);
}

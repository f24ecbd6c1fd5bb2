// SPDX-License-Identifier: MIT
//! Cilo's own folder in trouble: read-only, another user's, damaged, of another version.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::support::{Home, IDLE, needs_root, tree};

/// A user that is not root and that owns nothing; who is not root stays who they are.
pub(crate) const NOBODY: u32 = 65_534;

/// Makes a folder for a user.
pub(crate) fn folder_of(path: &Path, user: u32) {
    fs_err::create_dir_all(path).unwrap();
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(path, Some(user), Some(user)).unwrap();
    }
}

#[test]
fn a_read_only_home() {
    let home = Home::without_engine();
    let project = home.project("app", IDLE);
    let closed = home.folder().join("closed");
    folder_of(&closed, NOBODY);
    fs_err::set_permissions(&closed, PermissionsExt::from_mode(0o555)).unwrap();
    let cilo = |args: [&'static str; 2], path: &Path| {
        home.cilo(args)
            .dir(project.path())
            .user(NOBODY)
            .var("CILO_HOME", path)
            .run()
    };
    insta::assert_snapshot!(cilo(["create", "a"], &closed).told(), @r"
    exit 1
    error: cannot create the folder [TMP]/closed/locks: Permission denied (os error 13)
    ");
    insta::assert_snapshot!(cilo(["create", "a"], &closed.join("below")).told(), @r"
    exit 1
    error: cannot create the folder [TMP]/closed/below/locks: Permission denied (os error 13)
    ");
    insta::assert_snapshot!(cilo(["daemon", "start"], &closed).told(), @r"
    exit 1
    error: cannot prepare the daemon's files in [TMP]/closed/daemon: failed to create directory `[TMP]/closed/daemon`: Permission denied (os error 13)
    ");
    cilo(["list", "--json"], &closed).ok();
}

#[test]
fn another_users_home() {
    let home = Home::without_engine();
    let project = home.project("app", IDLE);
    // Root has a folder of somebody else's; everybody else has one of root's.
    let theirs = if rustix::process::geteuid().is_root() {
        let theirs = home.folder().join("theirs");
        folder_of(&theirs, NOBODY);
        theirs
    } else {
        "/usr".into()
    };
    let me = rustix::process::geteuid().as_raw();
    let ended = home
        .cilo(["create", "a"])
        .dir(project.path())
        .var("CILO_HOME", &theirs);
    let ended = ended
        .replace(theirs.display(), "[THEIRS]")
        .replace(format!("this is user id {me};"), "this is user id [ME];");
    let told = ended
        .run()
        .ends_with(1)
        .told()
        .replace(&NOBODY.to_string(), "[OWNER]")
        .replace("user id 0,", "user id [OWNER],");
    assert!(
        told.contains("belongs to user id [OWNER], and this is user id [ME]; run Cilo as its owner"),
        "{told}"
    );
}

#[test]
fn a_state_that_cannot_be_used_is_left_alone() {
    let home = Home::without_engine();
    let project = home.project("app", IDLE);
    home.run(&project, ["create", "a"]).ok();
    let state = home.path().join("state.json");
    let told = |content: &str| {
        fs_err::write(&state, content).unwrap();
        // Locks may come; nothing else may change.
        let held = || {
            tree(&home.path())
                .into_iter()
                .filter(|(path, _)| !path.starts_with("locks"))
                .collect::<Vec<_>>()
        };
        let before = held();
        for command in [
            &["list"] as &[&str],
            &["up", "a"],
            &["create", "b"],
            &["destroy", "a", "--force"],
            &["path", "a"],
        ] {
            let ended = home.run(&project, command.iter().copied()).ends_with(1);
            assert!(
                ended.stderr.contains("state.json"),
                "{command:?}: {}",
                ended.stderr
            );
        }
        assert_eq!(held(), before);
        home.run(&project, ["list"]).told()
    };
    insta::assert_snapshot!(told("{ \"version\": 3, \"environments\": {"), @r"
    exit 1
    error: Cilo's state [TMP]/home/state.json is damaged and was left alone; correct it, or move it and the folder `envs` beside it away and begin anew: EOF while parsing an object at line 1 column 33
    ");
    insta::assert_snapshot!(told("{ \"version\": 99 }"), @r"
    exit 1
    error: Cilo's state [TMP]/home/state.json has version 99, and this Cilo knows versions up to 3; use the newer Cilo
    ");
    insta::assert_snapshot!(told("{ \"version\": 2, \"hosts\": { \"local\": {} } }"), @r"
    exit 1
    error: [TMP]/home/state.json has version 2: it was written by an older, incompatible Cilo. Destroy its environments with that one, then move the file away
    ");
}

#[test]
fn a_disk_that_is_full_while_copying() {
    if !needs_root() {
        return;
    }
    let home = Home::without_engine();
    let project = home.project("app", IDLE).write("big", vec![7; 3_000_000]);
    let small = Mounted::new(&home.folder().join("small"));
    let ended = home
        .cilo(["create", "a"])
        .dir(project.path())
        .var("CILO_HOME", &small.0)
        .run();
    let told = ended.told();
    let (before, after) = told
        .split_once("3000000 bytes; ")
        .unwrap_or_else(|| panic!("{told}"));
    let (_, after) = after.split_once(" bytes were free").unwrap();
    insta::assert_snapshot!(format!("{before}3000000 bytes; [FREE] bytes were free{after}"), @r"
    exit 1
    error: no space for a copy of `[TMP]/src/app/big` (3000000 bytes; [FREE] bytes were free): make room and run it again: No space left on device (os error 28)
    ");
    // All of it was taken back, and there is room for what fits.
    let listed = home
        .cilo(["list", "--all", "--json"])
        .var("CILO_HOME", &small.0)
        .run()
        .ok()
        .json();
    assert_eq!(listed["environments"].as_array().map(Vec::len), Some(0));
    assert_eq!(
        fs_err::read_dir(small.0.join("envs").join(project.name())).map_or(0, Iterator::count),
        0
    );
    fs_err::write(project.path().join("big"), "small").unwrap();
    home.cilo(["create", "a"])
        .dir(project.path())
        .var("CILO_HOME", &small.0)
        .run()
        .ok();
}

/// A filesystem of one megabyte, until it is dropped.
struct Mounted(std::path::PathBuf);

impl Mounted {
    fn new(path: &Path) -> Self {
        fs_err::create_dir(path).unwrap();
        let args = ["-t", "tmpfs", "-o", "size=1m,mode=0700", "tmpfs"];
        crate::support::Cilo::new("mount")
            .args(args)
            .args([path])
            .run()
            .ok();
        Self(path.to_owned())
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        crate::support::Cilo::new("umount").args([&self.0]).run();
    }
}

#[test]
fn a_state_that_is_lost_takes_no_work_with_it() {
    let home = Home::without_engine();
    let project = home.project("app", IDLE);
    home.run(&project, ["create", "a"]).ok();
    let file = home.workspace(&project, "a").join("work");
    fs_err::write(&file, "much").unwrap();
    fs_err::remove_file(home.path().join("state.json")).unwrap();
    home.run(&project, ["create", "a"]).ends_with(5);
    assert_eq!(fs_err::read_to_string(file).unwrap(), "much");
}

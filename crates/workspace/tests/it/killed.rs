// SPDX-License-Identifier: MIT
//! A copy that is killed half-way: the next one for the same target finds a clean place.

use std::num::NonZeroUsize;
use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

use cilo_workspace::{CopyRequest, Method, copy};

use crate::support::*;

/// In the folder a child runs in: what it shall copy.
const JOB: &str = "cilo-copy-job";

/// Not a test of its own: the program that the others start, in a folder with a job in it, and kill.
#[test]
fn child() {
    let Ok(job) = fs_err::read_to_string(JOB) else {
        return;
    };
    let (source, target) = job.split_once('\n').unwrap();
    let request = CopyRequest {
        best: Method::ReadWrite,
        threads: NonZeroUsize::new(1),
        ..CopyRequest::new(Path::new(source), Path::new(target))
    };
    copy(&request, &mut |_| {}).unwrap();
}

fn start(place: &Place, source: &Path, target: &Path) -> Child {
    let folder = place.at("job");
    file(
        &folder.join(JOB),
        format!("{}\n{}", source.display(), target.display()),
    );
    let program = std::env::current_exe().unwrap();
    command(&folder, &[program.to_str().unwrap(), "--exact", "killed::child"])
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap()
}

/// Looks until something is so, for a minute at most.
#[track_caller]
fn wait_for(what: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !what() {
        assert!(Instant::now() < end, "it did not come to that");
        std::thread::yield_now();
    }
}

#[test]
fn the_next_copy_clears_away_what_a_killed_one_left() {
    let place = Place::new();
    let (source, target) = (place.at("source"), place.at("envs/a"));
    for name in 0..400 {
        file(&source.join(format!("d{}/f{name}", name % 20)), vec![7; 200_000]);
    }
    fs_err::create_dir(place.at("envs")).unwrap();
    for _ in 0..3 {
        let mut child = start(&place, &source, &target);
        let partial = place.at(&format!("envs/.a.partial-{}", child.id()));
        wait_for(|| {
            partial
                .join("tree")
                .read_dir()
                .is_ok_and(|mut entries| entries.next().is_some())
        });
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(
            partial.exists() && !target.exists(),
            "it was killed too late to tell"
        );
    }
    assert_eq!(
        names(&place.at("envs")).len(),
        1,
        "each run clears away what the one before it left"
    );
    plain_copy(&source, &target).unwrap();
    assert_eq!(names(&place.at("envs")), ["a"]);
    assert_same(&source, &target);
}

#[test]
fn a_copy_that_is_alive_is_not_cleared_away() {
    let place = Place::new();
    let (source, target, small) = (place.at("source"), place.at("envs/a"), place.at("small"));
    for name in 0..400 {
        file(&source.join(format!("d{}/f{name}", name % 20)), vec![7; 200_000]);
    }
    file(&small.join("file"), "x");
    fs_err::create_dir(place.at("envs")).unwrap();
    let mut child = start(&place, &source, &target);
    let partial = place.at(&format!("envs/.a.partial-{}", child.id()));
    wait_for(|| partial.join("tree").exists());
    plain_copy(&small, &target).unwrap();
    assert!(!child.wait().unwrap().success(), "the name was taken meanwhile");
    assert_same(&small, &target);
    assert_eq!(names(&place.at("envs")), ["a"]);
}

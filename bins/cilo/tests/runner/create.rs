// SPDX-License-Identifier: MIT
//! `create`: a copy of everything, and nothing of the source is touched.

use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};

use crate::support::{Home, IDLE, git, repository};

#[test]
fn everything_is_copied_as_it_is() {
    let home = Home::without_engine();
    let project = home
        .project("app", IDLE)
        .write("bin/tool", "#!/bin/sh\n")
        .write(".env", "SECRET=1\n");
    let project = project
        .write("real/file", "content")
        .write(".gitignore", "ignored\n")
        .write("ignored", "too");
    let source = project.path();
    fs_err::set_permissions(source.join("bin/tool"), PermissionsExt::from_mode(0o755)).unwrap();
    fs_err::set_permissions(source.join(".env"), PermissionsExt::from_mode(0o600)).unwrap();
    symlink("real", source.join("folder-link")).unwrap();
    symlink("nowhere", source.join("dangling")).unwrap();
    fs_err::hard_link(source.join("real/file"), source.join("real/twin")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        source.join("pipe"),
        rustix::fs::FileType::Fifo,
        0o600.into(),
        0,
    )
    .unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(source.join("socket")).unwrap();

    let before = project.tree();
    let ended = home.run(&project, ["create", "a"]).ok();
    assert_eq!(project.tree(), before, "the source is never written to");
    for note in ["pipe", "socket"] {
        assert!(ended.stderr.contains(note), "{}", ended.stderr);
    }
    let copy = home.workspace(&project, "a");
    let mut copied = crate::support::tree(&copy);
    let mut expected = before;
    for left_out in ["pipe", "socket"] {
        expected.remove(std::path::Path::new(left_out));
    }
    // Everything that a line says: mode, owner, time, content, target.
    assert_eq!(
        copied.remove(std::path::Path::new("folder-link")),
        expected.remove(std::path::Path::new("folder-link"))
    );
    assert_eq!(copied, expected);
    let inode = |name: &str| fs_err::metadata(copy.join(name)).unwrap().ino();
    assert_eq!(inode("real/file"), inode("real/twin"), "hard links stay one file");
    assert!(
        fs_err::metadata(source.join("pipe"))
            .unwrap()
            .file_type()
            .is_fifo()
    );
}

#[test]
fn creating_twice_is_a_conflict() {
    let home = Home::without_engine();
    let project = home.project("app", IDLE);
    home.run(&project, ["create", "a"]).ok();
    let before = crate::support::tree(&home.path().join("envs"));
    insta::assert_snapshot!(home.run(&project, ["create", "a"]).told(), @r"
    exit 5
    error: app/a exists already, in [TMP]/home/envs/app/a
    hint: `cilo up a` starts it
    ");
    assert_eq!(crate::support::tree(&home.path().join("envs")), before);
}

#[test]
fn a_name_that_is_a_copy_of_another_folder_is_a_conflict() {
    let home = Home::without_engine();
    let project = home.project("app", IDLE);
    let other = crate::support::Project::new(
        home.folder().join("elsewhere").join(project.name()),
        String::new(),
    );
    let other = other.write("compose.yaml", IDLE);
    home.run(&project, ["create", "a"]).ok();
    insta::assert_snapshot!(home.run(&other, ["create", "a"]).told(), @r"
    exit 5
    error: app/a is a copy of [TMP]/src/app, not of [TMP]/elsewhere/app
    hint: use another name for `a`, or set `project:` in one project's .cilo/config.yml
    ");
    // With a name of its own for the project both are there.
    let other = other.write(".cilo/config.yml", format!("project: second{}\n", home.tag()));
    home.run(&other, ["create", "a"]).ok();
    assert_eq!(home.listed(), ["app/a unknown", "second/a unknown"]);
    insta::assert_snapshot!(home.cilo(["path", "a"]).run().told(), @r"
    exit 1
    error: `a` is an environment of app, second; say which with --project
    ");
}

#[test]
fn the_source_may_be_named_from_anywhere_and_found_from_below() {
    let home = Home::without_engine();
    let project = home.project("app", IDLE).write("deep/er/file", "");
    let from = project.path().to_str().unwrap();
    home.cilo(["create", "a", "--from", from]).run().ok();
    home.cilo(["create", "b"])
        .dir(project.path().join("deep/er"))
        .run()
        .ok();
    // In a workspace the project is the one it is a copy of.
    home.cilo(["create", "c"])
        .dir(home.workspace(&project, "a").join("deep"))
        .run()
        .ok();
    let below = home
        .cilo(["list", "--names"])
        .dir(home.workspace(&project, "b"))
        .run()
        .ok();
    assert_eq!(below.lines(), ["a", "b", "c"]);
    let json = home.cilo(["list", "--json"]).run().ok().json();
    for env in json["environments"].as_array().unwrap() {
        assert_eq!(env["source"], from);
    }
}

#[test]
fn a_worktree_becomes_a_repository_of_its_own() {
    let home = Home::without_engine();
    let main = home.project("app", IDLE).write("file", "one");
    repository(main.path());
    let tree = home.folder().join("src").join(format!("tree{}", home.tag()));
    git(
        main.path(),
        &["worktree", "add", "--quiet", "-b", "side", tree.to_str().unwrap()],
    );
    fs_err::write(tree.join("file"), "changed").unwrap();
    let before = (crate::support::tree(main.path()), crate::support::tree(&tree));
    let worktrees = git(main.path(), &["worktree", "list", "--porcelain"]);

    home.cilo(["create", "a"]).dir(&tree).run().ok();
    let copy = home
        .path()
        .join("envs")
        .join(format!("tree{}", home.tag()))
        .join("a");
    assert!(copy.join(".git").is_dir(), "it has a repository of its own");
    assert_eq!(
        git(&copy, &["rev-parse", "HEAD"]),
        git(&tree, &["rev-parse", "HEAD"])
    );
    assert_eq!(
        git(&copy, &["status", "--porcelain"]),
        " M file",
        "what was changed still is"
    );
    git(&copy, &["commit", "--quiet", "--all", "--message", "agent"]);
    git(&copy, &["switch", "--quiet", "--create", "agent"]);

    assert_eq!(git(main.path(), &["worktree", "list", "--porcelain"]), worktrees);
    assert_eq!(
        (crate::support::tree(main.path()), crate::support::tree(&tree)),
        before,
        "no branch of the source moved"
    );
}

#[test]
fn a_home_inside_the_project_is_not_copied_into_itself() {
    let home = Home::without_engine();
    let project = home.project("app", IDLE);
    let inside = project.path().join(".home");
    for env in ["a", "b"] {
        home.cilo(["create", env])
            .dir(project.path())
            .var("CILO_HOME", &inside)
            .run()
            .ok();
    }
    let copy = inside.join("envs").join(project.name()).join("b");
    assert!(copy.join("compose.yaml").is_file());
    assert!(!copy.join(".home").exists());
}

#[test]
fn a_copy_that_is_interrupted_leaves_nothing() {
    let home = Home::without_engine();
    let mut project = home.project("app", IDLE);
    for number in 0..400 {
        project = project.write(&format!("many/{}/{number}", number % 20), vec![1; 20_000]);
    }
    let mut running = home.cilo(["create", "a"]).dir(project.path()).start();
    let envs = home.path().join("envs").join(project.name());
    crate::support::eventually("the copy begins, or is over", || {
        (running.has_ended() || fs_err::read_dir(&envs).is_ok_and(|mut entries| entries.next().is_some()))
            .then_some(())
    });
    if !running.has_ended() {
        running.signal(rustix::process::Signal::INT);
    }
    if running.wait().code() == 0 {
        // It was faster than the signal.
        return;
    }
    assert_eq!(home.listed(), Vec::<String>::new());
    assert_eq!(fs_err::read_dir(&envs).map_or(0, Iterator::count), 0);
    home.run(&project, ["create", "a"]).ok();
}

// SPDX-License-Identifier: MIT
//! Git repositories in a copy: the same state, and no way back to the source.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use cilo_workspace::Origin::{self, Dangling, Detached, Folder, Within};

use crate::support::*;

/// Uncommitted work of every kind.
fn dirty(folder: &Path) {
    file(&folder.join("staged"), "staged");
    git(folder, &["add", "staged"]);
    file(&folder.join("README"), "changed\n");
    file(&folder.join("untracked"), "new");
    file(&folder.join("debug.log"), "ignored");
    fs_err::remove_file(folder.join("src/main")).unwrap();
}

/// Everything that could be seen of the source's git.
fn seen(folder: &Path) -> String {
    let config = git(folder, &["config", "--list"]);
    let worktrees = git(folder, &["worktree", "list", "--porcelain"]);
    [
        status(folder),
        refs(folder),
        worktrees,
        config,
        git(folder, &["reflog"]),
    ]
    .join("\n--\n")
}

/// Does in the copy what an agent does.
fn work(folder: &Path) {
    file(&folder.join("agent"), "was here");
    commit(folder, "the agent's");
    git(folder, &["branch", "agents-own"]);
    git(folder, &["branch", "--force", "other"]);
    git(folder, &["switch", "--quiet", "--create", "more"]);
    commit(folder, "more");
}

/// Copies, looks at the states, works in the copy, and looks whether the source is as it was.
fn check(source: &Path, target: &Path) -> Vec<(String, Origin)> {
    let (before, state) = (seen(source), status(source));
    let digest = tree_digest(source);
    let head = git(source, &["rev-parse", "--symbolic-full-name", "HEAD"]);
    let report = plain_copy(source, target).unwrap();
    assert_eq!(tree_digest(source), digest, "the source was written to");
    assert_eq!(status(target), state);
    assert_eq!(git(target, &["rev-parse", "--symbolic-full-name", "HEAD"]), head);
    git(target, &["fsck", "--full", "--strict"]);
    work(target);
    assert_eq!(seen(source), before);
    report
        .repositories
        .iter()
        .map(|found| (found.path.display().to_string(), found.origin))
        .collect()
}

fn top(origin: Origin) -> Vec<(String, Origin)> {
    vec![(String::new(), origin)]
}

#[test]
fn a_plain_repository_keeps_its_state_and_drops_locks_and_worktrees() {
    let place = Place::new();
    let (source, target) = (place.at("source"), place.at("target"));
    repository(&source);
    git(
        &source,
        &["worktree", "add", "--quiet", "-b", "other", "../worktree"],
    );
    dirty(&source);
    git(&source, &["stash", "push", "--quiet", "README"]);
    for lock in [".git/HEAD.lock", ".git/refs/heads/main.lock", ".git/gc.pid"] {
        file(&source.join(lock), "");
    }
    file(&source.join("yarn.lock"), "kept");
    file(&source.join(".git/hooks/my.lock"), "kept");
    assert_eq!(check(&source, &target), top(Folder));
    assert!(!target.join(".git/worktrees").exists() && target.join("yarn.lock").exists());
    assert!(target.join(".git/hooks/my.lock").exists() && !target.join(".git/HEAD.lock").exists());
    assert!(!target.join(".git/refs/heads/main.lock").exists() && !target.join(".git/gc.pid").exists());
    assert_eq!(git(&target, &["stash", "list"]).lines().count(), 1);
    assert_eq!(git(&target, &["worktree", "list"]).lines().count(), 1);
}

#[test]
fn a_held_index_lock_is_not_copied() {
    let place = Place::new();
    repository(&place.at("source"));
    file(&place.at("source/.git/index.lock"), "");
    plain_copy(&place.at("source"), &place.at("target")).unwrap();
    commit(&place.at("target"), "works");
}

#[test]
fn a_worktree_becomes_a_repository() {
    let place = Place::new();
    let (main, source, target) = (place.at("main"), place.at("worktree"), place.at("target"));
    repository(&main);
    git(&main, &["branch", "other"]);
    git(&main, &["stash", "list"]);
    git(
        &main,
        &["worktree", "add", "--quiet", "-b", "feature", "../worktree"],
    );
    commit(&source, "on the feature");
    dirty(&source);
    dirty(&main);
    let main_before = seen(&main);
    assert_eq!(check(&source, &target), top(Detached));
    assert!(target.join(".git").is_dir());
    assert_eq!(git(&target, &["worktree", "list"]).lines().count(), 1);
    assert_eq!(seen(&main), main_before);

    // Nothing is borrowed: the source may go.
    fs_err::remove_dir_all(main).unwrap();
    fs_err::remove_dir_all(source).unwrap();
    git(&target, &["fsck", "--full", "--strict"]);
    assert_eq!(git(&target, &["log", "--oneline", "main"]).lines().count(), 1);
}

#[test]
fn the_folder_of_a_worktree_keeps_its_time() {
    let place = Place::new();
    repository(&place.at("main"));
    git(&place.at("main"), &["worktree", "add", "--quiet", "../source"]);
    plain_copy(&place.at("source"), &place.at("target")).unwrap();
    assert_eq!(
        picture(&place.at("target"))[Path::new("")],
        picture(&place.at("source"))[Path::new("")]
    );
}

#[test]
fn a_worktree_in_the_middle_of_a_rebase_and_detached() {
    let place = Place::new();
    let (main, source, target) = (place.at("main"), place.at("worktree"), place.at("target"));
    repository(&main);
    git(
        &main,
        &["worktree", "add", "--quiet", "-b", "feature", "../worktree"],
    );
    file(&main.join("README"), "ours\n");
    commit(&main, "ours");
    file(&source.join("README"), "theirs\n");
    commit(&source, "theirs");
    assert!(!try_run(&source, &["git", "rebase", "main"]).status.success());
    plain_copy(&source, &target).unwrap();
    assert_eq!(status(&target), status(&source));
    git(&target, &["rebase", "--abort"]);
    assert_eq!(git(&target, &["branch", "--show-current"]), "feature");
    assert!(status(&source).contains("UU"), "{}", status(&source));
}

#[test]
fn a_worktree_of_a_bare_repository() {
    for own_config in [false, true] {
        let place = Place::new();
        let (bare, source, target) = (place.at("bare.git"), place.at("worktree"), place.at("target"));
        repository(&place.at("origin"));
        git(
            &place.at(""),
            &["clone", "--quiet", "--bare", "origin", "bare.git"],
        );
        if own_config {
            git(&bare, &["config", "extensions.worktreeConfig", "true"]);
            git(&bare, &["config", "--worktree", "core.bare", "true"]);
            git(&bare, &["config", "--unset", "--file", "config", "core.bare"]);
        }
        git(
            &bare,
            &["worktree", "add", "--quiet", "-b", "feature", "../worktree"],
        );
        if own_config {
            git(&source, &["config", "--worktree", "cilo.mine", "yes"]);
        }
        dirty(&source);
        assert_eq!(check(&source, &target), top(Detached));
        assert_eq!(
            own_config,
            try_run(&target, &["git", "config", "cilo.mine"]).status.success()
        );
    }
}

#[test]
fn a_worktree_whose_references_are_in_tables() {
    let place = Place::new();
    let (main, source, target) = (place.at("main"), place.at("worktree"), place.at("target"));
    fs_err::create_dir(&main).unwrap();
    if !try_run(&main, &["git", "init", "--quiet", "--ref-format=reftable"])
        .status
        .success()
    {
        return println!("skipped: needs git 2.45 or newer");
    }
    repository(&main);
    git(
        &main,
        &["worktree", "add", "--quiet", "-b", "feature", "../worktree"],
    );
    dirty(&source);
    let before = refs(&main);
    plain_copy(&source, &target).unwrap();
    assert_eq!(status(&target), status(&source));
    work(&target);
    assert_eq!(refs(&main), before);
}

#[test]
fn worktrees_inside_the_source_belong_to_the_copy_then() {
    for relative in ["false", "true"] {
        let place = Place::new();
        let (source, target) = (place.at("source"), place.at("target"));
        repository(&source);
        file(&source.join(".git/info/exclude"), "/trees/\n");
        git(
            &source,
            &[
                "-c",
                &format!("worktree.useRelativePaths={relative}"),
                "worktree",
                "add",
                "--quiet",
                "-b",
                "inside",
                "trees/in",
            ],
        );
        git(
            &source,
            &["worktree", "add", "--quiet", "-b", "outside", "../out"],
        );
        dirty(&source.join("trees/in"));
        let found = check(&source, &target);
        assert_eq!(found, [(String::new(), Folder), ("trees/in".to_owned(), Within)]);
        let (inner, before) = (target.join("trees/in"), refs(&source));
        assert_eq!(status(&inner), status(&source.join("trees/in")));
        commit(&inner, "inside");
        assert_eq!(refs(&source), before);
        let listed = git(&target, &["worktree", "list", "--porcelain"]);
        let listed: Vec<_> = listed
            .lines()
            .filter_map(|line| line.strip_prefix("worktree "))
            .collect();
        assert_eq!(listed, [target.to_str().unwrap(), inner.to_str().unwrap()]);
        git(&target, &["worktree", "prune"]);
        assert_eq!(git(&inner, &["branch", "--show-current"]), "inside");
    }
}

/// A project with a submodule in it that has a submodule of its own.
fn project(place: &Place) -> PathBuf {
    let project = place.at("project");
    for name in ["innermost", "inner", "project"] {
        repository(&place.at(name));
    }
    for (outer, inner) in [("inner", "innermost"), ("project", "inner")] {
        let add = [
            "-c",
            "protocol.file.allow=always",
            "submodule",
            "--quiet",
            "add",
            &format!("../{inner}"),
            &format!("lib/{inner}"),
        ];
        git(&place.at(outer), &add);
        commit(&place.at(outer), "with a submodule");
    }
    git(
        &project,
        &[
            "-c",
            "protocol.file.allow=always",
            "submodule",
            "--quiet",
            "update",
            "--init",
            "--recursive",
        ],
    );
    project
}

#[test]
fn submodules_keep_working() {
    let place = Place::new();
    let (source, target) = (project(&place), place.at("target"));
    let (module, copied) = (source.join("lib/inner"), target.join("lib/inner"));
    // As old versions of git wrote it.
    fs_err::write(
        module.join(".git"),
        format!("gitdir: {}\n", source.join(".git/modules/lib/inner").display()),
    )
    .unwrap();
    git(&module, &["config", "core.worktree", module.to_str().unwrap()]);
    dirty(&module);
    let (before, state) = (refs(&module), status(&module));
    let found = check(&source, &target);
    let expected = [
        ("", Folder),
        ("lib/inner", Within),
        ("lib/inner/lib/innermost", Within),
    ];
    assert_eq!(found, expected.map(|(path, origin)| (path.to_owned(), origin)));
    assert_eq!(status(&copied), state);
    assert_eq!(
        git(&copied, &["rev-parse", "--show-toplevel"]),
        copied.to_str().unwrap()
    );
    commit(&copied, "the agent's");
    git(&target, &["submodule", "status", "--recursive"]);
    assert_eq!(refs(&module), before);
    assert_eq!(status(&module), state);
}

#[test]
fn a_submodule_becomes_a_repository() {
    let place = Place::new();
    let (source, target) = (project(&place).join("lib/inner"), place.at("target"));
    git(&source, &["switch", "--quiet", "--create", "mine"]);
    dirty(&source);
    let found = check(&source, &target);
    assert_eq!(
        found,
        [(String::new(), Detached), ("lib/innermost".to_owned(), Detached)]
    );
    assert_eq!(
        git(&target, &["rev-parse", "--show-toplevel"]),
        target.to_str().unwrap()
    );
    fs_err::remove_dir_all(place.at("project")).unwrap();
    git(&target, &["fsck", "--full", "--strict"]);
    git(&target.join("lib/innermost"), &["fsck", "--full", "--strict"]);
    git(&target, &["submodule", "status", "--recursive"]);
}

#[test]
fn a_worktree_with_submodules() {
    let place = Place::new();
    let (main, source, target) = (project(&place), place.at("worktree"), place.at("target"));
    git(
        &main,
        &["worktree", "add", "--quiet", "-b", "feature", "../worktree"],
    );
    git(
        &source,
        &[
            "-c",
            "protocol.file.allow=always",
            "submodule",
            "--quiet",
            "update",
            "--init",
        ],
    );
    assert_eq!(
        check(&source, &target),
        [(String::new(), Detached), ("lib/inner".to_owned(), Detached)]
    );
    fs_err::remove_dir_all(main).unwrap();
    git(&target.join("lib/inner"), &["fsck", "--full", "--strict"]);
}

#[test]
fn borrowed_objects_are_brought_along() {
    let place = Place::new();
    let (lender, source, target) = (place.at("lender"), place.at("source"), place.at("target"));
    repository(&lender);
    git(
        &place.at(""),
        &["clone", "--quiet", "--shared", "lender", "middle"],
    );
    commit(&place.at("middle"), "middle");
    git(
        &place.at(""),
        &["clone", "--quiet", "--shared", "middle", "source"],
    );
    git(&source, &["repack", "-adlq"]);
    commit(&source, "own");
    assert_eq!(check(&source, &target), top(Folder));
    for gone in ["lender", "middle", "source"] {
        fs_err::remove_dir_all(place.at(gone)).unwrap();
    }
    git(&target, &["fsck", "--full", "--strict"]);
    assert!(!target.join(".git/objects/info/alternates").exists());
}

#[test]
fn a_linked_git_folder_is_copied_and_so_are_links_in_one() {
    let place = Place::new();
    let main = place.at("main");
    repository(&main);
    fs_err::create_dir_all(place.at("linked")).unwrap();
    symlink("../main/.git", place.at("linked/.git")).unwrap();
    git(&place.at("linked"), &["reset", "--quiet", "--hard"]);
    // What the script git-new-workdir makes.
    fs_err::create_dir_all(place.at("workdir/.git")).unwrap();
    for shared in ["refs", "objects", "config", "info", "packed-refs", "logs"] {
        symlink(
            main.join(".git").join(shared),
            place.at("workdir/.git").join(shared),
        )
        .unwrap();
    }
    fs_err::copy(main.join(".git/HEAD"), place.at("workdir/.git/HEAD")).unwrap();
    git(&place.at("workdir"), &["reset", "--quiet", "--hard"]);
    let before = refs(&main);
    for (name, origin) in [("linked", Detached), ("workdir", Folder)] {
        let target = place.at(&format!("copy-of-{name}"));
        let report = plain_copy(&place.at(name), &target).unwrap();
        assert_eq!(report.repositories[0].origin, origin);
        work(&target);
        assert_eq!(refs(&main), before);
    }
}

#[test]
fn a_work_tree_elsewhere_is_not_written_to_from_the_copy() {
    let place = Place::new();
    let (source, target) = (place.at("source"), place.at("target"));
    repository(&source);
    for named in [source.clone(), place.at("elsewhere")] {
        fs_err::create_dir_all(&named).unwrap();
        git(&source, &["config", "core.worktree", named.to_str().unwrap()]);
        plain_copy(&source, &target).unwrap();
        assert_eq!(
            git(&target, &["rev-parse", "--show-toplevel"]),
            target.to_str().unwrap()
        );
        cilo_workspace::remove(&target, &place.at("")).unwrap();
    }
}

#[test]
fn repositories_below_and_pointers_to_nowhere() {
    let place = Place::new();
    let (source, target) = (place.at("source"), place.at("target"));
    repository(&source.join("one"));
    repository(&place.at("other"));
    git(
        &place.at("other"),
        &["worktree", "add", "--quiet", "../source/two"],
    );
    file(&source.join("three/.git"), "gitdir: /nonexistent/x\n");
    file(&source.join("four/.git"), "my notes\n");
    let report = plain_copy(&source, &target).unwrap();
    let found: Vec<_> = report
        .repositories
        .iter()
        .map(|found| (found.path.to_str().unwrap(), found.origin))
        .collect();
    assert_eq!(found, [("one", Folder), ("three", Dangling), ("two", Detached)]);
    let before = refs(&place.at("other"));
    work(&target.join("two"));
    assert_eq!(refs(&place.at("other")), before);
}

#[test]
fn a_repository_that_is_repacked_meanwhile_is_whole() {
    let place = Place::new();
    let source = place.at("source");
    repository(&source);
    for number in 0..20 {
        file(&source.join("work"), number.to_string());
        commit(&source, "work");
        git(&source, &["branch", &format!("b{number}")]);
    }
    let stop = std::sync::atomic::AtomicBool::new(false);
    let stop = &stop;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0.. {
                if stop.load(std::sync::atomic::Ordering::Relaxed) {
                    break;
                }
                file(&source.join("work"), format!("more {number}"));
                commit(&source, "more");
                git(&source, &["gc", "--quiet", "--prune=now"]);
                git(&source, &["branch", "--force", "b0"]);
            }
        });
        let checked = std::panic::catch_unwind(|| {
            for number in 0..30 {
                let target = place.at(&format!("target-{number}"));
                plain_copy(&source, &target).unwrap();
                git(&target, &["fsck", "--full"]);
                assert_eq!(git(&target, &["branch", "--list"]).lines().count(), 21);
            }
        });
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        checked.unwrap();
    });
}

// SPDX-License-Identifier: MIT
//! Saved work comes back byte for byte, with the commands that its README names.

use std::path::{Path, PathBuf};

use cilo_workspace::{Base, Salvage, SalvageError, baseline, salvage, unsaved};

use crate::support::*;

/// A source, a copy with work in it, and what was saved of that.
struct Saved {
    place: Place,
    source: PathBuf,
    target: PathBuf,
    salvage: Salvage,
}

fn saved(prepare: impl Fn(&Path), work: impl Fn(&Path)) -> Saved {
    let place = Place::new();
    let (source, target, dest) = (
        place.at("source"),
        place.at("target"),
        place.at("salvage/it's here"),
    );
    fs_err::create_dir(&source).unwrap();
    prepare(&source);
    let report = plain_copy(&source, &target).unwrap();
    let baseline = baseline(&source, &target, &report.repositories).unwrap();
    work(&target);
    let found = unsaved(
        &target,
        &Base {
            source: &source,
            baseline: &baseline,
        },
    )
    .unwrap();
    // Git marks objects that it meets again with the time, so that no cleaning up takes them away.
    let seen = || -> Vec<_> {
        let nodes = picture(&target).into_iter();
        nodes
            .map(|(path, node)| {
                (
                    path.clone(),
                    node.content,
                    (!path.display().to_string().contains(".git/objects")).then_some(node.modified),
                )
            })
            .collect()
    };
    let before = seen();
    let salvage = salvage(&target, &found, &dest).unwrap();
    assert_eq!(seen(), before, "the workspace was written to");
    assert_eq!(names(&place.at("salvage")), ["it's here"]);
    Saved {
        place,
        source,
        target,
        salvage,
    }
}

impl Saved {
    fn files(&self) -> Vec<&str> {
        self.salvage
            .files
            .iter()
            .map(|path| path.to_str().unwrap())
            .collect()
    }

    /// Runs the commands of the README, as a person would, in a folder.
    fn restore(&self, folder: &Path) {
        let readme = fs_err::read_to_string(self.salvage.path.join("README.txt")).unwrap();
        let commands: Vec<_> = readme
            .lines()
            .filter_map(|line| line.strip_prefix("    "))
            .collect();
        run(folder, &["sh", "-e", "-c", &commands.join("\n")]);
    }
}

/// Files of a tree, without git's, with mode and content.
fn files(root: &Path) -> Vec<(PathBuf, u32, String)> {
    let nodes = picture(root)
        .into_iter()
        .filter(|(path, node)| node.kind != "folder" && !path.starts_with(".git"));
    nodes
        .map(|(path, node)| (path, node.mode & 0o111, node.content))
        .collect()
}

#[test]
fn uncommitted_work_comes_back() {
    let binary: Vec<u8> = (0..5000_u32).map(|at| (at * at % 251) as u8).collect();
    let saved = saved(
        |source| {
            repository(source);
            file(&source.join("gone"), "x");
            file(&source.join("binary"), [0, 1, 2]);
            commit(source, "more");
        },
        |target| {
            file(&target.join("README"), "changed without a line break at the end");
            file(&target.join("binary"), &binary);
            file(&target.join("new/caf\u{e9} \"odd\""), "x  \n\t\r\n");
            file(&target.join("new/tool"), "#!/bin/sh\n");
            chmod(&target.join("new/tool"), 0o755);
            file(&target.join("empty"), "");
            file(&target.join("staged"), "staged");
            git(target, &["add", "staged"]);
            chmod(&target.join("src/main"), 0o755);
            fs_err::remove_file(target.join("gone")).unwrap();
            std::os::unix::fs::symlink("nowhere", target.join("link")).unwrap();
        },
    );
    assert_eq!(saved.files(), ["README.txt", "changes.patch"]);
    saved.restore(&saved.source);
    assert_eq!(files(&saved.source), files(&saved.target));
    assert_eq!(
        git(&saved.source, &["branch", "--show-current"]),
        "salvaged-changes"
    );
}

#[test]
fn commits_and_stashes_come_back() {
    let saved = saved(repository, |target| {
        file(&target.join("stash-me"), "first");
        git(
            target,
            &[
                "stash",
                "push",
                "--quiet",
                "--include-untracked",
                "--message",
                "one",
            ],
        );
        file(&target.join("README"), "second\n");
        git(target, &["stash", "push", "--quiet", "--message", "two"]);
        file(&target.join("work"), "x");
        commit(target, "on main");
        git(target, &["switch", "--quiet", "--detach"]);
        commit(target, "detached");
        file(&target.join("work"), "and more");
    });
    assert_eq!(saved.files(), ["README.txt", "changes.patch", "work.bundle"]);
    let main = git(&saved.source, &["rev-parse", "main"]);
    saved.restore(&saved.source);
    assert_eq!(files(&saved.source), files(&saved.target));
    assert_eq!(
        git(&saved.source, &["rev-parse", "main"]),
        main,
        "the user's branch did not move"
    );
    let of = |folder: &Path, name: &str| git(folder, &["rev-parse", name]);
    assert_eq!(of(&saved.source, "salvaged/main"), of(&saved.target, "main"));
    assert_eq!(
        of(&saved.source, "salvaged/detached-head"),
        of(&saved.target, "HEAD")
    );
    for number in ["0", "1"] {
        let stash = of(&saved.target, &format!("stash@{{{number}}}"));
        assert_eq!(
            of(&saved.source, &format!("refs/salvaged/stashes/{number}")),
            stash
        );
        git(&saved.source, &["stash", "show", "--include-untracked", &stash]);
    }
    let readme = fs_err::read_to_string(saved.salvage.path.join("README.txt")).unwrap();
    insta::assert_snapshot!(readme.replace(saved.place.at("").to_str().unwrap(), "/"), @r#"
    Work saved from the workspace /target

    Run the commands below in your own checkout of the project. None of them changes
    a branch you have: what they bring back is on new branches.

    == The project's repository (the work was on a detached HEAD)

    Commits and stashes: these come back below refs/heads/salvaged and refs/salvaged.

        git fetch '/salvage/it'\''s here/work.bundle' 'refs/heads/*:refs/heads/salvaged/*' 'refs/*:refs/salvaged/*'

      refs/heads/main, commits: 1, at 0e321cff5e6a6a50d061629be3a615cae6425a7e
      HEAD, commits: 2, at db289ee39d4ef80b9309afea1fcb74f1ee566a67
      stash "On main: two", to be applied by: git stash apply c606466ef00c6efe67a655a6f88b35b0b58b9250
      stash "On main: one", to be applied by: git stash apply be841b658d1ce90afd894e8b5d1552029ba9e07a

    Uncommitted changes (files: 1), on a new branch:

        git switch --create salvaged-changes db289ee39d4ef80b9309afea1fcb74f1ee566a67
        git apply --whitespace=nowarn '/salvage/it'\''s here/changes.patch'
    "#);
}

#[test]
fn what_git_stores_in_another_form_comes_back_as_it_was() {
    let saved = saved(
        |source| {
            repository(source);
            file(&source.join(".gitattributes"), "*.txt text=auto\n");
            file(&source.join("a.txt"), "one\n");
            commit(source, "attributes");
        },
        |target| {
            file(&target.join("a.txt"), "one\r\ntwo\nthree\r\n");
            file(&target.join("b.txt"), "new\r\n");
            file(&target.join("c"), "plain\n");
        },
    );
    assert_eq!(saved.files(), ["README.txt", "changes.patch", "raw.tar"]);
    saved.restore(&saved.source);
    assert_eq!(files(&saved.source), files(&saved.target));
}

#[test]
fn what_is_only_staged_is_kept_apart() {
    let saved = saved(repository, |target| {
        file(&target.join("README"), "staged\n");
        git(target, &["add", "README"]);
        file(&target.join("README"), "later\n");
    });
    assert_eq!(saved.files(), ["README.txt", "changes.patch", "staged.patch"]);
    git(
        &saved.source,
        &["apply", saved.salvage.path.join("staged.patch").to_str().unwrap()],
    );
    assert_eq!(
        fs_err::read_to_string(saved.source.join("README")).unwrap(),
        "staged\n"
    );
    git(&saved.source, &["checkout", "README"]);
    saved.restore(&saved.source);
    assert_eq!(files(&saved.source), files(&saved.target));
}

#[test]
fn a_repository_without_a_commit() {
    let saved = saved(
        |source| file(&source.join("x"), "x"),
        |target| {
            git(target, &["init", "--quiet"]);
            file(&target.join("y"), "y");
        },
    );
    assert_eq!(saved.files(), ["README.txt", "changes.patch"]);
    let empty = saved.place.at("empty");
    fs_err::create_dir(&empty).unwrap();
    git(&empty, &["init", "--quiet"]);
    saved.restore(&empty);
    assert_eq!(files(&empty), files(&saved.target));
}

#[test]
fn a_bundle_is_whole_when_the_source_is_gone() {
    let place = Place::new();
    let (source, target, dest) = (place.at("source"), place.at("target"), place.at("salvage"));
    repository(&source);
    let report = plain_copy(&source, &target).unwrap();
    let baseline = baseline(&source, &target, &report.repositories).unwrap();
    commit(&target, "work");
    fs_err::remove_dir_all(&source).unwrap();
    let found = unsaved(
        &target,
        &Base {
            source: &source,
            baseline: &baseline,
        },
    )
    .unwrap();
    salvage(&target, &found, &dest).unwrap();
    git(
        &place.at(""),
        &[
            "clone",
            "--quiet",
            "--branch",
            "main",
            "salvage/work.bundle",
            "clone",
        ],
    );
    assert_eq!(
        git(&place.at("clone"), &["rev-parse", "HEAD"]),
        git(&target, &["rev-parse", "HEAD"])
    );
}

#[test]
fn files_outside_of_git_and_repositories_below() {
    let saved = saved(
        |source| {
            file(&source.join("old"), "x");
            repository(&source.join("sub/one"));
        },
        |target| {
            file(&target.join("new/file"), [0, 255, 10]);
            chmod(&target.join("new/file"), 0o750);
            std::os::unix::fs::symlink("nowhere", target.join("new/link")).unwrap();
            file(&target.join("sub/one/new"), "x");
        },
    );
    assert_eq!(
        saved.files(),
        ["README.txt", "files.tar", "nested/sub/one/changes.patch"]
    );
    let restored = saved.place.at("restored");
    fs_err::create_dir(&restored).unwrap();
    let tar = saved.salvage.path.join("files.tar");
    run(&restored, &["tar", "-xpf", tar.to_str().unwrap()]);
    assert_eq!(
        files(&restored),
        files(&saved.target)
            .into_iter()
            .filter(|(path, ..)| path.starts_with("new"))
            .collect::<Vec<_>>()
    );
    let patch = saved.salvage.path.join("nested/sub/one/changes.patch");
    git(&saved.source.join("sub/one"), &["apply", patch.to_str().unwrap()]);
    assert_eq!(
        names(&saved.source.join("sub/one")),
        names(&saved.target.join("sub/one"))
    );
}

#[test]
fn what_is_already_there_is_not_touched() {
    let place = Place::new();
    let (source, target, dest) = (place.at("source"), place.at("target"), place.at("dest"));
    repository(&source);
    let report = plain_copy(&source, &target).unwrap();
    let baseline = baseline(&source, &target, &report.repositories).unwrap();
    let found = unsaved(
        &target,
        &Base {
            source: &source,
            baseline: &baseline,
        },
    )
    .unwrap();
    file(&dest.join("mine"), "x");
    assert!(matches!(
        salvage(&target, &found, &dest),
        Err(SalvageError::Exists { .. })
    ));
    assert_eq!(names(&place.at("")), ["dest", "source", "target"]);
}

#[test]
fn the_commit_that_changes_were_made_on_is_saved_where_the_source_lacks_it() {
    let saved = saved(repository, |target| {
        let upstream = target.parent().unwrap().join("upstream");
        git(
            target.parent().unwrap(),
            &["clone", "--quiet", "source", "upstream"],
        );
        commit(&upstream, "newer");
        git(target, &["remote", "add", "origin", "../upstream"]);
        git(target, &["fetch", "--quiet", "origin"]);
        git(target, &["switch", "--quiet", "--detach", "origin/main"]);
        file(&target.join("README"), "changed\n");
    });
    assert_eq!(saved.files(), ["README.txt", "changes.patch", "work.bundle"]);
    saved.restore(&saved.source);
    assert_eq!(files(&saved.source), files(&saved.target));
}

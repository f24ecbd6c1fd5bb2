// SPDX-License-Identifier: MIT
//! `destroy` and work that is nowhere else: refused, and with `--force` saved so that it can be had back.

use std::path::{Path, PathBuf};

use crate::support::{Cilo, Home, IDLE, Project, git, needs_engine, repository, tree, write};

/// A committed project and an environment of it, never started.
fn created(home: &Home) -> (Project, PathBuf) {
    let project = home
        .project("app", IDLE)
        .write("file", "one\n")
        .write("other", "two\n");
    repository(project.path());
    home.run(&project, ["create", "a"]).ok();
    let workspace = home.workspace(&project, "a");
    (project, workspace)
}

/// Refused without force, with the message; forced, saved. Returns where.
#[track_caller]
fn salvaged(home: &Home, project: &Project) -> (String, PathBuf) {
    let workspace = home.workspace(project, "a");
    let (source, copy) = (project.tree(), tree(&workspace));
    let refused = home.run(project, ["destroy", "a"]).ends_with(5);
    assert_eq!(home.listed(), ["app/a created"]);
    assert_eq!(tree(&workspace).len(), copy.len(), "nothing was destroyed");
    let forced = home.run(project, ["destroy", "a", "--force"]).ok();
    assert_eq!(project.tree(), source, "the source is never written to");
    home.is_empty();
    let folder = home.path().join("salvage").join(project.name()).join("a");
    let saved = fs_err::read_dir(folder).unwrap().next().unwrap().unwrap().path();
    assert!(
        forced.stderr.contains(saved.to_str().unwrap()),
        "{}",
        forced.stderr
    );
    let error = refused.told();
    let error = error
        .lines()
        .filter(|line| line.starts_with("exit") || line.starts_with("error") || line.starts_with("hint"));
    (error.collect::<Vec<_>>().join("\n"), saved)
}

/// Runs the commands that the salvage's own README gives, in a clone of the project as a user would have it.
fn restored(home: &Home, project: &Project, saved: &Path) -> PathBuf {
    let clone = home.folder().join("restored");
    git(
        home.folder(),
        &["clone", "--quiet", project.path().to_str().unwrap(), "restored"],
    );
    let readme = fs_err::read_to_string(saved.join("README.txt")).unwrap();
    let commands = readme
        .lines()
        .filter_map(|line| line.strip_prefix("    "))
        .filter(|line| !line.starts_with('#'));
    for command in commands {
        Cilo::new("sh").args(["-c", command]).dir(&clone).run().ok();
    }
    clone
}

#[test]
fn a_workspace_without_work_goes_without_questions_when_forced() {
    if !needs_engine() {
        return;
    }
    let home = Home::new();
    let (project, _) = created(&home);
    let asked = home.run(&project, ["destroy", "a"]);
    insta::assert_snapshot!(asked.told(), @r"
    exit 2
    app/a:
      workspace [TMP]/home/envs/app/a
    error: there is no terminal to ask on; say --force to destroy without asking
    ");
    assert_eq!(home.listed(), ["app/a created"]);
    home.run(&project, ["destroy", "a", "--force"]).ok();
    home.is_empty();
    assert!(!home.path().join("salvage").exists(), "there was nothing to save");
}

#[test]
fn on_a_terminal_it_asks_and_heeds_the_answer() {
    if !needs_engine() {
        return;
    }
    let home = Home::new();
    let (project, _) = created(&home);
    let answered = |answer: &str| {
        let line = format!("{} destroy a", env!("CARGO_BIN_EXE_cilo"));
        let script = home
            .arrange(Cilo::new("script"))
            .args(["-qec", &line, "/dev/null"]);
        script.dir(project.path()).input(answer).run()
    };
    for no in ["n\n", "\n"] {
        let refused = answered(no).ends_with(1);
        assert!(refused.stdout.contains("Destroy it? [y/N]"), "{}", refused.stdout);
        assert_eq!(home.listed(), ["app/a created"]);
    }
    answered("y\n").ok();
    home.is_empty();
}

#[test]
fn files_that_git_never_saw() {
    if !needs_engine() {
        return;
    }
    let home = Home::new();
    let (project, workspace) = created(&home);
    let bytes: Vec<u8> = (0..=255).cycle().take(5_000).collect();
    write(&workspace.join("new/image.bin"), &bytes);
    let (error, saved) = salvaged(&home, &project);
    insta::assert_snapshot!(error, @r"
    exit 5
    error: app/a holds work that exists nowhere else: 1 uncommitted file (new/image.bin)
    hint: see it in `cilo path a`; `--force` keeps a patch of it under ~/.cilo/salvage and destroys
    ");
    let clone = restored(&home, &project, &saved);
    assert_eq!(fs_err::read(clone.join("new/image.bin")).unwrap(), bytes);
}

#[test]
fn changes_staged_and_not() {
    if !needs_engine() {
        return;
    }
    let home = Home::new();
    let (project, workspace) = created(&home);
    write(&workspace.join("file"), "staged\n");
    git(&workspace, &["add", "file"]);
    write(
        &workspace.join("other"),
        "no line end, \r\n and one of another system",
    );
    let (error, saved) = salvaged(&home, &project);
    insta::assert_snapshot!(error, @r"
    exit 5
    error: app/a holds work that exists nowhere else: 2 uncommitted files (file, other)
    hint: see it in `cilo path a`; `--force` keeps a patch of it under ~/.cilo/salvage and destroys
    ");
    let clone = restored(&home, &project, &saved);
    assert_eq!(fs_err::read_to_string(clone.join("file")).unwrap(), "staged\n");
    let other = fs_err::read_to_string(clone.join("other")).unwrap();
    assert_eq!(other, "no line end, \r\n and one of another system");
}

#[test]
fn only_a_stash() {
    if !needs_engine() {
        return;
    }
    let home = Home::new();
    let (project, workspace) = created(&home);
    write(&workspace.join("file"), "stashed\n");
    git(
        &workspace,
        &["stash", "push", "--quiet", "--message", "for later"],
    );
    let (error, saved) = salvaged(&home, &project);
    insta::assert_snapshot!(error, @r"
    exit 5
    error: app/a holds work that exists nowhere else: 1 stash
    hint: see it in `cilo path a`; `--force` keeps a patch of it under ~/.cilo/salvage and destroys
    ");
    let clone = restored(&home, &project, &saved);
    let readme = fs_err::read_to_string(saved.join("README.txt")).unwrap();
    let apply = readme
        .lines()
        .find_map(|line| line.split_once("git stash apply "))
        .unwrap()
        .1;
    git(&clone, &["stash", "apply", "--quiet", apply]);
    assert_eq!(fs_err::read_to_string(clone.join("file")).unwrap(), "stashed\n");
}

#[test]
fn only_a_commit_that_no_branch_has() {
    if !needs_engine() {
        return;
    }
    let home = Home::new();
    let (project, workspace) = created(&home);
    git(&workspace, &["switch", "--quiet", "--detach"]);
    write(&workspace.join("file"), "committed\n");
    git(
        &workspace,
        &["commit", "--quiet", "--all", "--message", "the work of a day"],
    );
    let commit = git(&workspace, &["rev-parse", "HEAD"]);
    let (error, saved) = salvaged(&home, &project);
    insta::assert_snapshot!(error, @r"
    exit 5
    error: app/a holds work that exists nowhere else: 1 unpushed commit
    hint: see it in `cilo path a`; `--force` keeps a patch of it under ~/.cilo/salvage and destroys
    ");
    let clone = restored(&home, &project, &saved);
    assert_eq!(git(&clone, &["show", &format!("{commit}:file")]), "committed");
}

#[test]
fn a_branch_that_was_not_pushed() {
    if !needs_engine() {
        return;
    }
    let home = Home::new();
    let (project, workspace) = created(&home);
    git(&workspace, &["switch", "--quiet", "--create", "agent/login"]);
    write(&workspace.join("file"), "committed\n");
    git(&workspace, &["commit", "--quiet", "--all", "--message", "login"]);
    let commit = git(&workspace, &["rev-parse", "HEAD"]);
    // Once the source has it, nothing is lost.
    let (_, saved) = salvaged(&home, &project);
    let clone = restored(&home, &project, &saved);
    assert_eq!(git(&clone, &["rev-parse", "salvaged/agent/login"]), commit);
    home.run(&project, ["create", "a"]).ok();
    git(
        &workspace,
        &[
            "fetch",
            "--quiet",
            clone.to_str().unwrap(),
            &format!("{commit}:refs/heads/again"),
        ],
    );
    home.run(&project, ["destroy", "a"]).ends_with(5);
    git(
        project.path(),
        &["fetch", "--quiet", workspace.to_str().unwrap(), "again:again"],
    );
    // Nothing to lose any more: only the question is left, which nobody is there to answer.
    home.run(&project, ["destroy", "a"]).ends_with(2);
}

#[test]
fn a_project_without_git() {
    if !needs_engine() {
        return;
    }
    let home = Home::new();
    let project = home.project("app", IDLE).write("file", "one");
    home.run(&project, ["create", "a"]).ok();
    home.run(&project, ["destroy", "a"]).ends_with(2);
    write(&home.workspace(&project, "a").join("notes/today.txt"), "much");
    let (error, saved) = salvaged(&home, &project);
    insta::assert_snapshot!(error, @r"
    exit 5
    error: app/a holds work that exists nowhere else: 1 changed file (notes/today.txt)
    hint: see it in `cilo path a`; `--force` keeps a patch of it under ~/.cilo/salvage and destroys
    ");
    Cilo::new("tar")
        .args(["-xpf", "files.tar"])
        .dir(&saved)
        .run()
        .ok();
    assert_eq!(
        fs_err::read_to_string(saved.join("notes/today.txt")).unwrap(),
        "much"
    );
}

#[test]
fn what_was_uncommitted_in_the_source_is_no_work_of_the_workspace() {
    if !needs_engine() {
        return;
    }
    let home = Home::new();
    let project = home.project("app", IDLE).write("file", "one\n");
    repository(project.path());
    let project = project
        .write("file", "changed in the source\n")
        .write("untracked", "in the source\n");
    home.run(&project, ["create", "a"]).ok();
    home.run(&project, ["destroy", "a"]).ends_with(2);
    write(
        &home.workspace(&project, "a").join("untracked"),
        "changed in the workspace\n",
    );
    home.run(&project, ["destroy", "a"]).ends_with(5);
}

#[test]
fn a_workspace_may_be_kept() {
    if !needs_engine() {
        return;
    }
    let home = Home::new();
    let (project, workspace) = created(&home);
    write(&workspace.join("file"), "kept\n");
    home.run(&project, ["destroy", "a", "--force", "--keep-workspace"])
        .ok();
    assert_eq!(fs_err::read_to_string(workspace.join("file")).unwrap(), "kept\n");
    assert_eq!(home.listed(), Vec::<String>::new());
    assert!(!home.path().join("salvage").exists());
    // The name is taken by what was kept, and nothing is made over it.
    insta::assert_snapshot!(home.run(&project, ["create", "a"]).told(), @r"
    exit 5
    error: the workspace of app/a cannot be made: [TMP]/home/envs/app/a is there already, and belongs to no environment
    hint: look at [TMP]/home/envs/app/a and move it away, or use another name for `a`
    ");
    home.run(&project, ["up", "a"]).ends_with(5);
    assert_eq!(home.listed(), Vec::<String>::new());
    assert_eq!(fs_err::read_to_string(workspace.join("file")).unwrap(), "kept\n");
}

#[test]
fn all_of_a_project_and_no_other() {
    if !needs_engine() {
        return;
    }
    let home = Home::new();
    let (one, two) = (home.project("one", IDLE), home.project("two", IDLE));
    for (project, env) in [(&one, "a"), (&one, "b"), (&two, "c")] {
        home.run(project, ["create", env]).ok();
    }
    write(&home.workspace(&one, "a").join("new"), "");
    home.run(&one, ["destroy", "--all"]).ends_with(5);
    home.run(&one, ["destroy", "--all", "--force"]).ok();
    assert_eq!(home.listed(), ["two/c created"]);
    home.run(&one, ["destroy", "--all", "--everywhere", "--force"])
        .ok();
    home.is_empty();
    home.cilo(["destroy", "--all", "--force"]).run().ok();
}

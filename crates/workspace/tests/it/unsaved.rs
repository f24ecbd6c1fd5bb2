// SPDX-License-Identifier: MIT
//! What counts as work that would be lost, and what does not.

use std::path::{Path, PathBuf};

use cilo_workspace::{Base, Baseline, Unsaved, baseline, unsaved};

use crate::support::*;

/// A source, its copy and the copy's starting point.
struct Copied {
    place: Place,
    source: PathBuf,
    target: PathBuf,
    baseline: Baseline,
}

impl Copied {
    fn new(prepare: impl Fn(&Path)) -> Self {
        let place = Place::new();
        let (source, target) = (place.at("source"), place.at("target"));
        fs_err::create_dir(&source).unwrap();
        prepare(&source);
        let report = plain_copy(&source, &target).unwrap();
        let before = tree_digest(&source);
        let baseline = baseline(&source, &target, &report.repositories).unwrap();
        assert_eq!(tree_digest(&source), before, "the source was written to");
        let stored = serde_json::to_string(&baseline).unwrap();
        let baseline = serde_json::from_str(&stored).unwrap();
        Self {
            place,
            source,
            target,
            baseline,
        }
    }

    fn unsaved(&self) -> Unsaved {
        unsaved(
            &self.target,
            &Base {
                source: &self.source,
                baseline: &self.baseline,
            },
        )
        .unwrap()
    }

    /// What is unsaved, in a few lines.
    fn lines(&self) -> Vec<String> {
        let found = self.unsaved();
        let mut lines = Vec::new();
        for repository in &found.repositories {
            let name = repository.path.display();
            lines.extend(
                repository
                    .changes
                    .iter()
                    .map(|change| format!("{name}: {:?} {}", change.kind, change.path.display())),
            );
            lines.extend(
                repository
                    .stashes
                    .iter()
                    .map(|stash| format!("{name}: stash {}", stash.message)),
            );
            lines.extend(
                repository
                    .branches
                    .iter()
                    .map(|branch| format!("{name}: {} +{}", branch.name, branch.commits)),
            );
        }
        lines.extend(found.files.names.iter().map(|path| path.display().to_string()));
        assert_eq!(found.is_empty(), lines.is_empty());
        lines
    }
}

/// Work in progress of the user's own.
fn in_progress(folder: &Path) {
    repository(folder);
    file(&folder.join("README"), "the user's change\n");
    file(&folder.join("notes/mine"), "the user's file\n");
    file(&folder.join("staged"), "the user's");
    git(folder, &["add", "staged"]);
    file(&folder.join("src/main"), "stashed\n");
    git(folder, &["stash", "push", "--quiet", "src/main"]);
    git(folder, &["branch", "elsewhere"]);
}

#[test]
fn a_fresh_copy_holds_nothing_of_its_own() {
    let copied = Copied::new(in_progress);
    assert_eq!(copied.lines(), [""; 0]);
    // Looking at it, building in it and throwing the user's changes away is no work either.
    git(&copied.target, &["status"]);
    file(&copied.target.join("ignored/build"), "x");
    file(&copied.target.join("debug.log"), "x");
    git(&copied.target, &["checkout", "README"]);
    git(&copied.target, &["stash", "drop", "--quiet"]);
    git(&copied.target, &["switch", "--quiet", "--create", "empty-branch"]);
    assert_eq!(copied.lines(), [""; 0]);
}

#[test]
fn every_kind_of_uncommitted_change_counts() {
    let copied = Copied::new(in_progress);
    let target = &copied.target;
    file(&target.join("README"), "the agent's change\n");
    file(&target.join("new/file"), "x");
    file(&target.join("src/main"), "changed\n");
    file(&target.join("added"), "x");
    git(target, &["add", "added"]);
    fs_err::remove_file(target.join("notes/mine")).unwrap();
    fs_err::remove_file(target.join(".gitignore")).unwrap();
    insta::assert_snapshot!(copied.lines().join("\n"), @r"
    : Deleted .gitignore
    : Modified README
    : Staged added
    : Modified src/main
    : Untracked new/file
    ");
}

#[test]
fn only_the_mode_or_what_is_staged_changed() {
    let copied = Copied::new(in_progress);
    chmod(&copied.target.join("src/main"), 0o755);
    git(&copied.target, &["add", "README"]);
    assert_eq!(copied.lines(), [": Staged README", ": Modified src/main"]);
}

#[test]
fn commits_and_stashes_count_until_they_are_somewhere_else() {
    let copied = Copied::new(in_progress);
    let (source, target) = (&copied.source, &copied.target);
    git(target, &["stash", "push", "--quiet", "--include-untracked"]);
    git(target, &["commit", "--quiet", "--allow-empty", "-m", "one"]);
    git(target, &["switch", "--quiet", "--create", "agents"]);
    git(target, &["commit", "--quiet", "--allow-empty", "-m", "two"]);
    git(target, &["tag", "--annotate", "-m", "x", "v1"]);
    git(target, &["switch", "--quiet", "--detach"]);
    git(target, &["commit", "--quiet", "--allow-empty", "-m", "three"]);
    insta::assert_snapshot!(copied.lines().join("\n"), @r"
    : stash WIP on main: 53a3ce7 first
    : refs/heads/agents +2
    : refs/heads/main +1
    : refs/tags/v1 +2
    : HEAD +3
    ");
    assert_eq!(copied.unsaved().repositories[0].commits, 3);
    git(target, &["stash", "drop", "--quiet"]);

    // Pushed: a remote-tracking branch leads to it.
    git(&copied.place.at(""), &["init", "--quiet", "--bare", "remote"]);
    git(target, &["remote", "add", "origin", "../remote"]);
    git(target, &["push", "--quiet", "origin", "agents"]);
    assert_eq!(copied.lines(), [": HEAD +1"]);

    // Merged in the source, under another name, and with more on top.
    git(source, &["stash", "push", "--quiet", "--include-untracked"]);
    git(
        source,
        &["pull", "--quiet", "--no-rebase", target.to_str().unwrap(), "HEAD"],
    );
    git(source, &["commit", "--quiet", "--allow-empty", "-m", "on top"]);
    assert_eq!(copied.lines(), [""; 0]);

    // Fetched there once, but no branch of it leads there: soon cleaned up.
    git(source, &["reset", "--quiet", "--hard", "HEAD~4"]);
    assert_eq!(copied.lines(), [": HEAD +1"]);
}

#[test]
fn branches_that_the_source_had_do_not_count_when_it_drops_them() {
    let copied = Copied::new(|source| {
        repository(source);
        git(source, &["switch", "--quiet", "--create", "old"]);
        commit(source, "old");
        git(source, &["switch", "--quiet", "main"]);
    });
    git(&copied.source, &["branch", "--quiet", "-D", "old"]);
    git(&copied.source, &["reflog", "expire", "--expire=now", "--all"]);
    git(&copied.source, &["gc", "--quiet", "--prune=now"]);
    assert_eq!(copied.lines(), [""; 0]);
}

#[test]
fn everything_counts_when_the_source_is_gone() {
    let copied = Copied::new(in_progress);
    fs_err::remove_dir_all(&copied.source).unwrap();
    insta::assert_snapshot!(copied.lines().join("\n"), @r"
    : Modified README
    : Staged staged
    : Untracked notes/mine
    : stash WIP on main: 53a3ce7 first
    : refs/heads/elsewhere +1
    : refs/heads/main +1
    ");
}

#[test]
fn a_worktree_source_is_asked_for_its_branches() {
    let place = Place::new();
    let (main, source, target) = (place.at("main"), place.at("source"), place.at("target"));
    repository(&main);
    git(
        &main,
        &["worktree", "add", "--quiet", "-b", "feature", "../source"],
    );
    let report = plain_copy(&source, &target).unwrap();
    let baseline = baseline(&source, &target, &report.repositories).unwrap();
    let base = Base {
        source: &source,
        baseline: &baseline,
    };
    assert!(unsaved(&target, &base).unwrap().is_empty());
    commit(&target, "new");
    assert_eq!(
        unsaved(&target, &base).unwrap().repositories[0].branches[0].name,
        "refs/heads/feature"
    );
    git(
        &main,
        &["fetch", "--quiet", target.to_str().unwrap(), "feature:from-agent"],
    );
    assert!(unsaved(&target, &base).unwrap().is_empty());
}

#[test]
fn repositories_below_and_new_ones_count() {
    let copied = Copied::new(|source| {
        repository(&source.join("one"));
        repository(&source.join("two"));
        file(&source.join("two/.gitignore"), "inner\n");
        commit(&source.join("two"), "ignore");
        repository(&source.join("two/inner"));
        repository(&source.join("deep/a/b/c/d/e/f/g/h/i/j"));
        file(&source.join("loose"), "x");
    });
    assert_eq!(copied.lines(), [""; 0]);
    commit(&copied.target.join("two/inner"), "deep inside");
    file(&copied.target.join("one/new"), "x");
    file(&copied.target.join("deep/a/b/c/d/e/f/g/h/i/j/new"), "x");
    repository(&copied.target.join("three"));
    file(&copied.target.join("loose"), "changed");
    file(&copied.target.join("node_modules/x"), "generated");
    insta::assert_snapshot!(copied.lines().join("\n"), @r"
    deep/a/b/c/d/e/f/g/h/i/j: Untracked new
    one: Untracked new
    three: refs/heads/main +1
    two/inner: refs/heads/main +1
    loose
    ");
}

#[test]
fn a_repository_inside_a_repository_is_asked_itself() {
    let copied = Copied::new(|source| {
        repository(source);
        repository(&source.join("nested"));
    });
    assert_eq!(copied.lines(), [""; 0]);
    file(&copied.target.join("nested/new"), "x");
    assert_eq!(copied.lines(), ["nested: Untracked new"]);
}

#[test]
fn a_workspace_without_git_is_compared_by_time() {
    let copied = Copied::new(|source| {
        file(&source.join("a/file"), "x");
        file(&source.join("old"), "x");
        file(&source.join("node_modules/x/index.js"), "x");
    });
    assert_eq!(copied.lines(), [""; 0]);
    file(&copied.target.join("a/new"), "x");
    // A program that puts the old time back is seen all the same.
    let old = copied.target.join("old").metadata().unwrap().modified().unwrap();
    file(&copied.target.join("old"), "y");
    fs_err::File::options()
        .write(true)
        .open(copied.target.join("old"))
        .unwrap()
        .file()
        .set_modified(old)
        .unwrap();
    file(&copied.target.join("node_modules/y/index.js"), "x");
    file(
        &copied.target.join("target/CACHEDIR.TAG"),
        "Signature: 8a477f597d28d172789f06886806bc55\n",
    );
    file(&copied.target.join("target/debug/program"), "x");
    fs_err::remove_file(copied.target.join("a/file")).unwrap();
    assert_eq!(copied.lines(), ["a/new", "old"]);
    for number in 0..150 {
        file(&copied.target.join(format!("many/{number}")), "x");
    }
    let found = copied.unsaved();
    assert_eq!((found.files.names.len(), found.files.total), (100, 152));
}

#[test]
fn submodules_count() {
    let copied = Copied::new(|source| {
        repository(source);
        let library = source.parent().unwrap().join("library");
        repository(&library);
        git(
            source,
            &[
                "-c",
                "protocol.file.allow=always",
                "submodule",
                "--quiet",
                "add",
                "../library",
                "lib",
            ],
        );
        commit(source, "with a submodule");
        file(&source.join("lib/dirty"), "the user's");
    });
    assert_eq!(copied.lines(), [""; 0]);
    commit(&copied.target.join("lib"), "the agent's");
    assert_eq!(copied.lines(), [": Modified lib", "lib: refs/heads/main +1"]);
}

#[test]
fn names_of_any_bytes_are_told_apart() {
    use std::os::unix::ffi::OsStrExt;
    let odd = Path::new(std::ffi::OsStr::from_bytes(b"caf\xe9 \"quoted\"\n new"));
    let copied = Copied::new(|source| {
        repository(source);
        file(&source.join(odd), "x");
    });
    assert_eq!(copied.lines(), [""; 0]);
    file(&copied.target.join(odd), "y");
    assert_eq!(copied.unsaved().repositories[0].changes[0].path, odd);
}

#[test]
fn relative_paths_will_do() {
    let copied = Copied::new(repository);
    let up: PathBuf = std::env::current_dir()
        .unwrap()
        .components()
        .skip(1)
        .map(|_| "..")
        .collect();
    let relative = |path: &Path| up.join(path.strip_prefix("/").unwrap());
    let (source, target, other) = (
        relative(&copied.source),
        relative(&copied.target),
        copied.place.at("other"),
    );
    let report = plain_copy(&source, &relative(&other)).unwrap();
    let before = baseline(&source, &relative(&other), &report.repositories).unwrap();
    assert_eq!(before.repositories, copied.baseline.repositories);
    commit(&copied.target, "work");
    file(&copied.target.join("README"), "changed");
    let found = unsaved(
        &target,
        &Base {
            source: &source,
            baseline: &copied.baseline,
        },
    )
    .unwrap();
    cilo_workspace::salvage(&target, &found, &relative(&copied.place.at("salvage"))).unwrap();
    assert_eq!(
        names(&copied.place.at("salvage")),
        ["README.txt", "changes.patch", "work.bundle"]
    );
    cilo_workspace::remove(&target, &relative(&copied.place.at(""))).unwrap();
}

/// A workspace's settings were written by whoever worked in it: they must start nothing on the host.
#[test]
fn a_filter_that_a_workspace_defines_is_not_run() {
    let copied = Copied::new(|source| {
        repository(source);
        file(&source.join("a.txt"), "a\n");
        git(source, &["add", "."]);
        commit(source, "first");
    });
    let (target, mark) = (copied.target.clone(), copied.place.at("mark"));
    fs_err::write(target.join(".gitattributes"), "* filter=mine\n").unwrap();
    let trap = format!("touch '{}'; cat", mark.display());
    for key in ["clean", "smudge", "process"] {
        git(&target, &["config", &format!("filter.mine.{key}"), &trap]);
    }
    git(&target, &["config", "filter.mine.required", "true"]);
    fs_err::write(target.join("a.txt"), "changed\n").unwrap();
    let work = copied.unsaved();
    assert!(!work.is_empty());
    cilo_workspace::salvage(&target, &work, &copied.place.at("salvage")).unwrap();
    assert!(!mark.exists(), "the workspace's filter was run");
}

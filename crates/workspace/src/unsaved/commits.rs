// SPDX-License-Identifier: MIT
//! Commits and stashes that are in one repository only.

use std::collections::BTreeSet;

use crate::git::{Git, GitError, Head};

/// A stash that would be lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stash {
    /// Its commit, as `git stash apply` takes it.
    pub commit: String,
    /// What `git stash list` says of it.
    pub message: String,
}

/// A branch, tag or other reference that leads to commits that would be lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// The reference's full name; `HEAD` when it is detached.
    pub name: String,
    /// The commit it is at.
    pub commit: String,
    /// How many commits it leads to that are nowhere else. Branches may share them.
    pub commits: u64,
}

/// A local reference and what it is at.
#[derive(Clone, Debug)]
pub(crate) struct Tip {
    pub(crate) name: String,
    /// The object named, which may be a tag.
    pub(crate) object: String,
    /// The commit it comes down to.
    pub(crate) commit: String,
}

/// What is in a repository only.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lost {
    pub(crate) branches: Vec<Branch>,
    pub(crate) commits: u64,
    /// Objects here that the source has, too.
    pub(crate) known: Vec<String>,
}

/// The local references, `HEAD` among them where it is detached: remote-tracking ones and stashes are not.
pub(crate) fn tips(git: &Git) -> Result<Vec<Tip>, GitError> {
    let output = git.run(&["for-each-ref", "--format=%(objectname) %(*objectname) %(refname)"])?;
    let mut tips = Vec::new();
    for line in String::from_utf8_lossy(&output).lines() {
        let mut words = line.splitn(3, ' ');
        let (Some(object), Some(peeled), Some(name)) = (words.next(), words.next(), words.next()) else {
            continue;
        };
        if name.starts_with("refs/remotes/") || name == "refs/stash" {
            continue;
        }
        let commit = if peeled.is_empty() { object } else { peeled };
        tips.push(Tip {
            name: name.to_owned(),
            object: object.to_owned(),
            commit: commit.to_owned(),
        });
    }
    if let Ok(Head::Commit(commit)) = git.head() {
        tips.push(Tip {
            name: "HEAD".to_owned(),
            object: commit.clone(),
            commit,
        });
    }
    Ok(tips)
}

/// The stashes, the newest first.
pub(crate) fn stashes(git: &Git) -> Result<Vec<Stash>, GitError> {
    let output = git.run(&["stash", "list", "--format=%H %gs"])?;
    let text = String::from_utf8_lossy(&output);
    let stashes = text
        .lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(commit, message)| Stash {
            commit: commit.to_owned(),
            message: message.to_owned(),
        });
    Ok(stashes.collect())
}

/// Commits that local references of `git` lead to, and neither remote-tracking ones, nor `before`, nor `source`.
pub(crate) fn lost(git: &Git, before: &BTreeSet<String>, source: Option<&Git>) -> Result<Lost, GitError> {
    let tips = tips(git)?;
    let mut known: BTreeSet<String> = BTreeSet::new();
    if let Some(source) = source {
        known.extend(self::tips(source)?.into_iter().map(|tip| tip.commit));
        known.extend(source.line(&["rev-parse", "--verify", "HEAD"]).ok());
        known.extend(source.line(&["rev-parse", "--verify", "refs/stash"]).ok());
        let remotes = source.run(&["for-each-ref", "--format=%(objectname)", "refs/remotes/"])?;
        known.extend(String::from_utf8_lossy(&remotes).lines().map(str::to_owned));
    }
    let known = existing(git, &known)?;
    let excluded: Vec<String> = before
        .iter()
        .chain(&known)
        .map(|object| format!("^{object}"))
        .collect();
    let wanted = tips.iter().map(|tip| tip.commit.clone());
    let mut lost: BTreeSet<String> = list(git, wanted.chain(excluded.iter().cloned()))?
        .into_iter()
        .collect();
    if let Some(source) = source {
        // What was fetched from here into the source has got there under names this repository has never seen.
        let there = existing(source, &lost)?;
        let loose = list_unreachable(source, &there)?;
        lost.retain(|commit| !there.contains(commit) || loose.contains(commit));
    }
    let mut branches = Vec::new();
    for tip in tips.into_iter().filter(|tip| lost.contains(&tip.commit)) {
        let reached = list(
            git,
            std::iter::once(tip.commit.clone()).chain(excluded.iter().cloned()),
        )?;
        let commits = reached.iter().filter(|commit| lost.contains(*commit)).count() as u64;
        branches.push(Branch {
            name: tip.name,
            commit: tip.object,
            commits,
        });
    }
    Ok(Lost {
        branches,
        commits: lost.len() as u64,
        known: known.into_iter().collect(),
    })
}

/// The commits reached from the given revisions and not from remote-tracking references.
fn list(git: &Git, revisions: impl Iterator<Item = String>) -> Result<Vec<String>, GitError> {
    let input = lines(revisions);
    if input.is_empty() {
        return Ok(Vec::new());
    }
    let output = git.run_with_input(
        &["rev-list", "--ignore-missing", "--stdin", "--not", "--remotes"],
        input.as_bytes(),
    )?;
    Ok(String::from_utf8_lossy(&output)
        .lines()
        .map(str::to_owned)
        .collect())
}

/// Those of the commits, and their ancestors, that no reference of the repository leads to: soon to be cleaned up.
fn list_unreachable(git: &Git, commits: &BTreeSet<String>) -> Result<BTreeSet<String>, GitError> {
    if commits.is_empty() {
        return Ok(BTreeSet::new());
    }
    let output = git.run_with_input(
        &["rev-list", "--stdin", "--not", "--all"],
        lines(commits.iter().cloned()).as_bytes(),
    )?;
    Ok(String::from_utf8_lossy(&output)
        .lines()
        .map(str::to_owned)
        .collect())
}

/// Those of the objects that a repository has.
fn existing(git: &Git, objects: &BTreeSet<String>) -> Result<BTreeSet<String>, GitError> {
    if objects.is_empty() {
        return Ok(BTreeSet::new());
    }
    let input = lines(objects.iter().cloned());
    let output = git.run_with_input(
        &["cat-file", "--batch-check=%(objectname) %(objecttype)"],
        input.as_bytes(),
    )?;
    let text = String::from_utf8_lossy(&output);
    let found = text
        .lines()
        .filter_map(|line| line.split_once(' '))
        .filter(|(_, kind)| *kind != "missing");
    Ok(found.map(|(object, _)| object.to_owned()).collect())
}

fn lines(words: impl Iterator<Item = String>) -> String {
    words.fold(String::new(), |mut text, word| {
        text.push_str(&word);
        text.push('\n');
        text
    })
}

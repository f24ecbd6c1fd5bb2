// SPDX-License-Identifier: MIT
//! The `README.txt` of a salvage: what is in it, and the commands that bring it back.

use std::path::{Path, PathBuf};

use super::repository::{Saved, head_in_words};
use crate::git::Git;
use crate::unsaved::{Branch, Stash, UnsavedRepository};

/// The whole text.
pub(super) fn text(
    workspace: &Path,
    dest: &Path,
    saved: &[(PathBuf, &UnsavedRepository, Saved)],
    changed: usize,
) -> String {
    let mut lines = vec![
        format!("Work saved from the workspace {}", workspace.display()),
        String::new(),
        "Run the commands below in your own checkout of the project. None of them changes".to_owned(),
        "a branch you have: what they bring back is on new branches.".to_owned(),
    ];
    for (part, repository, saved) in saved {
        lines.push(String::new());
        lines.extend(of_repository(workspace, &dest.join(part), repository, saved));
    }
    if changed > 0 {
        lines.push(String::new());
        lines.push(format!("== Files outside of git: {changed} changed or new"));
        lines.push(String::new());
        lines.push(format!(
            "    mkdir restored && tar -C restored -xpf {}",
            quoted(&dest.join("files.tar"))
        ));
    }
    lines.push(String::new());
    lines.join("\n")
}

fn of_repository(
    workspace: &Path,
    folder: &Path,
    repository: &UnsavedRepository,
    saved: &Saved,
) -> Vec<String> {
    let git = Git::of(&workspace.join(&repository.path)).reading_only();
    let on = head_in_words(&git);
    let title = if repository.path.as_os_str().is_empty() {
        format!("== The project's repository (the work was on {on})")
    } else {
        format!(
            "== The repository in {}: run these there (the work was on {on})",
            repository.path.display()
        )
    };
    let mut lines = vec![title, String::new()];
    if saved.bundle {
        let bundle = quoted(&folder.join("work.bundle"));
        lines.push(
            "Commits and stashes: these come back below refs/heads/salvaged and refs/salvaged.".to_owned(),
        );
        lines.push(String::new());
        lines.push(format!(
            "    git fetch {bundle} 'refs/heads/*:refs/heads/salvaged/*' 'refs/*:refs/salvaged/*'"
        ));
        lines.push(String::new());
        for Branch {
            name,
            commits,
            commit,
        } in &repository.branches
        {
            lines.push(format!("  {name}, commits: {commits}, at {commit}"));
        }
        for Stash { message, commit } in &repository.stashes {
            lines.push(format!(
                "  stash \"{message}\", to be applied by: git stash apply {commit}"
            ));
        }
        lines.push(String::new());
    }
    if saved.patch {
        lines.push(format!(
            "Uncommitted changes (files: {}), on a new branch:",
            repository.changes.len()
        ));
        lines.push(String::new());
        lines.push(match &saved.head {
            Some(head) => format!("    git switch --create salvaged-changes {head}"),
            None => "    git switch --orphan salvaged-changes".to_owned(),
        });
        lines.push(format!(
            "    git apply --whitespace=nowarn {}",
            quoted(&folder.join("changes.patch"))
        ));
        if saved.raw {
            lines.push(format!("    tar -xpf {}", quoted(&folder.join("raw.tar"))));
        }
        lines.push(String::new());
        if saved.staged {
            lines.push(
                "Something else was staged; that is in staged.patch, against the same commit.".to_owned(),
            );
            lines.push(String::new());
        }
    }
    lines.pop();
    lines
}

/// A path as one word of a shell's line.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_one_word() {
        assert_eq!(quoted(Path::new("/a b/it's")), r"'/a b/it'\''s'");
    }
}

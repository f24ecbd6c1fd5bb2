// SPDX-License-Identifier: MIT
//! Git, with nobody's settings.

use std::path::Path;

use super::command::Cilo;

/// What git says to `args` in `folder`.
#[track_caller]
pub(crate) fn git(folder: &Path, args: &[&str]) -> String {
    let who = [
        "-c",
        "user.name=Test",
        "-c",
        "user.email=test@example.com",
        "-c",
        "commit.gpgsign=false",
    ];
    let ended = Cilo::new("git").dir(folder).args(who).args(args).run().ok();
    ended.stdout.trim_end().to_owned()
}

/// Makes `folder` a repository on the branch `main` with all that is in it committed.
#[track_caller]
pub(crate) fn repository(folder: &Path) {
    git(folder, &["init", "--quiet", "--initial-branch", "main"]);
    git(folder, &["add", "--all"]);
    git(folder, &["commit", "--quiet", "--message", "all"]);
}

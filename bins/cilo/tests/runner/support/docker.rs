// SPDX-License-Identifier: MIT
//! The engine's own command line, for looking and for killing what a test made.

use std::sync::OnceLock;

use super::command::Cilo;

/// What `docker` says to `args`.
#[track_caller]
pub(crate) fn docker(args: &[&str]) -> String {
    let ended = Cilo::new("docker").args(args).run().ok();
    ended.stdout.trim_end().to_owned()
}

/// The engine answers and has the tests' base image.
pub(super) fn answers() -> bool {
    static ANSWERS: OnceLock<bool> = OnceLock::new();
    *ANSWERS.get_or_init(|| {
        let there = |folder: &std::path::Path| folder.join("docker").is_file();
        #[expect(clippy::disallowed_methods, reason = "to see whether a program is there")]
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).any(|folder| there(&folder))
            && Cilo::new("docker")
                .args(["image", "inspect", "busybox:latest"])
                .run()
                .code()
                == 0
    })
}

/// Names of everything in the engine that has a label, as `container NAME` and the like.
pub(super) fn labelled(label: &str) -> Vec<String> {
    let filter = format!("label={label}");
    let mut found = Vec::new();
    for (kind, list) in [
        ("container", &["ps", "--all", "--format", "{{.Names}}"] as &[&str]),
        ("image", &["image", "ls", "--format", "{{.Repository}}"]),
        ("network", &["network", "ls", "--format", "{{.Name}}"]),
        ("volume", &["volume", "ls", "--format", "{{.Name}}"]),
    ] {
        let names = docker(&[list, &["--filter", &filter]].concat());
        found.extend(names.lines().map(|name| format!("{kind} {name}")));
    }
    found.sort();
    found
}

/// Takes away everything that has a label, by id: names may be there twice. What cannot be removed stays.
pub(super) fn remove_labelled(label: &str) {
    let filter = format!("label={label}");
    for (list, remove) in [
        (
            &["ps", "--all", "--quiet"] as &[&str],
            &["rm", "--force", "--volumes"] as &[&str],
        ),
        (&["image", "ls", "--quiet"], &["image", "rm", "--force"]),
        (&["network", "ls", "--quiet"], &["network", "rm"]),
        (&["volume", "ls", "--quiet"], &["volume", "rm", "--force"]),
    ] {
        for id in docker(&[list, &["--filter", &filter]].concat()).lines() {
            drop(Cilo::new("docker").args(remove).args([id]).run());
        }
    }
}

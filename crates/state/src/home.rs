// SPDX-License-Identifier: MIT
//! The layout of the home folder. Every path is built here, from checked names only.

use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use cilo_spec::EnvRef;

/// The folder that holds everything Cilo keeps (`~/.cilo` unless the user says otherwise; the binary decides).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    root: PathBuf,
}

/// Why the home cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// A folder could not be made: read-only, full, not permitted, or a file is in the way.
    #[error("cannot create the folder {}", path.display())]
    Create {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The folder could not be looked at.
    #[error("cannot open Cilo's home {}", path.display())]
    Open {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// It is another user's: files made there would be out of that user's reach.
    #[error(
        "Cilo's home {} belongs to user id {owner}, and this is user id {me}; run Cilo as its owner (without sudo), or choose another home with CILO_HOME",
        path.display()
    )]
    Owner {
        /// The folder.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who asks.
        me: u32,
    },
}

impl Home {
    /// The home at `root`, which need not exist yet.
    #[must_use]
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// The folder itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The state file.
    #[must_use]
    pub fn state_file(&self) -> PathBuf {
        self.root.join("state.json")
    }

    /// What is locked while the state file is changed. It is never replaced, unlike the state file.
    #[must_use]
    pub fn state_lock(&self) -> PathBuf {
        self.root.join("state.json.lock")
    }

    /// The workspace of an environment: `envs/<project>/<env>`, which is the copy itself.
    #[must_use]
    pub fn workspace(&self, env: &EnvRef) -> PathBuf {
        self.workspaces()
            .join(env.project.as_str())
            .join(env.env.as_str())
    }

    /// The folder of all workspaces.
    #[must_use]
    pub fn workspaces(&self) -> PathBuf {
        self.root.join("envs")
    }

    /// The folder of DNS zone files.
    #[must_use]
    pub fn zones(&self) -> PathBuf {
        self.root.join("dns")
    }

    /// Where work is saved before an environment is destroyed by force, one folder per environment.
    #[must_use]
    pub fn salvage(&self, env: &EnvRef) -> PathBuf {
        self.root
            .join("salvage")
            .join(env.project.as_str())
            .join(env.env.as_str())
    }

    /// What an environment's workspace looked like when it was copied.
    #[must_use]
    pub fn baseline(&self, env: &EnvRef) -> PathBuf {
        self.root
            .join("baselines")
            .join(env.project.as_str())
            .join(env.env.as_str())
    }

    /// The folder of lock files, one per environment.
    #[must_use]
    pub fn locks(&self) -> PathBuf {
        self.root.join("locks")
    }

    /// The folder of the resident daemon.
    #[must_use]
    pub fn daemon(&self) -> PathBuf {
        self.root.join("daemon")
    }

    /// What the daemon writes down.
    #[must_use]
    pub fn daemon_log(&self) -> PathBuf {
        self.daemon().join("daemon.log")
    }

    /// What the daemon holds locked as long as it runs.
    #[must_use]
    pub fn daemon_lock(&self) -> PathBuf {
        self.daemon().join("lock")
    }

    /// Makes a folder of the home, and those above it that are missing, for this user only (mode 0700). One that exists
    /// is left as it is.
    ///
    /// # Errors
    /// [`HomeError::Create`] naming the folder.
    pub fn create_dir(&self, path: &Path) -> Result<(), HomeError> {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(|source| HomeError::Create {
                path: path.to_owned(),
                source,
            })
    }

    /// Refuses another user's home. A missing one is nobody's.
    pub(crate) fn check_owner(&self) -> Result<(), HomeError> {
        let owner = match fs_err::metadata(&self.root) {
            Ok(metadata) => metadata.uid(),
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(source) => {
                return Err(HomeError::Open {
                    path: self.root.clone(),
                    source,
                });
            }
        };
        self.check_uid(owner)
    }

    fn check_uid(&self, owner: u32) -> Result<(), HomeError> {
        let me = rustix::process::geteuid().as_raw();
        if owner == me {
            return Ok(());
        }
        Err(HomeError::Owner {
            path: self.root.clone(),
            owner,
            me,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn everything_has_its_place() {
        let home = Home::new("/h".into());
        let env = "shop/agent-1".parse().unwrap();
        let paths = [
            home.state_file(),
            home.state_lock(),
            home.workspace(&env),
            home.zones(),
            home.salvage(&env),
            home.baseline(&env),
            home.locks(),
            home.daemon_log(),
            home.daemon_lock(),
        ];
        let paths: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
        insta::assert_snapshot!(paths.join("\n"), @r"
        /h/state.json
        /h/state.json.lock
        /h/envs/shop/agent-1
        /h/dns
        /h/salvage/shop/agent-1
        /h/baselines/shop/agent-1
        /h/locks
        /h/daemon/daemon.log
        /h/daemon/lock
        ");
    }

    #[test]
    fn folders_are_for_this_user_only() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::new(dir.path().join("home"));
        home.create_dir(&home.daemon()).unwrap();
        home.create_dir(&home.daemon()).unwrap();
        for path in [home.root(), &home.daemon()] {
            assert_eq!(
                fs_err::metadata(path).unwrap().permissions().mode() & 0o777,
                0o700
            );
        }
    }

    #[test]
    fn another_users_home_is_refused_with_a_way_out() {
        let home = Home::new("/home/x/.cilo".into());
        let me = rustix::process::geteuid().as_raw();
        let error = home.check_uid(me + 7).unwrap_err();
        let message = error
            .to_string()
            .replace(&format!("id {}", me + 7), "id THEIRS")
            .replace(&format!("id {me};"), "id MINE;");
        insta::assert_snapshot!(message, @"Cilo's home /home/x/.cilo belongs to user id THEIRS, and this is user id MINE; run Cilo as its owner (without sudo), or choose another home with CILO_HOME");
        home.check_uid(me).unwrap();
    }

    #[test]
    fn a_file_in_the_way_is_named() {
        let dir = tempfile::tempdir().unwrap();
        fs_err::write(dir.path().join("home"), "").unwrap();
        let home = Home::new(dir.path().join("home"));
        let error = home.create_dir(&home.locks()).unwrap_err();
        assert!(error.to_string().ends_with("/home/locks"), "{error}");
    }
}

// SPDX-License-Identifier: MIT
//! The state file: read at any time, changed by one process at a time.

use std::io;
use std::path::PathBuf;

use crate::home::{Home, HomeError};
use crate::lock;
use crate::migrations::{MIGRATIONS, Migration};
use crate::read::{Outdated, encode, read};
use crate::record::State;
use crate::write::replace;

/// The state of one home.
#[derive(Clone, Debug)]
pub struct Store {
    home: Home,
    steps: &'static [Migration],
}

/// Why the state could not be read or changed. Whatever happened, the file is as it was.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The home cannot be used.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The file could not be read.
    #[error("cannot read Cilo's state {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The file is not what Cilo writes.
    #[error(
        "Cilo's state {} is damaged and was left alone; correct it, or move it and the folder `envs` beside it away and begin anew",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where and how it differs, with line and column.
        #[source]
        source: serde_json::Error,
    },
    /// A later Cilo wrote the file.
    #[error(
        "Cilo's state {} has version {found}, and this Cilo knows versions up to {newest}; use the newer Cilo",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u64,
        /// The newest version this Cilo reads.
        newest: u64,
    },
    /// The file belongs to the older tool of the same name, whose environments this one cannot take over.
    #[error(
        "{} has version {found}: it was written by an older, incompatible Cilo. Destroy its environments with that one, then move the file away",
        path.display()
    )]
    OtherTool {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u64,
    },
    /// The lock could not be taken.
    #[error("cannot lock Cilo's state with {}", path.display())]
    Lock {
        /// The lock file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The old file could not be kept before it is replaced with one of a newer version.
    #[error("cannot keep a copy of the old state as {}", path.display())]
    Backup {
        /// The copy.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The state holds something that JSON cannot say: a path that is not UTF-8.
    #[error("Cilo's state cannot be written; folders of projects need names in UTF-8")]
    Encode {
        /// What it was.
        #[source]
        source: serde_json::Error,
    },
    /// The file could not be written: read-only, full, or not permitted.
    #[error("cannot write Cilo's state {}; nothing was changed", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl Store {
    /// The state of `home`, which need not exist: it is made when something is first written.
    ///
    /// # Errors
    /// [`HomeError`] when it is another user's.
    pub fn open(home: Home) -> Result<Self, HomeError> {
        home.check_owner()?;
        Ok(Self {
            home,
            steps: MIGRATIONS,
        })
    }

    /// The home whose state this is.
    #[must_use]
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// The state as it is now. Never waits, never writes.
    ///
    /// # Errors
    /// [`StateError`] saying what is wrong with the file and what to do.
    pub fn read(&self) -> Result<State, StateError> {
        Ok(read(&self.home.state_file(), self.steps)?.state)
    }

    /// Changes the state while no other process does, and returns what `change` returns. The new state is on disk by
    /// then. Where `change` fails, or changes nothing, nothing is written.
    ///
    /// `change` should only compute: every other Cilo waits for it.
    ///
    /// # Errors
    /// Those of `change`, and [`StateError`].
    pub fn update<R, E: From<StateError>>(
        &self,
        change: impl FnOnce(&mut State) -> Result<R, E>,
    ) -> Result<R, E> {
        self.home.create_dir(self.home.root()).map_err(StateError::Home)?;
        let path = self.home.state_lock();
        let _lock = lock::open(&path)
            .and_then(lock::wait)
            .map_err(|source| StateError::Lock { path, source })?;
        let found = read(&self.home.state_file(), self.steps)?;
        let mut state = found.state.clone();
        let result = change(&mut state)?;
        if state != found.state {
            self.write(&state, found.outdated)?;
        }
        Ok(result)
    }

    fn write(&self, state: &State, outdated: Option<Outdated>) -> Result<(), StateError> {
        let path = self.home.state_file();
        let bytes = encode(state, self.steps).map_err(|source| StateError::Encode { source })?;
        if let Some(Outdated { version, bytes }) = outdated {
            let path = path.with_file_name(format!("state.json.version-{version}"));
            replace(&path, &bytes).map_err(|source| StateError::Backup { path, source })?;
        }
        replace(&path, &bytes).map_err(|source| StateError::Write { path, source })
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::record::EnvironmentRecord;

    fn store() -> (tempfile::TempDir, Store) {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(Home::new(dir.path().join("home"))).unwrap();
        (dir, store)
    }

    fn add(store: &Store, name: &str) -> Result<(), StateError> {
        store.update(|state| {
            let env: cilo_spec::EnvRef = name.parse().unwrap();
            let record = EnvironmentRecord::new(crate::new_id(), env.clone(), "/s".into(), "compose".into());
            state.environments.insert(env, record);
            Ok(())
        })
    }

    fn message(store: &Store, content: &str) -> String {
        let path = store.home().state_file();
        fs_err::create_dir_all(store.home().root()).unwrap();
        fs_err::write(&path, content).unwrap();
        let error = store.read().unwrap_err();
        // A change is refused the same way, and the file stays.
        assert_eq!(add(store, "shop/a").unwrap_err().to_string(), error.to_string());
        assert_eq!(fs_err::read_to_string(&path).unwrap(), content);
        let source = error
            .source()
            .map(|source| format!(": {source}"))
            .unwrap_or_default();
        format!("{error}{source}").replace(&path.display().to_string(), "STATE")
    }

    #[test]
    fn what_was_written_is_read_by_others() {
        let (_dir, store) = store();
        assert_eq!(store.read().unwrap(), State::default());
        assert!(!store.home().root().exists(), "reading makes nothing");
        add(&store, "shop/a").unwrap();
        let again = Store::open(store.home().clone()).unwrap().read().unwrap();
        assert_eq!(again.environments.len(), 1);
        let mode = fs_err::metadata(store.home().state_file())
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_change_that_fails_or_does_nothing_is_not_written() {
        let (_dir, store) = store();
        add(&store, "shop/a").unwrap();
        let before = fs_err::metadata(store.home().state_file())
            .unwrap()
            .modified()
            .unwrap();
        let failed: Result<(), StateError> = store.update(|state| {
            state.environments.clear();
            Err(StateError::Read {
                path: "x".into(),
                source: io::Error::other("no"),
            })
        });
        assert!(failed.is_err());
        store.update(|_| Ok::<_, StateError>(())).unwrap();
        assert_eq!(store.read().unwrap().environments.len(), 1);
        assert_eq!(
            fs_err::metadata(store.home().state_file())
                .unwrap()
                .modified()
                .unwrap(),
            before
        );
    }

    #[test]
    fn what_cannot_be_used_is_told_and_left_alone() {
        let (_dir, store) = store();
        let messages = [
            "",
            "{ \"version\": 3, \"environments\": {",
            "[]",
            "{ \"environments\": {} }",
            "{ \"version\": 3, \"environments\": { \"shop\": {} } }",
            "{ \"version\": 4 }",
            "{ \"version\": 2, \"hosts\": { \"local\": {} } }",
        ]
        .map(|content| message(&store, content));
        insta::assert_snapshot!(messages.join("\n"), @r"
        Cilo's state STATE is damaged and was left alone; correct it, or move it and the folder `envs` beside it away and begin anew: EOF while parsing a value at line 1 column 0
        Cilo's state STATE is damaged and was left alone; correct it, or move it and the folder `envs` beside it away and begin anew: EOF while parsing an object at line 1 column 33
        Cilo's state STATE is damaged and was left alone; correct it, or move it and the folder `envs` beside it away and begin anew: invalid length 0, expected an object with a `version` at line 1 column 2
        Cilo's state STATE is damaged and was left alone; correct it, or move it and the folder `envs` beside it away and begin anew: missing field `version` at line 1 column 22
        Cilo's state STATE is damaged and was left alone; correct it, or move it and the folder `envs` beside it away and begin anew: missing field `id` at line 1 column 48
        Cilo's state STATE has version 4, and this Cilo knows versions up to 3; use the newer Cilo
        STATE has version 2: it was written by an older, incompatible Cilo. Destroy its environments with that one, then move the file away
        ");
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let (_dir, store) = store();
        let path = store.home().state_file();
        fs_err::create_dir_all(&path).unwrap();
        let error = add(&store, "shop/a").unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("cannot read Cilo's state {}", path.display())
        );
        assert!(matches!(error, StateError::Read { .. }), "{error:?}");
    }

    #[test]
    fn an_older_version_is_migrated_and_kept() {
        const STEPS: &[Migration] = &[Migration {
            from: 3,
            apply: |mut old| {
                old["greeting"] = "hello".into();
                old
            },
        }];
        let (_dir, store) = store();
        add(&store, "shop/a").unwrap();
        let old = fs_err::read(store.home().state_file()).unwrap();

        let newer = Store {
            home: store.home().clone(),
            steps: STEPS,
        };
        assert_eq!(newer.read().unwrap().environments.len(), 1);
        assert_eq!(
            fs_err::read(store.home().state_file()).unwrap(),
            old,
            "reading does not write"
        );
        add(&newer, "shop/b").unwrap();
        assert_eq!(newer.read().unwrap().environments.len(), 2);
        assert_eq!(
            fs_err::read(store.home().root().join("state.json.version-3")).unwrap(),
            old
        );
        assert!(matches!(
            store.read(),
            Err(StateError::Newer {
                found: 4,
                newest: 3,
                ..
            })
        ));
    }

    #[test]
    fn a_home_that_cannot_be_written_is_named() {
        let (_dir, store) = store();
        add(&store, "shop/a").unwrap();
        // A folder where the new content goes: refused for root as well, unlike a mode.
        fs_err::create_dir(store.home().root().join("state.json.new")).unwrap();
        let error = add(&store, "shop/b").unwrap_err();
        assert!(
            matches!(&error, StateError::Write { path, .. } if *path == store.home().state_file()),
            "{error:?}"
        );
        assert_eq!(store.read().unwrap().environments.len(), 1);

        let nowhere = Store::open(Home::new("/proc/cilo".into())).unwrap();
        let error = add(&nowhere, "shop/a").unwrap_err();
        assert_eq!(error.to_string(), "cannot create the folder /proc/cilo");
        assert_eq!(nowhere.read().unwrap(), State::default());
    }

    #[test]
    fn a_path_that_json_cannot_hold_is_refused_whole() {
        use std::os::unix::ffi::OsStringExt as _;
        let (_dir, store) = store();
        add(&store, "shop/a").unwrap();
        let error = store.update(|state| {
            for record in state.environments.values_mut() {
                record.source = std::ffi::OsString::from_vec(vec![0xFF]).into();
            }
            Ok::<_, StateError>(())
        });
        assert!(matches!(error, Err(StateError::Encode { .. })), "{error:?}");
        assert_eq!(store.read().unwrap().environments.len(), 1);
    }
}

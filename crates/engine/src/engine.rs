// SPDX-License-Identifier: MIT
//! The engine: settings, state and a connection, and how an environment is found by its name.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use cilo_runtimes::{Runtime, connect_first};
use cilo_spec::{EnvName, EnvRef, Identity, ProjectName};
use cilo_state::{EnvLock, EnvironmentRecord, Home, State, Store};
use tokio::sync::OnceCell;

use crate::{Daemon, Error, Event, Events, Project, ProjectError, Settings};

/// Everything the verbs need. Cheap to make: the container engine is reached when it is first needed.
#[derive(Debug)]
pub struct Engine {
    settings: Settings,
    store: Store,
    runtime: OnceCell<Arc<dyn Runtime>>,
}

/// Which environment is meant.
#[derive(Clone, Debug)]
pub struct Selector {
    /// Its name.
    pub env: EnvName,
    /// Its project; `None` is the project of the current folder, else the only one with such an environment.
    pub project: Option<ProjectName>,
}

impl Engine {
    /// An engine with these settings. Nothing is read or made yet.
    ///
    /// # Errors
    /// [`Error::Home`] when the home is another user's.
    pub fn open(settings: Settings) -> Result<Self, Error> {
        let store = Store::open(Home::new(settings.home.clone()))?;
        Ok(Self {
            settings,
            store,
            runtime: OnceCell::new(),
        })
    }

    /// What it was told.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The files under its home.
    #[must_use]
    pub fn home(&self) -> &Home {
        self.store.home()
    }

    /// The daemon of its home.
    #[must_use]
    pub fn daemon(&self) -> Daemon {
        Daemon {
            folder: self.home().daemon(),
            log: self.home().daemon_log(),
            lock: self.home().daemon_lock(),
            zones: self.home().zones(),
            address: self.settings.dns,
            version: self.settings.version.clone(),
            program: self.settings.program.clone(),
            home: self.settings.home.clone(),
        }
    }

    /// The container engine.
    ///
    /// # Errors
    /// [`Error::Connect`].
    pub async fn runtime(&self) -> Result<&Arc<dyn Runtime>, Error> {
        self.runtime
            .get_or_try_init(|| async { Ok(connect_first(&self.settings.endpoints).await?) })
            .await
    }

    /// The environment that `selector` means.
    ///
    /// # Errors
    /// [`Error::UnknownEnv`] with what there is, [`Error::AmbiguousEnv`] with the projects that have one.
    pub fn find(&self, selector: &Selector) -> Result<EnvironmentRecord, Error> {
        self.find_in(&self.store.read()?, selector)
    }

    pub(crate) fn find_in(&self, state: &State, selector: &Selector) -> Result<EnvironmentRecord, Error> {
        let mut named: Vec<&EnvironmentRecord> = state
            .environments
            .values()
            .filter(|record| record.env.env == selector.env)
            .collect();
        if let Some(project) = &selector.project {
            named.retain(|record| &record.env.project == project);
        } else if named.len() > 1
            && let Some(here) = self.project_here(state)
        {
            named.retain(|record| record.env.project == here);
        }
        match named.as_slice() {
            [one] => Ok((*one).clone()),
            [] => Err(Error::UnknownEnv {
                env: selector.env.clone(),
                known: state.environments.keys().cloned().collect(),
            }),
            several => Err(Error::AmbiguousEnv {
                env: selector.env.clone(),
                projects: several.iter().map(|record| record.env.project.clone()).collect(),
            }),
        }
    }

    /// The project the current folder belongs to, as far as environments of it are known: a workspace's project, or
    /// the one whose source it is in.
    pub(crate) fn project_here(&self, state: &State) -> Option<ProjectName> {
        let here = fs_err::canonicalize(&self.settings.directory).ok()?;
        let inside =
            |folder: &Path| fs_err::canonicalize(folder).is_ok_and(|folder| here.starts_with(folder));
        let records = || state.environments.values();
        records()
            .find(|record| inside(&self.workspace(&record.env)))
            .or_else(|| records().find(|record| inside(&record.source)))
            .map(|record| record.env.project.clone())
    }

    /// The project folder the current folder belongs to: a workspace's source, or the project it is in.
    pub(crate) fn source_here(&self, state: &State) -> Option<PathBuf> {
        let here = fs_err::canonicalize(&self.settings.directory).ok()?;
        let in_workspace = state.environments.values().find(|record| {
            fs_err::canonicalize(self.workspace(&record.env)).is_ok_and(|folder| here.starts_with(folder))
        });
        match in_workspace {
            Some(record) => Some(record.source.clone()),
            None => Project::find(&self.settings, &here)
                .ok()
                .map(|project| project.root),
        }
    }

    /// Where an environment's workspace is, made or not.
    #[must_use]
    pub fn workspace(&self, env: &EnvRef) -> PathBuf {
        self.home().workspace(env)
    }

    /// Reads the state.
    ///
    /// # Errors
    /// [`Error::State`].
    pub fn state(&self) -> Result<State, Error> {
        Ok(self.store.read()?)
    }

    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// Only one command at a time works on an environment.
    pub(crate) async fn lock(&self, env: &EnvRef, events: Events<'_>) -> Result<EnvLock, Error> {
        if let Some(lock) = self.home().try_lock_environment(env)? {
            return Ok(lock);
        }
        events(Event::Waiting { env: env.clone() });
        let (home, env) = (self.home().clone(), env.clone());
        let waiting = tokio::task::spawn_blocking(move || home.lock_environment(&env, || {}));
        Ok(waiting.await.map_err(Error::Worker)??)
    }

    /// The project in `folder`, or in the current one.
    pub(crate) fn project(&self, folder: Option<&Path>) -> Result<Project, ProjectError> {
        match folder {
            // A folder that was named is the project; only the current one may lie inside it.
            Some(folder) => {
                let path = self.settings.directory.join(folder);
                let project = Project::find(&self.settings, &path)?;
                let named = fs_err::canonicalize(&path).map_err(|source| ProjectError::NoFolder {
                    path: path.clone(),
                    source,
                })?;
                if project.root == named {
                    Ok(project)
                } else {
                    Err(ProjectError::NotFound { path: named })
                }
            }
            None => Project::find(&self.settings, &self.settings.directory),
        }
    }

    pub(crate) fn identity(record: &EnvironmentRecord) -> Identity {
        Identity {
            project: record.env.project.clone(),
            env: record.env.env.clone(),
            id: record.id.clone(),
        }
    }
}

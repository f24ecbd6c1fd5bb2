// SPDX-License-Identifier: MIT
//! `create`: a record and a workspace, without touching the container engine.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use cilo_parsers::Parsed;
use cilo_spec::{EnvName, EnvRef, ProjectName};
use cilo_state::{EnvironmentRecord, Phase, State, new_id};
use cilo_workspace::{Baseline, Cancel, CopyReport, CopyRequest, Repository, baseline, copy};
use tokio_util::sync::CancellationToken;

use crate::{Engine, Error, Event, Events, Project};

/// What to make.
#[derive(Clone, Debug)]
pub struct CreateRequest {
    /// The environment's name.
    pub env: EnvName,
    /// The folder to copy; `None` is the project of the current folder.
    pub from: Option<PathBuf>,
    /// The project's name; `None` is what its files say.
    pub project: Option<ProjectName>,
    /// Fires when the user wants out.
    pub cancel: CancellationToken,
}

/// An environment that exists.
#[derive(Clone, Debug)]
pub struct Created {
    /// Its record.
    pub record: EnvironmentRecord,
    /// Its workspace.
    pub workspace: PathBuf,
    /// This call made it.
    pub new: bool,
}

/// A project that an environment can be made of.
pub(crate) struct Origin {
    pub(crate) project: Project,
    pub(crate) name: ProjectName,
    pub(crate) parsed: Parsed,
}

impl CreateRequest {
    /// A copy of the current folder's project.
    #[must_use]
    pub fn new(env: EnvName) -> Self {
        Self {
            env,
            from: None,
            project: None,
            cancel: CancellationToken::new(),
        }
    }
}

impl Engine {
    /// Makes an environment: claims its name and copies the project. The container engine is not needed.
    ///
    /// # Errors
    /// [`Error::Exists`] when it is there already; project, copy and state errors.
    pub async fn create(&self, request: &CreateRequest, events: Events<'_>) -> Result<Created, Error> {
        let from = match &request.from {
            Some(folder) => Some(folder.clone()),
            None => self.source_here(&self.state()?),
        };
        let origin = self.origin(&CreateRequest {
            from,
            ..request.clone()
        })?;
        let env = EnvRef::new(origin.name.clone(), request.env.clone());
        let _lock = self.lock(&env, events).await?;
        let created = self
            .ensure_created(&env, &origin, &request.cancel, events)
            .await?;
        if !created.new {
            return Err(Error::Exists {
                env,
                workspace: created.workspace,
            });
        }
        Ok(created)
    }

    /// Reads the project before anything is made, so that its errors come first.
    pub(crate) fn origin(&self, request: &CreateRequest) -> Result<Origin, Error> {
        let project = self.project(request.from.as_deref())?;
        let parsed = project.parse(self.settings(), None)?;
        let name = match &request.project {
            Some(name) => name.clone(),
            None => project.name(&parsed)?,
        };
        Ok(Origin {
            project,
            name,
            parsed,
        })
    }

    /// The environment as it is, or made now. A copy that a killed run left half made is made again.
    pub(crate) async fn ensure_created(
        &self,
        env: &EnvRef,
        origin: &Origin,
        cancel: &CancellationToken,
        events: Events<'_>,
    ) -> Result<Created, Error> {
        let workspace = self.workspace(env);
        let record = self.record_for(env, origin)?;
        match record.phase {
            Phase::Ready if workspace.is_dir() => {
                return Ok(Created {
                    record,
                    workspace,
                    new: false,
                });
            }
            Phase::Ready => {
                return Err(Error::WorkspaceGone {
                    env: env.clone(),
                    workspace,
                });
            }
            Phase::Destroying => return Err(Error::HalfDestroyed { env: env.clone() }),
            Phase::Creating => {}
        }
        // A killed run may have published its copy; nobody was given it to work in, so it is made again.
        cilo_workspace::remove(&workspace, &self.workspaces()?)?;
        let repositories = match self.copy(&origin.project.root, &workspace, cancel, events).await {
            Ok(report) => report.repositories,
            Err(error) => {
                self.forget(env)?;
                return Err(error);
            }
        };
        let baseline = self.baseline(&record.source, &workspace, repositories).await?;
        self.write_baseline(env, &baseline)?;
        let record = self.store().update(|state| -> Result<_, Error> {
            let record = state.environments.get_mut(env).ok_or_else(|| Error::UnknownEnv {
                env: env.env.clone(),
                known: Vec::new(),
            })?;
            record.phase = Phase::Ready;
            Ok(record.clone())
        })?;
        Ok(Created {
            record,
            workspace,
            new: true,
        })
    }

    fn record_for(&self, env: &EnvRef, origin: &Origin) -> Result<EnvironmentRecord, Error> {
        let root = &origin.project.root;
        let known = |state: &State| state.environments.get(env).cloned();
        let check = |record: EnvironmentRecord| {
            let same = &record.source == root || root.starts_with(self.workspace(env));
            if same {
                Ok(record)
            } else {
                Err(Error::OtherSource {
                    env: env.clone(),
                    made_from: record.source,
                    asked: root.clone(),
                })
            }
        };
        if let Some(record) = known(&self.store().read()?) {
            return check(record);
        }
        self.store().update(|state| {
            if let Some(record) = known(state) {
                return check(record);
            }
            // Somebody's work, kept by `destroy` or left when the state was lost: never written over.
            let workspace = self.workspace(env);
            if workspace.symlink_metadata().is_ok() {
                return Err(Error::Occupied {
                    env: env.clone(),
                    workspace,
                });
            }
            let format = origin.parsed.spec.origin.format.clone();
            let record = EnvironmentRecord {
                suffix: origin
                    .project
                    .config
                    .dns_suffix
                    .clone()
                    .unwrap_or(self.settings().suffix.clone()),
                source_name: Some(origin.parsed.spec.name.clone()),
                ..EnvironmentRecord::new(new_id(), env.clone(), root.clone(), format)
            };
            state.environments.insert(env.clone(), record.clone());
            Ok(record)
        })
    }

    async fn copy(
        &self,
        source: &Path,
        target: &Path,
        cancel: &CancellationToken,
        events: Events<'_>,
    ) -> Result<CopyReport, Error> {
        let (sender, mut progress) = tokio::sync::watch::channel(None);
        let stop = Arc::new(Cancel::new());
        let (from, to, flag) = (source.to_path_buf(), target.to_path_buf(), stop.clone());
        // A home inside the project must not be copied into itself.
        let exclude = self
            .settings()
            .home
            .starts_with(source)
            .then(|| self.settings().home.clone());
        let mut copying = tokio::task::spawn_blocking(move || {
            let exclude: Vec<PathBuf> = exclude.into_iter().collect();
            let request = CopyRequest {
                exclude: &exclude,
                cancel: Some(&flag),
                ..CopyRequest::new(&from, &to)
            };
            copy(&request, &mut |progress| {
                sender.send_replace(Some(progress));
            })
        });
        let report = loop {
            tokio::select! {
                done = &mut copying => break done.map_err(Error::Worker)?,
                Ok(()) = progress.changed() => {
                    if let Some(progress) = *progress.borrow_and_update() {
                        events(Event::Copying(progress));
                    }
                }
                () = cancel.cancelled(), if !stop.is_cancelled() => stop.cancel(),
            }
        };
        match report {
            Ok(report) => {
                events(Event::Copied {
                    workspace: target.to_path_buf(),
                    report: report.clone(),
                });
                Ok(report)
            }
            Err(cilo_workspace::CopyError::Cancelled) => Err(Error::Cancelled),
            Err(error) => Err(error.into()),
        }
    }

    async fn baseline(
        &self,
        source: &Path,
        workspace: &Path,
        repositories: Vec<Repository>,
    ) -> Result<Baseline, Error> {
        let (source, workspace) = (source.to_path_buf(), workspace.to_path_buf());
        let taking = tokio::task::spawn_blocking(move || baseline(&source, &workspace, &repositories));
        Ok(taking.await.map_err(Error::Worker)??)
    }

    /// The folder of all workspaces, which is there afterwards.
    fn workspaces(&self) -> Result<PathBuf, Error> {
        let folder = self.home().workspaces();
        self.home().create_dir(&folder)?;
        Ok(folder)
    }

    /// Takes the record back of an environment that was not made after all.
    pub(crate) fn forget(&self, env: &EnvRef) -> Result<(), Error> {
        self.store().update(|state| -> Result<(), Error> {
            state.remove(env);
            Ok(())
        })
    }
}

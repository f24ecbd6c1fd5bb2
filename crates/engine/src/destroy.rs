// SPDX-License-Identifier: MIT
//! `destroy`: everything an environment made goes, and nothing else. Work that exists nowhere else is kept.

use std::collections::BTreeMap;
use std::path::PathBuf;

use cilo_runtimes::Contents;
use cilo_spec::EnvRef;
use cilo_state::{EnvironmentRecord, Phase};
use cilo_workspace::{Base, Baseline, Moment, RemoveError, Unsaved, remove, salvage, unsaved};

use crate::{Engine, Error, Event, Events, Selector};

/// What a destruction would remove: shown before it is done.
#[derive(Clone, Debug)]
pub struct Destruction {
    /// The environment.
    pub record: EnvironmentRecord,
    /// What is in the container engine.
    pub contents: Contents,
    /// The workspace, when there is one.
    pub workspace: Option<PathBuf>,
    /// Work in it that exists nowhere else.
    pub unsaved: Option<Unsaved>,
}

/// How to destroy.
#[derive(Clone, Copy, Debug, Default)]
pub struct DestroyOptions {
    /// Also when work would be lost: it is saved first.
    pub force: bool,
    /// Leave the workspace where it is.
    pub keep_workspace: bool,
}

/// What was removed.
#[derive(Clone, Debug)]
pub struct Destroyed {
    /// The environment.
    pub env: EnvRef,
    /// What was in the container engine.
    pub contents: Contents,
    /// Where unsaved work was kept.
    pub salvaged: Option<PathBuf>,
    /// The workspace that was left.
    pub kept: Option<PathBuf>,
}

impl Engine {
    /// What destroying an environment would remove. Changes nothing.
    ///
    /// # Errors
    /// When the engine, the state or the workspace cannot be read.
    pub async fn destruction(&self, selector: &Selector) -> Result<Destruction, Error> {
        let record = self.find(selector)?;
        let env = record.env.clone();
        let runtime = self.runtime().await?;
        let contents = runtime.contents(&record.id).await?;
        let workspace = Some(self.workspace(&env)).filter(|path| path.is_dir());
        // A copy that was never finished holds nobody's work.
        let unsaved = match &workspace {
            Some(workspace) if record.phase != Phase::Creating => {
                self.unsaved(&record, workspace.clone()).await?
            }
            _ => None,
        };
        Ok(Destruction {
            record,
            contents,
            workspace,
            unsaved,
        })
    }

    /// Removes an environment. Doing it again finishes what was interrupted.
    ///
    /// # Errors
    /// [`Error::UnsavedWork`] without [`DestroyOptions::force`]; everything that failed, after the rest was done.
    pub async fn destroy(
        &self,
        selector: &Selector,
        options: DestroyOptions,
        events: Events<'_>,
    ) -> Result<Destroyed, Error> {
        let record = self.find(selector)?;
        let env = record.env.clone();
        let _lock = self.lock(&env, events).await?;
        let _turn = self.turn(self.runtime().await?.as_ref(), &record).await?;
        // Looked at under the lock: what was shown before may have changed.
        let plan = self
            .destruction(&Selector {
                env: env.env.clone(),
                project: Some(env.project.clone()),
            })
            .await?;
        let salvaged = self.save_work(&plan, options, events).await?;
        self.store().update(|state| -> Result<(), Error> {
            if let Some(record) = state.environments.get_mut(&env) {
                record.phase = Phase::Destroying;
            }
            Ok(())
        })?;
        self.take_names_back(&env, events).await?;
        let runtime = self.runtime().await?;
        let contents = runtime
            .destroy(&plan.record.id, &|event| events(Event::Runtime(event)))
            .await?;
        let kept = match plan.workspace {
            Some(workspace) if options.keep_workspace => Some(workspace),
            Some(_) | None => {
                self.remove_workspace(&plan.record).await?;
                None
            }
        };
        self.remove_baseline(&env)?;
        self.forget(&env)?;
        Ok(Destroyed {
            env,
            contents,
            salvaged,
            kept,
        })
    }

    async fn save_work(
        &self,
        plan: &Destruction,
        options: DestroyOptions,
        events: Events<'_>,
    ) -> Result<Option<PathBuf>, Error> {
        let (Some(work), Some(workspace)) = (&plan.unsaved, &plan.workspace) else {
            return Ok(None);
        };
        if options.keep_workspace {
            return Ok(None);
        }
        let env = plan.record.env.clone();
        if !options.force {
            return Err(Error::UnsavedWork {
                env,
                summary: describe(work),
            });
        }
        let folder = self.home().salvage(&env).join(timestamp());
        let (work, workspace, to) = (work.clone(), workspace.clone(), folder.clone());
        let saving = tokio::task::spawn_blocking(move || salvage(&workspace, &work, &to));
        saving.await.map_err(Error::Worker)??;
        events(Event::Salvaged {
            folder: folder.clone(),
        });
        Ok(Some(folder))
    }

    pub(crate) async fn unsaved(
        &self,
        record: &EnvironmentRecord,
        workspace: PathBuf,
    ) -> Result<Option<Unsaved>, Error> {
        let source = record.source.clone();
        // Without a starting point everything counts as new.
        let baseline = self.read_baseline(&record.env)?.unwrap_or(Baseline {
            taken: Moment {
                seconds: 0,
                nanoseconds: 0,
            },
            repositories: BTreeMap::new(),
        });
        let looking = tokio::task::spawn_blocking(move || {
            unsaved(
                &workspace,
                &Base {
                    source: &source,
                    baseline: &baseline,
                },
            )
        });
        let found = looking.await.map_err(Error::Worker)??;
        Ok(Some(found).filter(|found| !found.is_empty()))
    }

    /// Containers may have left files that only the engine may delete.
    async fn remove_workspace(&self, record: &EnvironmentRecord) -> Result<(), Error> {
        let root = self.home().workspaces();
        let workspace = self.workspace(&record.env);
        let attempt = |root: PathBuf, workspace: PathBuf| async move {
            tokio::task::spawn_blocking(move || remove(&workspace, &root))
                .await
                .map_err(Error::Worker)
        };
        match attempt(root.clone(), workspace.clone()).await? {
            Ok(()) => Ok(()),
            Err(RemoveError::Remains { trash, .. }) => {
                self.runtime().await?.remove_files(&record.id, &trash).await?;
                Ok(attempt(root, workspace).await??)
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// A folder name that sorts by time: `20261121T064408Z`.
fn timestamp() -> String {
    jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// Unsaved work in words, for a message: which files, stashes and commits, the first few by name.
#[must_use]
pub fn describe(work: &Unsaved) -> String {
    let mut parts = Vec::new();
    for repository in &work.repositories {
        let place = match repository.path.as_os_str().is_empty() {
            true => String::new(),
            false => format!(" in {}", repository.path.display()),
        };
        let names: Vec<String> = repository
            .changes
            .iter()
            .map(|change| change.path.display().to_string())
            .collect();
        if !names.is_empty() {
            parts.push(format!(
                "{}{place} ({})",
                count(names.len() as u64, "uncommitted file"),
                some(&names)
            ));
        }
        if !repository.stashes.is_empty() {
            parts.push(format!(
                "{}{place}",
                count(repository.stashes.len() as u64, "stash")
            ));
        }
        if repository.commits > 0 {
            parts.push(format!("{}{place}", count(repository.commits, "unpushed commit")));
        }
    }
    if work.files.total > 0 {
        let names: Vec<String> = work
            .files
            .names
            .iter()
            .map(|name| name.display().to_string())
            .collect();
        parts.push(format!(
            "{} ({})",
            count(work.files.total, "changed file"),
            some(&names)
        ));
    }
    parts.join(", ")
}

fn count(number: u64, what: &str) -> String {
    match (number, what.ends_with("sh")) {
        (1, _) => format!("1 {what}"),
        (_, true) => format!("{number} {what}es"),
        (_, false) => format!("{number} {what}s"),
    }
}

fn some(names: &[String]) -> String {
    const SHOWN: usize = 3;
    let shown = names.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN {
        format!("{shown}, …")
    } else {
        shown
    }
}

// SPDX-License-Identifier: MIT
//! `list` and `status`: what there is, with what the container engine says of it right now.

use std::collections::BTreeMap;
use std::fmt;

use cilo_runtimes::{EnvironmentStatus, Filter};
use cilo_spec::{EnvId, Health, ProjectName, ReplicaState, ServiceStatus};
use cilo_state::{EnvironmentRecord, Phase};
use serde::Serialize;

use crate::{Engine, Error, Selector};

/// One environment as it is now.
#[derive(Clone, Debug)]
pub struct Summary {
    /// Its record.
    pub record: EnvironmentRecord,
    /// What it does.
    pub state: EnvironmentState,
    /// Its services; empty when it has no containers or the engine cannot be asked.
    pub services: Vec<ServiceStatus>,
}

/// What an environment does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EnvironmentState {
    /// Its copy was interrupted; `up` or `create` makes it again.
    Creating,
    /// It was never started.
    Created,
    /// Every container runs and is healthy, or ended with 0.
    Running,
    /// Some containers do not.
    Degraded,
    /// It has no containers.
    Stopped,
    /// Its destruction was interrupted; `destroy` finishes it.
    Destroying,
    /// The engine cannot be asked.
    Unknown,
}

impl Engine {
    /// The environments of a project, or all, by project and name. When the container engine cannot be asked the
    /// second part says why, and states are [`EnvironmentState::Unknown`].
    ///
    /// # Errors
    /// [`Error::State`].
    pub async fn list(&self, project: Option<&ProjectName>) -> Result<(Vec<Summary>, Option<Error>), Error> {
        let state = self.state()?;
        let wanted =
            |record: &&EnvironmentRecord| project.is_none_or(|project| &record.env.project == project);
        let records: Vec<&EnvironmentRecord> = state.environments.values().filter(wanted).collect();
        if records.is_empty() {
            return Ok((Vec::new(), None));
        }
        let (mut live, problem) = match self.live(&Filter::All).await {
            Ok(live) => (Some(live), None),
            Err(error) => (None, Some(error)),
        };
        let summaries = records.into_iter().map(|record| {
            let services = live
                .as_mut()
                .map(|live| live.remove(&record.id).map(|env| env.services));
            summarise(record.clone(), services)
        });
        Ok((summaries.collect(), problem))
    }

    /// One environment as it is now.
    ///
    /// # Errors
    /// When it is unknown or the engine cannot be asked.
    pub async fn status(&self, selector: &Selector) -> Result<Summary, Error> {
        let record = self.find(selector)?;
        let mut live = self.live(&Filter::Env(record.id.clone())).await?;
        let services = live.remove(&record.id).map(|env| env.services);
        Ok(summarise(record, Some(services)))
    }

    /// The project whose environments `list` shows by default: the current folder's, when it has any.
    ///
    /// # Errors
    /// [`Error::State`].
    pub fn current_project(&self) -> Result<Option<ProjectName>, Error> {
        Ok(self.project_here(&self.state()?))
    }

    async fn live(&self, filter: &Filter) -> Result<BTreeMap<EnvId, EnvironmentStatus>, Error> {
        Ok(self.runtime().await?.statuses(filter).await?)
    }
}

impl EnvironmentState {
    /// What an environment with these services does.
    #[must_use]
    pub fn of(services: &[ServiceStatus]) -> Self {
        if services.iter().all(works) {
            Self::Running
        } else {
            Self::Degraded
        }
    }
}

/// `services`: outer `None` when the engine cannot be asked, inner when it knows nothing of the environment.
fn summarise(record: EnvironmentRecord, services: Option<Option<Vec<ServiceStatus>>>) -> Summary {
    let state = match (record.phase, &services) {
        (Phase::Creating, _) => EnvironmentState::Creating,
        (Phase::Destroying, _) => EnvironmentState::Destroying,
        (Phase::Ready, None) => EnvironmentState::Unknown,
        (Phase::Ready, Some(None)) if record.subnet.is_none() => EnvironmentState::Created,
        (Phase::Ready, Some(None)) => EnvironmentState::Stopped,
        (Phase::Ready, Some(Some(services))) => EnvironmentState::of(services),
    };
    Summary {
        record,
        state,
        services: services.flatten().unwrap_or_default(),
    }
}

/// Every container of the service does what it should, as far as the engine can tell.
fn works(service: &ServiceStatus) -> bool {
    service.replicas.iter().all(|replica| match replica.state {
        ReplicaState::Running => replica.health != Some(Health::Unhealthy),
        ReplicaState::Exited => replica.exit_code == Some(0),
        _ => false,
    })
}

impl fmt::Display for EnvironmentState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Creating => "creating",
            Self::Created => "created",
            Self::Running => "running",
            Self::Degraded => "degraded",
            Self::Stopped => "stopped",
            Self::Destroying => "destroying",
            Self::Unknown => "unknown",
        })
    }
}

// SPDX-License-Identifier: MIT
//! `up`: an environment that exists, runs, is ready and has its names. Running it again mends and changes nothing else.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use cilo_dns::{Expected, publish, withdraw};
use cilo_runtimes::{DependencyFailure, Runtime, Timing, UpError, UpOptions, UpOutcome};
use cilo_spec::isolate::Report;
use cilo_spec::model::EnvironmentSpec;
use cilo_spec::{EnvName, EnvRef, IsolatedSpec, Isolation, ProjectName, ServiceStatus, isolate, names};
use cilo_state::{EnvironmentRecord, Phase};

use crate::ready::{Wait, WaitError, last_lines};
use crate::turn::Turn;
use crate::undo::{Begun, fresh};
use crate::{CreateRequest, Engine, Error, Event, Events, Project, Selector, Unready, Why, hosts};

/// How long a ready environment may take by default.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(120);

/// What to bring up.
#[derive(Clone, Debug)]
pub struct UpRequest {
    /// The environment's name; it is created when it is missing.
    pub env: EnvName,
    /// The folder to create it from; `None` is the project of the current folder.
    pub from: Option<PathBuf>,
    /// Its project; `None` is what the project's files say.
    pub project: Option<ProjectName>,
    /// What to do with services, containers and images. Its `cancel` ends everything.
    pub options: UpOptions,
    /// Wait until the services are ready.
    pub wait: bool,
    /// For how long.
    pub timeout: Duration,
    /// Create it when it is missing.
    pub create: bool,
}

/// What runs now.
#[derive(Clone, Debug)]
pub struct Up {
    /// Its record.
    pub record: EnvironmentRecord,
    /// Its workspace.
    pub workspace: PathBuf,
    /// It was created by this call.
    pub created: bool,
    /// Its services.
    pub services: Vec<ServiceStatus>,
    /// What was changed to isolate it, and what could not be.
    pub report: Report,
    /// What the container engine did.
    pub outcome: UpOutcome,
    /// Its names are served.
    pub named: bool,
    /// Where the time went, phase by phase.
    pub phases: Vec<(&'static str, Duration)>,
}

impl UpRequest {
    /// Everything of `env`, created from the current folder when missing, waited for up to two minutes.
    #[must_use]
    pub fn new(env: EnvName) -> Self {
        Self {
            env,
            from: None,
            project: None,
            options: UpOptions::default(),
            wait: true,
            timeout: DEFAULT_TIMEOUT,
            create: true,
        }
    }
}

/// What an `up` is about.
enum Target {
    Known(Box<EnvironmentRecord>),
    Missing(CreateRequest),
}

/// Where the time of one `up` goes.
struct Clock {
    last: Instant,
    phases: Vec<(&'static str, Duration)>,
}

impl Clock {
    fn lap(&mut self, phase: &'static str) {
        let now = Instant::now();
        self.phases.push((phase, now - self.last));
        self.last = now;
    }
}

impl Engine {
    /// Brings an environment up.
    ///
    /// # Errors
    /// [`Error`]. A failure takes back what this call made; an environment that runs and is not ready
    /// ([`Error::NotReady`], [`Error::TimedOut`]) keeps running, so that its logs can be read.
    pub async fn up(&self, request: &UpRequest, events: Events<'_>) -> Result<Up, Error> {
        let mut clock = Clock {
            last: Instant::now(),
            phases: Vec::new(),
        };
        let (env, origin) = match self.target(request)? {
            Target::Known(record) => (record.env, None),
            Target::Missing(creation) => {
                let origin = self.origin(&creation)?;
                (
                    EnvRef::new(origin.name.clone(), request.env.clone()),
                    Some(origin),
                )
            }
        };
        clock.lap("parse");
        let runtime = self.runtime().await?;
        clock.lap("connect");
        let _lock = self.lock(&env, events).await?;
        let (record, created) = match &origin {
            Some(origin) => {
                let made = self
                    .ensure_created(&env, origin, &request.options.cancel, events)
                    .await?;
                (made.record, made.new)
            }
            None => (self.ready_record(&env)?, false),
        };
        clock.lap("copy");
        let turn = self.turn(runtime.as_ref(), &record).await?;
        let begun = match self
            .begin(request, &turn, record.clone(), &mut clock, events)
            .await
        {
            Ok(begun) => begun,
            Err(error) => {
                if created && !error.leaves_it_running() {
                    self.discard(runtime.as_ref(), &record, events).await;
                }
                return Err(error);
            }
        };
        match self
            .settle(request, runtime.as_ref(), &begun, &mut clock, events)
            .await
        {
            Ok((services, named)) => Ok(Up {
                record: begun.record,
                workspace: self.workspace(&env),
                created,
                services,
                report: begun.spec.report().clone(),
                outcome: begun.outcome,
                named,
                phases: clock.phases,
            }),
            Err(error) => {
                if !error.leaves_it_running() {
                    self.take_back(runtime.as_ref(), &begun, created, events).await;
                }
                Err(error)
            }
        }
    }

    /// The environment that is meant, or what to make it from. A known one is found by its folder, without reading
    /// the project: that may be broken, and what runs comes from the workspace.
    fn target(&self, request: &UpRequest) -> Result<Target, Error> {
        let state = self.state()?;
        let creation = |from: Option<PathBuf>| {
            Target::Missing(CreateRequest {
                env: request.env.clone(),
                from,
                project: request.project.clone(),
                cancel: request.options.cancel.clone(),
            })
        };
        let root = match &request.from {
            Some(folder) => Some(self.project(Some(folder))?.root),
            None => self.source_here(&state),
        };
        let fits = |record: &&EnvironmentRecord| {
            let right_project = request
                .project
                .as_ref()
                .is_none_or(|project| &record.env.project == project);
            let right_source = match (&root, &request.project) {
                (Some(root), None) => &record.source == root,
                _ => true,
            };
            record.env.env == request.env && right_project && right_source
        };
        let mut found = state.environments.values().filter(fits);
        match (found.next(), found.next()) {
            (Some(record), None) if record.phase == Phase::Creating => {
                Ok(creation(Some(record.source.clone())))
            }
            (Some(record), None) => Ok(Target::Known(Box::new(record.clone()))),
            (None, _) if request.create => Ok(creation(root)),
            _ => {
                let selector = Selector {
                    env: request.env.clone(),
                    project: request.project.clone(),
                };
                self.find_in(&state, &selector)
                    .map(|record| Target::Known(Box::new(record)))
            }
        }
    }

    fn ready_record(&self, env: &EnvRef) -> Result<EnvironmentRecord, Error> {
        let selector = Selector {
            env: env.env.clone(),
            project: Some(env.project.clone()),
        };
        let record = self.find(&selector)?;
        let workspace = self.workspace(env);
        match record.phase {
            Phase::Destroying => Err(Error::HalfDestroyed { env: env.clone() }),
            _ if !workspace.is_dir() => Err(Error::WorkspaceGone {
                env: env.clone(),
                workspace,
            }),
            _ => Ok(record),
        }
    }

    /// From the workspace's files to containers that were started. A failure here has taken back what it made in the
    /// container engine.
    async fn begin(
        &self,
        request: &UpRequest,
        turn: &Turn<'_>,
        record: EnvironmentRecord,
        clock: &mut Clock,
        events: Events<'_>,
    ) -> Result<Begun, Error> {
        let runtime = turn.runtime;
        let env = record.env.clone();
        let workspace = self.workspace(&env);
        let identity = Self::identity(&record);
        let parsed =
            Project::at(&workspace)?.parse(self.settings(), Some(names::engine_project(&identity)))?;
        for warning in &parsed.warnings {
            events(Event::Warning(warning.to_string()));
        }
        known_services(&env, &parsed.spec, &request.options.services)?;
        let subnet = self.claim(runtime, &env, &parsed.spec).await?;
        let record = EnvironmentRecord {
            subnet: Some(subnet),
            ..record
        };
        let isolation = Isolation {
            identity,
            suffix: record.suffix.clone(),
            subnet,
            source: record.source.clone(),
            workspace: workspace.clone(),
        };
        let spec = isolate(&parsed.spec, &isolation)?;
        crate::links::warn_of_links_out(&spec, &workspace, events);
        let reserved = self.reserve(&spec)?;
        clock.lap("claim");
        let made = Mutex::new(BTreeSet::new());
        let told = |event: cilo_runtimes::Event| {
            if let cilo_runtimes::Event::ContainerCreated { replica, .. } = &event {
                made.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .insert(replica.clone());
            }
            events(Event::Runtime(event));
        };
        let daemon = self.daemon();
        let (outcome, daemon) = tokio::join!(turn.up(&spec, &request.options, &told), daemon.start());
        if let Err(error) = &daemon {
            events(Event::Warning(format!(
                "the names of {env} are not served: {error}"
            )));
        }
        match outcome {
            Ok(outcome) => {
                clock.lap("containers");
                let made = made.into_inner().unwrap_or_else(PoisonError::into_inner);
                let fresh = fresh(&spec, &made);
                Ok(Begun {
                    record,
                    spec,
                    outcome,
                    fresh,
                    daemon: daemon.is_ok(),
                })
            }
            Err(error) => {
                let error = Self::explained(runtime, &spec, error).await;
                if reserved && !error.leaves_it_running() {
                    withdraw(&self.home().zones(), &env)?;
                }
                Err(error)
            }
        }
    }

    /// From started containers to ready ones with names. `true`: the names are served.
    async fn settle(
        &self,
        request: &UpRequest,
        runtime: &dyn Runtime,
        begun: &Begun,
        clock: &mut Clock,
        events: Events<'_>,
    ) -> Result<(Vec<ServiceStatus>, bool), Error> {
        let Begun {
            record,
            spec,
            outcome,
            daemon,
            ..
        } = begun;
        let zones = self.home().zones();
        publish(
            &zones,
            &hosts::zone(spec.identity(), &record.suffix, &outcome.services),
        )?;
        let services = self
            .wait(request, runtime, spec, outcome.services.clone(), events)
            .await?;
        clock.lap("ready");
        // A container that was restarted while it was waited for may have another address.
        let zone = hosts::zone(spec.identity(), &record.suffix, &services);
        publish(&zones, &zone)?;
        let named = *daemon && self.served(Expected::Published(&zone), events).await;
        clock.lap("names");
        Ok((services, named))
    }

    async fn wait(
        &self,
        request: &UpRequest,
        runtime: &dyn Runtime,
        spec: &IsolatedSpec,
        known: Vec<ServiceStatus>,
        events: Events<'_>,
    ) -> Result<Vec<ServiceStatus>, Error> {
        if !request.wait || request.options.no_start {
            return Ok(known);
        }
        let wait = Wait {
            runtime,
            spec,
            services: &request.options.services,
            timeout: request.timeout,
            cancel: &request.options.cancel,
            events,
        };
        let env = spec.identity().to_ref();
        wait.run(known).await.map_err(|error| match error {
            WaitError::NotReady(services) => Error::NotReady { env, services },
            WaitError::TimedOut(services) => Error::TimedOut {
                env,
                after: request.timeout,
                services,
            },
            WaitError::Cancelled => Error::Cancelled,
            WaitError::Runtime(error) => error.into(),
        })
    }

    /// An engine's failure with what the failed service wrote last.
    async fn explained(runtime: &dyn Runtime, spec: &IsolatedSpec, error: UpError) -> Error {
        let (of, service, reason) = match error {
            UpError::Cancelled { .. } => return Error::Cancelled,
            UpError::Dependency {
                service,
                dependency,
                reason,
            } => (service, dependency, reason),
            other => return other.into(),
        };
        let env = spec.identity().to_ref();
        let log = last_lines(runtime, spec, &service).await;
        let why = Why::Dependency {
            of,
            reason: reason.to_string(),
        };
        let services = vec![Unready { service, why, log }];
        match reason {
            DependencyFailure::TimedOut { after, .. } => Error::TimedOut { env, after, services },
            _ => Error::NotReady { env, services },
        }
    }
}

/// The steps of an `up` that are the engine's own, for `--timings`.
impl Up {
    /// The container engine's steps.
    #[must_use]
    pub fn steps(&self) -> &[Timing] {
        &self.outcome.timings
    }
}

fn known_services(env: &EnvRef, spec: &EnvironmentSpec, asked: &BTreeSet<String>) -> Result<(), Error> {
    match asked.iter().find(|service| !spec.services.contains_key(*service)) {
        None => Ok(()),
        Some(service) => Err(Error::UnknownService {
            env: env.clone(),
            service: service.clone(),
            known: spec.services.keys().cloned().collect(),
        }),
    }
}

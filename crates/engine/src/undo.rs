// SPDX-License-Identifier: MIT
//! Taking back what an `up` made, when it fails or is given up after its containers were started.

use std::collections::BTreeSet;
use std::time::Duration;

use cilo_dns::{publish, withdraw};
use cilo_runtimes::{DownOptions, Filter, Replica, Runtime, UpOutcome};
use cilo_spec::IsolatedSpec;
use cilo_state::{EnvironmentRecord, Phase};

use crate::destroy::describe;
use crate::{Engine, Error, Event, Events, hosts};

/// An environment whose containers were started.
pub(crate) struct Begun {
    pub(crate) record: EnvironmentRecord,
    pub(crate) spec: IsolatedSpec,
    pub(crate) outcome: UpOutcome,
    /// Services all of whose containers this call made.
    pub(crate) fresh: BTreeSet<String>,
    /// The daemon serves.
    pub(crate) daemon: bool,
}

impl Engine {
    /// Takes back what this call made after it was all started: the environment, if it made that; else its containers,
    /// if none ran before; else the services that are new. What was replaced or started again stays as it is now.
    pub(crate) async fn take_back(
        &self,
        runtime: &dyn Runtime,
        begun: &Begun,
        created: bool,
        events: Events<'_>,
    ) {
        let id = &begun.record.id;
        let told = |event: cilo_runtimes::Event| events(Event::Runtime(event));
        let outcome = &begun.outcome;
        if created {
            return self.discard(runtime, &begun.record, events).await;
        }
        let undone = if outcome.unchanged == 0 && outcome.recreated == 0 {
            let at_once = DownOptions {
                grace: Some(Duration::ZERO),
                ..DownOptions::default()
            };
            runtime.down(id, &at_once, &told).await
        } else {
            return self.take_back_services(runtime, begun, events).await;
        };
        match undone {
            Err(error) => events(Event::Warning(format!(
                "not everything could be taken back: {error}"
            ))),
            Ok(_) => {
                if let Err(error) = self.take_names_back(&begun.record.env, events).await {
                    events(Event::Warning(format!("names could not be taken back: {error}")));
                }
            }
        }
    }

    /// Takes back the services that are new in an environment that ran before.
    async fn take_back_services(&self, runtime: &dyn Runtime, begun: &Begun, events: Events<'_>) {
        let env = &begun.record.env;
        let told = |event: cilo_runtimes::Event| events(Event::Runtime(event));
        let take_back = async || -> Result<(), Error> {
            let id = &begun.record.id;
            if !begun.fresh.is_empty() {
                let only_new = DownOptions {
                    services: begun.fresh.clone(),
                    grace: Some(Duration::ZERO),
                };
                runtime.down(id, &only_new, &told).await?;
            }
            let left = runtime.statuses(&Filter::Env(id.clone())).await?.remove(id);
            let services = left.map(|env| env.services).unwrap_or_default();
            let zone = hosts::zone(begun.spec.identity(), &begun.record.suffix, &services);
            publish(&self.home().zones(), &zone)?;
            Ok(())
        };
        if let Err(error) = take_back().await {
            events(Event::Warning(format!(
                "not everything could be taken back: {error}"
            )));
        }
        events(Event::Warning(format!("{env} ran before and stays up")));
    }

    /// Takes back an environment that this call created, with what a killed run may have left of it in the container
    /// engine. What made this necessary is the error to report, so a failure here is a warning. Somebody may have begun
    /// to work in it: then it stays, without containers.
    pub(crate) async fn discard(
        &self,
        runtime: &dyn Runtime,
        record: &EnvironmentRecord,
        events: Events<'_>,
    ) {
        let env = &record.env;
        let told = |event: cilo_runtimes::Event| events(Event::Runtime(event));
        let discard = async || -> Result<(), Error> {
            runtime.destroy(&record.id, &told).await?;
            if let Some(work) = self.unsaved(record, self.workspace(env)).await? {
                withdraw(&self.home().zones(), env)?;
                events(Event::Warning(format!(
                    "{env} stays, stopped: its workspace holds {}; `cilo up {}` goes on, `cilo destroy {1}` removes it",
                    describe(&work),
                    env.env
                )));
                return Ok(());
            }
            // Killed in between, the same command makes it again.
            self.store().update(|state| -> Result<(), Error> {
                if let Some(record) = state.environments.get_mut(env) {
                    record.phase = Phase::Creating;
                }
                Ok(())
            })?;
            withdraw(&self.home().zones(), env)?;
            cilo_workspace::remove(&self.workspace(env), &self.home().workspaces())?;
            self.remove_baseline(env)?;
            self.forget(env)
        };
        if let Err(error) = discard().await {
            events(Event::Warning(format!("{env} could not be taken back: {error}")));
        }
    }
}

/// The services all of whose containers were `made`.
pub(crate) fn fresh(spec: &IsolatedSpec, made: &BTreeSet<Replica>) -> BTreeSet<String> {
    let count = |name: &str| made.iter().filter(|replica| replica.service == name).count();
    let services = spec.environment().services.iter();
    services
        .filter(|(name, service)| count(name) > 0 && count(name) == service.replicas() as usize)
        .map(|(name, _)| name.clone())
        .collect()
}

// SPDX-License-Identifier: MIT
//! Names taken before anything starts, served while it runs, and given back before it goes.

use std::time::Duration;

use cilo_dns::{Expected, await_served, clashes, publish, read_all, withdraw};
use cilo_spec::{EnvRef, IsolatedSpec};

use crate::{DaemonStatus, Engine, Error, Event, Events, hosts};

/// How long the daemon may take to see a zone that was renamed into place.
const SERVED_WITHIN: Duration = Duration::from_secs(5);

impl Engine {
    /// Takes the names before anything starts, so that two environments never both believe they have one.
    /// `true` when there was no zone before.
    pub(crate) fn reserve(&self, spec: &IsolatedSpec) -> Result<bool, Error> {
        let folder = self.home().zones();
        let env = spec.identity().to_ref();
        let planned = hosts::planned(spec);
        self.store().update(|_state| {
            let (zones, _problems) = read_all(&folder);
            let found = clashes(&zones, &planned);
            if !found.is_empty() {
                return Err(Error::NameClash {
                    env: env.clone(),
                    clashes: found,
                });
            }
            let before = zones
                .iter()
                .find(|zone| zone.env == env && zone.suffix == planned.suffix);
            let mut zone = planned.clone();
            for (name, addresses) in before.iter().flat_map(|zone| &zone.names) {
                if let Some(planned) = zone.names.get_mut(name) {
                    planned.clone_from(addresses);
                }
            }
            publish(&folder, &zone)?;
            Ok(before.is_none())
        })
    }

    pub(crate) async fn served(&self, expected: Expected<'_>, events: Events<'_>) -> bool {
        match await_served(self.settings().dns, expected, SERVED_WITHIN).await {
            Ok(()) => true,
            Err(error) => {
                events(Event::Warning(format!("names may not be current: {error}")));
                false
            }
        }
    }

    /// Names go before what they lead to.
    pub(crate) async fn take_names_back(&self, env: &EnvRef, events: Events<'_>) -> Result<(), Error> {
        let gone = withdraw(&self.home().zones(), env)?;
        if gone && matches!(self.daemon().status().await, DaemonStatus::Running(_)) {
            self.served(Expected::Withdrawn(env), events).await;
        }
        Ok(())
    }
}

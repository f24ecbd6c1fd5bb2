// SPDX-License-Identifier: MIT
//! `down`: containers and networks go; volumes, workspace and the environment itself stay.

use cilo_runtimes::{Contents, DownOptions};

use crate::{Engine, Error, Event, Events, Selector};

impl Engine {
    /// Stops an environment and takes its names back. Stopping a stopped one changes nothing.
    ///
    /// # Errors
    /// Everything that failed, after the rest was done.
    pub async fn down(
        &self,
        selector: &Selector,
        options: &DownOptions,
        events: Events<'_>,
    ) -> Result<Contents, Error> {
        let record = self.find(selector)?;
        let env = record.env.clone();
        let runtime = self.runtime().await?;
        let _lock = self.lock(&env, events).await?;
        let _turn = self.turn(runtime.as_ref(), &record).await?;
        if options.services.is_empty() {
            self.take_names_back(&env, events).await?;
        }
        let removed = runtime
            .down(&record.id, options, &|event| events(Event::Runtime(event)))
            .await?;
        Ok(removed)
    }
}

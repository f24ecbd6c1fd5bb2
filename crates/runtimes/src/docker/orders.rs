// SPDX-License-Identifier: MIT
//! The few orders that more than one verb gives.

use std::time::Duration;

use bollard::errors::Error;
use bollard::models::ContainerCreateBody;
use bollard::query_parameters::{
    CreateContainerOptions, RemoveContainerOptionsBuilder, RemoveVolumeOptions, StopContainerOptionsBuilder,
};

use super::observe::Seen;
use super::request::{self, Wanted};
use super::{Docker, dialect, labels};
use crate::error::RuntimeError;

/// A stop may take as long as a service asks for; an engine that takes longer than this is not waited for.
const LONGEST_STOP: Duration = Duration::from_secs(60 * 60);

impl Docker {
    /// Makes a container and gives its id.
    pub(super) async fn create(
        &self,
        options: CreateContainerOptions,
        body: ContainerCreateBody,
        wanted: &Wanted<'_>,
    ) -> Result<String, Error> {
        let made = match fixed_mac(wanted) {
            Some(mac) => {
                let api = with_mac(&self.api, &body, mac)?;
                api.create_container(Some(options), body).await?
            }
            None => self.api.create_container(Some(options), body).await?,
        };
        Ok(made.id)
    }

    /// Stops a container; `None` gives it the time its service asked for.
    pub(super) async fn stop(&self, id: &str, grace: Option<Duration>) -> Result<(), Error> {
        let mut options = StopContainerOptionsBuilder::default();
        if let Some(grace) = grace {
            options = options.t(i32::try_from(grace.as_secs()).unwrap_or(i32::MAX));
        }
        let api = self.api.clone().with_timeout(LONGEST_STOP);
        api.stop_container(id, Some(options.build())).await
    }

    /// Removes a container, killed if it runs, and with `volumes` those that have no name.
    pub(super) async fn remove(&self, id: &str, volumes: bool) -> Result<(), Error> {
        let options = RemoveContainerOptionsBuilder::default()
            .force(true)
            .v(volumes)
            .build();
        match self.api.remove_container(id, Some(options)).await {
            Err(error) if dialect::is_missing(&error) || dialect::is_so_already(&error) => Ok(()),
            other => other,
        }
    }

    /// Removes a container and all volumes without a name that came down to it, unless another one has them now.
    pub(super) async fn discard(&self, container: &Seen) -> Result<(), RuntimeError> {
        self.remove(&container.id, true)
            .await
            .map_err(|error| dialect::classify(format!("remove container `{}`", container.name), error))?;
        let taken_over = container.labels.get(labels::TAKEN_OVER);
        for volume in taken_over.into_iter().flat_map(|list| list.split(',')) {
            match self.api.remove_volume(volume, None::<RemoveVolumeOptions>).await {
                Err(error) if !dialect::is_missing(&error) && !dialect::is_in_use(&error) => {
                    return Err(dialect::classify(format!("remove volume `{volume}`"), error));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// The MAC address of the primary network, where the engine takes it only for the whole container: before API 1.44.
fn fixed_mac(wanted: &Wanted<'_>) -> Option<String> {
    if wanted.version >= (1, 44) {
        return None;
    }
    let primary = request::endpoint_order(wanted.service).into_iter().next()?;
    request::endpoint(wanted, primary).mac_address
}

/// A client that adds the address to its request: the typed body has no place for it.
fn with_mac(
    api: &bollard::Docker,
    body: &ContainerCreateBody,
    mac: String,
) -> Result<bollard::Docker, Error> {
    let mut json = serde_json::to_value(body)?;
    json["MacAddress"] = mac.into();
    let bytes = bytes::Bytes::from(json.to_string());
    Ok(api.clone().with_request_modifier(move |mut request| {
        *request.body_mut() = bollard::body_full(bytes.clone());
        request
    }))
}

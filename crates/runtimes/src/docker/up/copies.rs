// SPDX-License-Identifier: MIT
//! What goes into a container between making and starting it.

use bollard::query_parameters::UploadToContainerOptionsBuilder;

use super::run::{Run, Stopped};
use crate::docker::request::Wanted;
use crate::docker::{dialect, files};

/// Copies secrets and configs that are no files into the container.
pub(super) async fn copy(
    run: &Run<'_>,
    wanted: &Wanted<'_>,
    id: &str,
    container: &str,
) -> Result<(), Stopped> {
    let archive = files::archive(wanted.spec, wanted.service).map_err(|error| run.fail(error))?;
    let Some(archive) = archive else {
        return Ok(());
    };
    let options = UploadToContainerOptionsBuilder::default().path("/").build();
    let body = bollard::body_full(archive.into());
    let done = run.docker.api.upload_to_container(id, Some(options), body).await;
    done.map_err(|error| {
        let action = format!("copy secrets and configs into container `{container}`");
        run.fail(dialect::classify(action, error))
    })
}

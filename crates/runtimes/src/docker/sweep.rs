// SPDX-License-Identifier: MIT
//! Files that containers left in a folder of the host, removed by a container: it may what they could.

use std::collections::BTreeSet;
use std::path::Path;

use bollard::models::{ContainerCreateBody, HostConfig, Mount, MountType};
use bollard::query_parameters::{
    CreateContainerOptions, ListImagesOptionsBuilder, StartContainerOptions, WaitContainerOptionsBuilder,
};
use cilo_spec::{EnvId, labels as cilo};
use futures_util::StreamExt;

use super::observe::of;
use super::{Docker, dialect, labels};
use crate::error::{RuntimeError, Unavailable};

/// Where the folder is in the container.
const FOLDER: &str = "/cilo";
/// More images than this are not tried.
const TRIES: usize = 12;

pub(super) async fn remove_files(docker: &Docker, env: &EnvId, folder: &Path) -> Result<(), RuntimeError> {
    let mut last = None;
    for image in candidates(docker, env).await?.into_iter().take(TRIES) {
        match empty(docker, env, &image, folder).await {
            Ok(true) => return Ok(()),
            Ok(false) => {}
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| RuntimeError::ImageUnavailable {
        image: "any with `find`".to_owned(),
        reason: Unavailable::Never,
        source: None,
    }))
}

/// Images that are there, those of the environment first.
async fn candidates(docker: &Docker, env: &EnvId) -> Result<Vec<String>, RuntimeError> {
    let labels = [of(env)];
    let all = async {
        let options = ListImagesOptionsBuilder::default().build();
        let listed = docker.api.list_images(Some(options)).await;
        listed.map_err(|error| dialect::classify("list images", error))
    };
    let (containers, own, all) = tokio::try_join!(docker.containers(&labels), docker.images(env), all)?;
    let used = containers
        .into_iter()
        .filter_map(|container| container.labels.get(labels::IMAGE).cloned());
    let own = own.into_iter().map(|image| image.id);
    // Small ones are the ones made of tools. Another environment's own may be about to go.
    let mut others: Vec<(i64, String)> = all
        .into_iter()
        .filter(|image| !image.labels.contains_key(cilo::ID))
        .map(|image| (image.size, image.id))
        .collect();
    others.sort();
    let mut seen = BTreeSet::new();
    Ok(used
        .chain(own)
        .chain(others.into_iter().map(|(_, id)| id))
        .filter(|id| !id.is_empty() && seen.insert(id.clone()))
        .collect())
}

/// Gives whether the folder is empty now; an image without the tool cannot do it.
async fn empty(docker: &Docker, env: &EnvId, image: &str, folder: &Path) -> Result<bool, RuntimeError> {
    let failed = |error| dialect::classify(format!("empty `{}`", folder.display()), error);
    let argv = ["find", FOLDER, "-mindepth", "1", "-delete"];
    let mount = Mount {
        typ: Some(MountType::BIND),
        source: Some(folder.to_string_lossy().into_owned()),
        target: Some(FOLDER.to_owned()),
        ..Mount::default()
    };
    let labels = [(cilo::ID, env.as_str()), (labels::HOOK, "sweep")];
    let body = ContainerCreateBody {
        image: Some(image.to_owned()),
        entrypoint: Some(argv.map(str::to_owned).to_vec()),
        cmd: Some(Vec::new()),
        user: Some("0:0".to_owned()),
        labels: Some(
            labels
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .collect(),
        ),
        host_config: Some(HostConfig {
            mounts: Some(vec![mount]),
            network_mode: Some("none".to_owned()),
            security_opt: Some(vec!["label=disable".to_owned()]),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    };
    let made = docker
        .api
        .create_container(None::<CreateContainerOptions>, body)
        .await
        .map_err(failed)?;
    let started = docker
        .api
        .start_container(&made.id, None::<StartContainerOptions>)
        .await;
    let emptied = match started {
        Ok(()) => {
            let options = WaitContainerOptionsBuilder::default()
                .condition("not-running")
                .build();
            let mut waiting = std::pin::pin!(docker.api.wait_container(&made.id, Some(options)));
            matches!(waiting.next().await, Some(Ok(ended)) if ended.status_code == 0)
        }
        Err(_) => false,
    };
    docker.remove(&made.id, true).await.map_err(failed)?;
    Ok(emptied)
}

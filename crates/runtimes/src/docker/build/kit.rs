// SPDX-License-Identifier: MIT
//! Builds with secrets or named contexts: BuildKit spoken to directly, without progress.

use std::io::Write;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bollard::grpc::build::{
    ImageBuildFrontendOptions, ImageBuildFrontendOptionsBuilder, ImageBuildHostIp, ImageBuildLoadInput,
    ImageBuildNetworkMode, ImageBuildPlatform, NamedContext, SecretSource,
};
use bollard::grpc::driver::{Build as _, moby::Moby};
use cilo_spec::model::FileSource;
use tempfile::NamedTempFile;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::context::Context;
use super::{Order, arguments, platform};
use crate::docker::Docker;
use crate::error::{RuntimeError, Source};

/// Builds with everything the plain way cannot carry.
pub(super) async fn build(
    docker: &Docker,
    order: &Order<'_>,
    context: &Arc<Context>,
) -> Result<(), RuntimeError> {
    // Secrets that are no files lie in files of ours until the build is over.
    let mut held = Vec::new();
    let options = options(order, context, &mut held)?;
    let archive = context.whole().await?;
    let (moby, image) = (Moby::new(&docker.api), order.service.image.clone());
    // The library's future stays on one thread: it gets one, and ends when this one is dropped.
    let stop = CancellationToken::new();
    let stopped = stop.clone();
    let _stop = stop.drop_guard();
    let runtime = Handle::current();
    let built = tokio::task::spawn_blocking(move || {
        let load = ImageBuildLoadInput::Upload(archive.into());
        runtime.block_on(async {
            tokio::select! {
                () = stopped.cancelled() => Ok(()),
                built = moby.docker_build(&image, options, load, None, None) => built,
            }
        })
    });
    let failed = |source: Source| RuntimeError::BuildFailed {
        service: order.name.to_owned(),
        log: Vec::new(),
        source,
    };
    let built = built.await.map_err(|error| failed(Box::new(error)))?;
    built.map_err(|error| failed(Box::new(error)))
}

fn options(
    order: &Order<'_>,
    context: &Context,
    held: &mut Vec<NamedTempFile>,
) -> Result<ImageBuildFrontendOptions, RuntimeError> {
    let build = order.build;
    let mut options = ImageBuildFrontendOptions::builder()
        .dockerfile(Path::new(&context.dockerfile_name()))
        .nocache(build.no_cache)
        .pull(build.pull || order.pull)
        .force_network_mode(&match build.network.as_str() {
            "host" => ImageBuildNetworkMode::Host,
            "none" => ImageBuildNetworkMode::None,
            _ => ImageBuildNetworkMode::Bridge,
        });
    if !build.target.is_empty() {
        options = options.target(&build.target);
    }
    for (key, value) in arguments(order) {
        options = options.buildarg(key, value);
    }
    for (key, value) in &build.labels {
        options = options.label(key, value);
    }
    if build.shm_size.0 > 0 {
        options = options.shmsize(u64::try_from(build.shm_size.0).unwrap_or(0));
    }
    if let Some(platform) = platform(order) {
        let mut parts = platform.split('/').map(str::to_owned);
        options = options.platforms(&ImageBuildPlatform {
            os: parts.next().unwrap_or_default(),
            architecture: parts.next().unwrap_or_default(),
            variant: parts.next(),
        });
    }
    for host in &build.extra_hosts {
        if let Some((name, Ok(ip))) = host
            .split_once(['=', ':'])
            .map(|(name, ip)| (name, ip.parse::<IpAddr>()))
        {
            options = options.extrahost(&ImageBuildHostIp {
                host: name.to_owned(),
                ip,
            });
        }
    }
    options = contexts(order, options);
    secrets(order, options, held).map(ImageBuildFrontendOptionsBuilder::build)
}

fn contexts(
    order: &Order<'_>,
    mut options: ImageBuildFrontendOptionsBuilder,
) -> ImageBuildFrontendOptionsBuilder {
    let services = &order.spec.environment().services;
    for (name, path) in &order.build.additional_contexts {
        let path = match path
            .strip_prefix("service:")
            .and_then(|service| services.get(service))
        {
            Some(service) => format!("docker-image://{}", service.image),
            None => path.clone(),
        };
        options = options.named_context(name, NamedContext { path });
    }
    options
}

fn secrets(
    order: &Order<'_>,
    mut options: ImageBuildFrontendOptionsBuilder,
    held: &mut Vec<NamedTempFile>,
) -> Result<ImageBuildFrontendOptionsBuilder, RuntimeError> {
    for grant in &order.build.secrets {
        let id = if grant.target.is_empty() {
            &grant.source
        } else {
            &grant.target
        };
        let Some(source) = order.spec.environment().secrets.get(&grant.source) else {
            continue;
        };
        let path = secret_file(source, held)?;
        options = options.set_secret(id, &SecretSource::File(path));
    }
    Ok(options)
}

/// The file of a secret; one that is a variable's value is written to a file only this user can read.
fn secret_file(source: &FileSource, held: &mut Vec<NamedTempFile>) -> Result<PathBuf, RuntimeError> {
    if !source.file.is_empty() {
        return Ok(PathBuf::from(&source.file));
    }
    let failed = |source| RuntimeError::File {
        action: "keep a build secret".to_owned(),
        path: std::env::temp_dir(),
        source,
    };
    let mut file = NamedTempFile::new().map_err(failed)?;
    let value = source.value.as_deref().unwrap_or(&source.content);
    file.write_all(value.as_bytes()).map_err(failed)?;
    let path = file.path().to_owned();
    held.push(file);
    Ok(path)
}

// SPDX-License-Identifier: MIT
//! Images built by the engine: BuildKit where it has it, its older builder where not.

mod context;
mod ignored;
mod kit;
mod progress;
mod stream;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use bollard::query_parameters::{BuildImageOptions, BuildImageOptionsBuilder, BuilderVersion};
use cilo_spec::IsolatedSpec;
use cilo_spec::model::{Build, Service};
use futures_util::StreamExt;

use super::Docker;
use super::dialect;
use crate::error::RuntimeError;
use crate::event::Event;
use context::{Context, Dockerfile};
use progress::Progress;

/// One image to build.
pub(super) struct Order<'a> {
    pub(super) spec: &'a IsolatedSpec,
    pub(super) name: &'a str,
    pub(super) service: &'a Service,
    pub(super) build: &'a Build,
    /// Pull base images even when they are there.
    pub(super) pull: bool,
}

impl Docker {
    /// Builds the image of a service and gives it its name.
    pub(super) async fn build(
        &self,
        order: &Order<'_>,
        events: &(dyn Fn(Event) + Sync),
    ) -> Result<(), RuntimeError> {
        let context = Arc::new(Context::open(order.build).await?);
        if !order.build.secrets.is_empty() || !order.build.additional_contexts.is_empty() {
            return kit::build(self, order, &context).await;
        }
        match self
            .stream(order, &context, BuilderVersion::BuilderBuildKit, events)
            .await
        {
            Err(Failure::NoBuildKit) => {}
            Err(Failure::Failed(error)) => return Err(error),
            Ok(()) => return Ok(()),
        }
        match self
            .stream(order, &context, BuilderVersion::BuilderV1, events)
            .await
        {
            Err(Failure::Failed(error)) => Err(error),
            Err(Failure::NoBuildKit) | Ok(()) => Ok(()),
        }
    }

    async fn stream(
        &self,
        order: &Order<'_>,
        context: &Arc<Context>,
        builder: BuilderVersion,
        events: &(dyn Fn(Event) + Sync),
    ) -> Result<(), Failure> {
        let kit = matches!(builder, BuilderVersion::BuilderBuildKit);
        let options = options(order, context, builder);
        let (chunks, packing) = context.stream();
        let body = bollard::body_try_stream(chunks);
        let mut progress = Progress::new(order.name, events);
        let mut steps = self.api.build_image(options, None, Some(body));
        let failed = loop {
            match steps.next().await {
                None => break None,
                Some(Ok(step)) => progress.read(step),
                Some(Err(error)) => break Some(error),
            }
        };
        drop(steps);
        let Some(error) = failed else {
            return packing.finished().await.map_err(Failure::Failed);
        };
        if kit && !progress.began() && dialect::lacks_buildkit(&error) {
            return Err(Failure::NoBuildKit);
        }
        // A context that could not be packed breaks the request; the reason is at this end.
        packing.finished().await.map_err(Failure::Failed)?;
        Err(Failure::Failed(RuntimeError::BuildFailed {
            service: order.name.to_owned(),
            log: progress.tail(),
            source: Box::new(error),
        }))
    }
}

enum Failure {
    NoBuildKit,
    Failed(RuntimeError),
}

fn options(order: &Order<'_>, context: &Context, builder: BuilderVersion) -> BuildImageOptions {
    let build = order.build;
    let arguments = arguments(order).collect();
    let labels = build
        .labels
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .collect();
    let mut options = BuildImageOptionsBuilder::default()
        .t(&order.service.image)
        .dockerfile(&context.dockerfile_name())
        .rm(true)
        .forcerm(true)
        .buildargs(&arguments)
        .labels(&labels)
        .nocache(build.no_cache);
    if build.pull || order.pull {
        options = options.pull("true");
    }
    if !build.target.is_empty() {
        options = options.target(&build.target);
    }
    if !build.network.is_empty() {
        options = options.networkmode(&build.network);
    }
    if let Some(platform) = platform(order) {
        options = options.platform(platform);
    }
    if !build.extra_hosts.is_empty() {
        options = options.extrahosts(&hosts(build).join(","));
    }
    if build.shm_size.0 > 0 {
        options = options.shmsize(i32::try_from(build.shm_size.0).unwrap_or(i32::MAX));
    }
    if !build.cache_from.is_empty() {
        options = options.cachefrom(&build.cache_from);
    }
    if let Some(remote) = context.remote() {
        options = options.remote(remote);
    }
    if matches!(builder, BuilderVersion::BuilderBuildKit) {
        options = options.session(&session());
    }
    options.version(builder).build()
}

/// Build arguments that have a value; the others stay the builder's.
fn arguments<'a>(order: &'a Order<'_>) -> impl Iterator<Item = (&'a str, &'a str)> {
    order
        .build
        .args
        .iter()
        .filter_map(|(key, value)| Some((key.as_str(), value.as_deref()?)))
}

fn platform<'a>(order: &'a Order<'_>) -> Option<&'a str> {
    let service = order.service.platform.as_str();
    let first = order.build.platforms.first().map(String::as_str);
    Some(service).filter(|platform| !platform.is_empty()).or(first)
}

/// `host:address`, as the engine reads it.
fn hosts(build: &Build) -> Vec<String> {
    build
        .extra_hosts
        .iter()
        .map(|entry| entry.replacen('=', ":", 1))
        .collect()
}

/// An id that no other build of this or another process has at the same time.
fn session() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map(|since| since.as_nanos())
        .unwrap_or_default();
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("cilo-{}-{now}-{count}", std::process::id())
}

impl Context {
    fn dockerfile_name(&self) -> String {
        match self.dockerfile() {
            Dockerfile::Inside(path) => path.clone(),
            Dockerfile::Given { name, .. } => name.clone(),
        }
    }
}

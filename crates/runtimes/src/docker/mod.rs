// SPDX-License-Identifier: MIT
//! Docker through its HTTP API.

mod build;
mod check;
mod connect;
mod dialect;
mod exec;
mod files;
mod hash;
mod image;
mod labels;
mod logs;
mod observe;
mod orders;
mod request;
mod status;
mod sweep;
mod teardown;
mod up;
mod watch;

use std::collections::BTreeMap;
use std::path::Path;

use async_trait::async_trait;
use bollard::models::SystemVersion;
use cilo_spec::{EnvId, IsolatedSpec};
use futures_util::stream::BoxStream;

use crate::endpoint::Endpoint;
use crate::error::{RuntimeError, TeardownError, UpError};
use crate::event::{EventSink, Occurrence};
use crate::exec::{ExecRequest, ExecSession};
use crate::options::{DownOptions, Filter, LogLine, LogOptions, UpOptions};
use crate::report::{About, Contents, EnvironmentStatus, NetworkSubnet, UpOutcome};
use crate::runtime::{Runtime, RuntimeKind};

/// The entry of Docker.
pub(crate) const KIND: RuntimeKind = RuntimeKind {
    id: "docker",
    name: "Docker",
    connect: |endpoint| Box::pin(connect::connect(endpoint)),
};

/// A connection to Docker.
#[derive(Clone, Debug)]
struct Docker {
    api: bollard::Docker,
    endpoint: Endpoint,
    engine: SystemVersion,
    /// The API version it speaks.
    version: (usize, usize),
}

impl Docker {
    fn new(api: bollard::Docker, endpoint: Endpoint, engine: SystemVersion) -> Self {
        let version = connect::parse_version(engine.api_version.as_deref().unwrap_or_default());
        Self {
            api,
            endpoint,
            engine,
            version,
        }
    }
}

#[async_trait]
impl Runtime for Docker {
    fn kind(&self) -> &'static RuntimeKind {
        &KIND
    }

    async fn about(&self) -> Result<About, RuntimeError> {
        self.about().await
    }

    async fn subnets(&self) -> Result<Vec<NetworkSubnet>, RuntimeError> {
        self.all_subnets().await
    }

    async fn up(
        &self,
        spec: &IsolatedSpec,
        options: &UpOptions,
        events: &dyn EventSink,
    ) -> Result<UpOutcome, UpError> {
        up::up(self, spec, options, events).await
    }

    async fn down(
        &self,
        env: &EnvId,
        options: &DownOptions,
        events: &dyn EventSink,
    ) -> Result<Contents, TeardownError> {
        teardown::down(self, env, options, events).await
    }

    async fn destroy(&self, env: &EnvId, events: &dyn EventSink) -> Result<Contents, TeardownError> {
        teardown::destroy(self, env, events).await
    }

    async fn contents(&self, env: &EnvId) -> Result<Contents, RuntimeError> {
        teardown::contents(self, env).await
    }

    async fn statuses(&self, filter: &Filter) -> Result<BTreeMap<EnvId, EnvironmentStatus>, RuntimeError> {
        self.read_statuses(filter).await
    }

    async fn watch(
        &self,
        env: &EnvId,
    ) -> Result<BoxStream<'static, Result<Occurrence, RuntimeError>>, RuntimeError> {
        watch::watch(self, env).await
    }

    async fn logs(
        &self,
        env: &EnvId,
        options: &LogOptions,
    ) -> Result<BoxStream<'static, Result<LogLine, RuntimeError>>, RuntimeError> {
        logs::logs(self, env, options).await
    }

    async fn exec(&self, env: &EnvId, request: &ExecRequest) -> Result<ExecSession, RuntimeError> {
        exec::exec(self, env, request).await
    }

    async fn remove_files(&self, env: &EnvId, folder: &Path) -> Result<(), RuntimeError> {
        sweep::remove_files(self, env, folder).await
    }
}

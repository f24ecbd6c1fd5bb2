// SPDX-License-Identifier: MIT
//! The trait every container engine implements, and the table of engines.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use cilo_spec::{EnvId, IsolatedSpec};
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;

use crate::endpoint::{ConnectError, Endpoint};
use crate::error::{RuntimeError, TeardownError, UpError};
use crate::event::{EventSink, Occurrence};
use crate::exec::{ExecRequest, ExecSession};
use crate::options::{DownOptions, Filter, LogLine, LogOptions, UpOptions};
use crate::report::{About, Contents, EnvironmentStatus, NetworkSubnet, UpOutcome};

/// Runs isolated applications.
///
/// Everything it makes carries the labels of [`cilo_spec::labels`], and it changes nothing that does not carry the
/// id of the environment it was asked about. Every method may be repeated: doing it again mends what a killed
/// process left half done.
#[async_trait]
pub trait Runtime: Send + Sync + fmt::Debug {
    /// Its entry in [`RUNTIMES`](crate::RUNTIMES).
    fn kind(&self) -> &'static RuntimeKind;

    /// What answers, and where.
    ///
    /// # Errors
    /// When the engine cannot be asked.
    async fn about(&self) -> Result<About, RuntimeError>;

    /// The IPv4 subnets of all its networks, whoever made them.
    ///
    /// # Errors
    /// When the engine cannot be asked.
    async fn subnets(&self) -> Result<Vec<NetworkSubnet>, RuntimeError>;

    /// Makes the environment as `spec` says: makes what is missing, replaces what differs, leaves the rest alone.
    ///
    /// Each service starts the moment its own `depends_on` allows. Returns when everything was started; waiting for
    /// health is left to [`Runtime::watch`] and [`Runtime::statuses`], except where a dependency asks for it.
    ///
    /// # Errors
    /// [`UpError::Refused`] before anything is changed. [`UpError::Failed`] and [`UpError::Cancelled`] after what
    /// this call made was undone. [`UpError::Dependency`] with everything left as it is, so that its logs can be read.
    async fn up(
        &self,
        spec: &IsolatedSpec,
        options: &UpOptions,
        events: &dyn EventSink,
    ) -> Result<UpOutcome, UpError>;

    /// Stops the environment, dependants first, and removes its containers and networks. Keeps volumes and images.
    ///
    /// # Errors
    /// Everything that failed, after the rest was done.
    async fn down(
        &self,
        env: &EnvId,
        options: &DownOptions,
        events: &dyn EventSink,
    ) -> Result<Contents, TeardownError>;

    /// Removes everything that carries the environment's id: containers (killed), networks, volumes, built images.
    ///
    /// # Errors
    /// Everything that failed, after the rest was done.
    async fn destroy(&self, env: &EnvId, events: &dyn EventSink) -> Result<Contents, TeardownError>;

    /// What [`Runtime::destroy`] would remove, by name.
    ///
    /// # Errors
    /// When the engine cannot be asked.
    async fn contents(&self, env: &EnvId) -> Result<Contents, RuntimeError>;

    /// What runs, read live: one question to the engine, however many environments there are.
    ///
    /// # Errors
    /// When the engine cannot be asked.
    async fn statuses(&self, filter: &Filter) -> Result<BTreeMap<EnvId, EnvironmentStatus>, RuntimeError>;

    /// What happens to the environment's containers from now on. Nothing is missed that happens after this returned.
    ///
    /// An engine may tell an event a moment before [`Runtime::statuses`] shows it: read the statuses once, after
    /// this, and apply the events to them.
    ///
    /// # Errors
    /// When the engine cannot be asked.
    async fn watch(
        &self,
        env: &EnvId,
    ) -> Result<BoxStream<'static, Result<Occurrence, RuntimeError>>, RuntimeError>;

    /// The output of the environment's containers, one item per line, in the order it arrives.
    ///
    /// While following, containers that start later are picked up too.
    ///
    /// # Errors
    /// When the engine cannot be asked.
    async fn logs(
        &self,
        env: &EnvId,
        options: &LogOptions,
    ) -> Result<BoxStream<'static, Result<LogLine, RuntimeError>>, RuntimeError>;

    /// Runs a command in a running container.
    ///
    /// # Errors
    /// [`RuntimeError::NotRunning`] when there is no such container, or it does not run; engine errors.
    async fn exec(&self, env: &EnvId, request: &ExecRequest) -> Result<ExecSession, RuntimeError>;

    /// Empties `folder` on the engine's host with a throw-away container, for files that containers left there and
    /// that the caller may not delete. Uses an image of the environment, or any that is there.
    ///
    /// # Errors
    /// [`RuntimeError::ImageUnavailable`] when no image with a `rm` or `find` is there; engine errors.
    async fn remove_files(&self, env: &EnvId, folder: &Path) -> Result<(), RuntimeError>;
}

/// One entry of [`RUNTIMES`](crate::RUNTIMES).
pub struct RuntimeKind {
    /// A stable word for files and output: `docker`.
    pub id: &'static str,
    /// Its name for people.
    pub name: &'static str,
    /// Connects, or gives `None` when what answers there is another engine.
    pub connect: fn(&Endpoint) -> Connecting<'_>,
}

/// What [`RuntimeKind::connect`] gives.
pub type Connecting<'a> = BoxFuture<'a, Result<Option<Arc<dyn Runtime>>, ConnectError>>;

impl fmt::Debug for RuntimeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RuntimeKind").field("id", &self.id).finish()
    }
}

// SPDX-License-Identifier: MIT
//! Container engines behind one [`Runtime`] trait.
//!
//! ```no_run
//! # async fn example(spec: &cilo_spec::IsolatedSpec) -> Result<(), Box<dyn std::error::Error>> {
//! use cilo_runtimes::{Event, UpOptions, connect};
//!
//! let runtime = connect(&"unix:///var/run/docker.sock".parse()?).await?;
//! let outcome = runtime
//!     .up(spec, &UpOptions::default(), &|event: Event| println!("{event:?}"))
//!     .await?;
//! for service in outcome.services {
//!     println!("{}: {:?}", service.service, service.addresses());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! A runtime takes an [`IsolatedSpec`](cilo_spec::IsolatedSpec) and nothing else, so nothing un-isolated can be
//! started. It knows nothing of project files, workspaces, DNS or Cilo's own state, reads no environment variable
//! and prints nothing: progress is [`Event`]s. The engine is asked each time; nothing is remembered between calls.

mod docker;
mod endpoint;
mod error;
mod event;
mod exec;
mod options;
mod report;
mod runtime;

pub use endpoint::{ConnectError, Endpoint, EndpointError, connect, connect_first};
pub use error::{DependencyFailure, RuntimeError, Source, TeardownError, Unavailable, Unsupported, UpError};
pub use event::{Event, EventSink, Happened, Occurrence, PullProgress, Reason, Replica, StepState};
pub use exec::{ExecControl, ExecRequest, ExecSession, Size};
pub use options::{Credentials, DownOptions, Filter, LogLine, LogOptions, Pull, Stream, UpOptions};
pub use report::{About, Contents, EnvironmentStatus, NetworkSubnet, Step, Timing, UpOutcome};
pub use runtime::{Connecting, Runtime, RuntimeKind};

/// The engines Cilo knows, in the order they are tried.
pub const RUNTIMES: &[RuntimeKind] = &[docker::KIND];

/// The oldest engine API that is spoken: Docker 20.10.
pub const MIN_API_VERSION: &str = "1.41";

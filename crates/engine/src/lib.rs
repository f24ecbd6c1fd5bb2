// SPDX-License-Identifier: MIT
//! The verbs of Cilo on this machine: create, up, down, destroy, run, list, status, logs, exec, explain.
//!
//! The crate other tools embed. It joins the layers below it (project files, isolation, engine, workspace, names,
//! state) and deliberately does not know terminals, arguments or the process environment: it is told everything in
//! [`Settings`] and requests, and talks in [`Event`]s.
//!
//! ```no_run
//! # async fn example(settings: cilo_engine::Settings) -> Result<(), cilo_engine::Error> {
//! use cilo_engine::{Engine, Event, UpRequest};
//!
//! let engine = Engine::open(settings)?;
//! let up = engine.up(&UpRequest::new("agent-1".parse()?), &|event: Event| println!("{event:?}")).await?;
//! for service in &up.services {
//!     println!("{}: {:?}", service.service, service.addresses());
//! }
//! # Ok(())
//! # }
//! ```

mod baseline;
mod claim;
mod create;
mod daemon;
mod destroy;
mod down;
mod engine;
mod error;
mod event;
mod explain;
mod hosts;
mod links;
mod list;
mod naming;
mod project;
mod ready;
mod routes;
mod run;
mod settings;
mod turn;
mod undo;
mod up;
mod verdict;

pub use create::{CreateRequest, Created};
pub use daemon::{Daemon, DaemonError, DaemonStatus, Started};
pub use destroy::{DestroyOptions, Destroyed, Destruction, describe};
pub use engine::{Engine, Selector};
pub use error::{Error, Kind};
pub use event::{Event, Events};
pub use explain::Explanation;
pub use hosts::{apex, service_name, url};
pub use list::{EnvironmentState, Summary};
pub use project::{CONFIG, Project, ProjectConfig, ProjectError};
pub use ready::{Unready, Why};
pub use routes::RoutesError;
pub use run::{Child, RunRequest};
pub use settings::{DEFAULT_DNS, Settings};
pub use up::{DEFAULT_TIMEOUT, Up, UpRequest};

pub use cilo_dns as dns;
pub use cilo_parsers as parsers;
pub use cilo_runtimes as runtimes;
pub use cilo_spec as spec;
pub use cilo_state as state;
pub use cilo_workspace as workspace;

// SPDX-License-Identifier: MIT
//! The domain of Cilo, pure: names, the model of an application, isolation, and what a status is.
//!
//! It deliberately does not know files, networks, engines, time or any format: everything here is a value or a
//! function of values, so that every rule can be tested without a machine.
//!
//! ```
//! use cilo_spec::model::{EnvironmentSpec, Port, Service};
//! use cilo_spec::{DnsSuffix, Identity, Isolation, isolate};
//!
//! let mut web = Service { image: "nginx".to_owned(), ..Service::default() };
//! web.ports.push(Port { target: 80, published: "8080".to_owned(), ..Port::default() });
//! let spec = EnvironmentSpec { services: [("web".to_owned(), web)].into(), ..EnvironmentSpec::default() };
//!
//! let isolation = Isolation {
//!     identity: Identity { project: "shop".parse()?, env: "agent-1".parse()?, id: "7".parse()? },
//!     suffix: DnsSuffix::test(),
//!     subnet: "10.224.3.0/24".parse()?,
//!     source: "/home/me/shop".into(),
//!     workspace: "/home/me/.cilo/envs/shop/agent-1".into(),
//! };
//! let isolated = isolate(&spec, &isolation)?;
//! assert!(isolated.environment().services["web"].ports.is_empty());
//! assert_eq!(isolated.report().changes[0].at, "services.web.ports");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod isolate;
pub mod labels;
pub mod model;
pub mod name;
pub mod names;
pub mod status;

pub use isolate::{IsolateError, IsolatedSpec, Isolation, isolate};
pub use model::{EnvironmentSpec, Service};
pub use name::{DnsSuffix, EnvId, EnvName, EnvRef, Identity, NameError, ProjectName};
pub use status::{DeclaredPort, Health, ReplicaState, ReplicaStatus, ServiceStatus};

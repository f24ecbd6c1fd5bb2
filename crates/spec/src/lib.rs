// SPDX-License-Identifier: MIT
//! The domain, pure.
pub mod isolate;
pub mod labels;
pub mod model;
pub mod name;
pub mod names;
pub mod status;
pub use isolate::IsolatedSpec;
pub use model::{EnvironmentSpec, Service};
pub use name::{DnsSuffix, EnvId, EnvName, EnvRef, Identity, NameError, ProjectName};
pub use status::{DeclaredPort, Health, ReplicaState, ReplicaStatus, ServiceStatus};

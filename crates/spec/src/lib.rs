// SPDX-License-Identifier: MIT
//! The domain, pure.
pub mod model;
pub mod name;
pub use model::{EnvironmentSpec, Service};
pub use name::{DnsSuffix, EnvId, EnvName, EnvRef, Identity, NameError, ProjectName};

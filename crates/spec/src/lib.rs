// SPDX-License-Identifier: MIT
//! The domain, pure.
pub mod name;
pub use name::{DnsSuffix, EnvId, EnvName, EnvRef, Identity, NameError, ProjectName};

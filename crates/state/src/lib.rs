// SPDX-License-Identifier: MIT
//! Everything Cilo keeps under its home folder: where it lies, how it is locked, read and replaced.
//!
//! The state file holds only what a container engine cannot know: where an environment was copied from, which subnet
//! it claims, how far making or removing it has come. Every change is one locked read-modify-write that replaces the
//! file whole, so that a process killed at any moment leaves the old state or the new one.
//!
//! ```
//! use cilo_state::{DEFAULT_POOL, EnvironmentRecord, Home, Phase, StateError, Store, claim_subnet, new_id};
//! use cilo_spec::EnvRef;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let dir = tempfile::tempdir()?;
//! let store = Store::open(Home::new(dir.path().join("home")))?;
//! let env: EnvRef = "shop/agent-1".parse()?;
//! let _lock = store.home().lock_environment(&env, || eprintln!("waiting for another cilo"))?;
//!
//! let claim = store.update(|state| {
//!     let record = EnvironmentRecord::new(new_id(), env.clone(), "/src/shop".into(), "compose".into());
//!     state.environments.insert(env.clone(), record);
//!     Ok::<_, StateError>(claim_subnet(state, &env, DEFAULT_POOL, 24, &[]))
//! })??;
//! assert_eq!(claim.net.to_string(), "10.224.0.0/24");
//! assert_eq!(store.read()?.environments[&env].phase, Phase::Creating);
//! # Ok(()) }
//! ```
//!
//! It deliberately does not know where the home is (the binary says), nor what an engine or the host's routing table
//! holds: subnets in use elsewhere are passed in. It never shows anything and never asks.

mod claim;
mod home;
mod id;
mod lock;
mod migrations;
mod read;
mod record;
mod store;
mod write;

pub use claim::{Claim, ClaimError, DEFAULT_POOL, Outcome, TakenSubnet, claim_subnet};
pub use home::{Home, HomeError};
pub use id::new_id;
pub use lock::{EnvLock, LockError};
pub use record::{EnvironmentRecord, Phase, State, Unknown};
pub use store::{StateError, Store};

// SPDX-License-Identifier: MIT
//! Cilo's DNS: the zone files of environments, the authoritative server that serves them, and a small client.
//!
//! An environment's names live in one JSON file. [`publish`] renames it into place, the [`Server`] of the resident
//! daemon notices and answers from it, [`await_served`] returns once that is so. Nothing else is shared: restarting the
//! server, or losing it, loses no name.
//!
//! ```
//! use std::net::Ipv4Addr;
//! use std::time::Duration;
//! use cilo_dns::{About, Expected, QueryType, Server, Zone, await_served, publish, query};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let dir = tempfile::tempdir()?;
//! let about = About { version: "0.1.0".into(), home: "1f2e".into() };
//! let server = Server::bind("127.0.0.1:0".parse()?, dir.path(), about).await?;
//! let address = server.local_addr();
//! tokio::spawn(server.serve(std::future::pending::<()>()));
//!
//! let zone = Zone {
//!     suffix: "test".parse()?,
//!     env: "shop/agent-1".parse()?,
//!     id: "01890a5d-ac96-774b-bcce-b302099a8057".parse()?,
//!     names: [("api.agent-1".parse()?, vec![Ipv4Addr::new(10, 224, 0, 2)])].into(),
//! };
//! publish(dir.path(), &zone)?;
//! await_served(address, Expected::Published(&zone), Duration::from_secs(5)).await?;
//!
//! let answer = query(address, "api.agent-1.test", QueryType::A, Duration::from_secs(1)).await?;
//! assert_eq!(answer.addresses, [Ipv4Addr::new(10, 224, 0, 2)]);
//! # Ok(()) })
//! # }
//! ```
//!
//! It deliberately does not know where names come from (the engine decides), where the home is, how the daemon is
//! started, and how the machine's resolver is told to ask here. It never forwards a query: what it does not serve is
//! refused.

mod answer;
mod authority;
mod await_served;
mod client;
mod control;
mod fast;
mod files;
mod key;
mod name;
mod reload;
mod server;
mod udp;
mod view;
mod zone;

pub use await_served::{AwaitError, Expected, await_served};
pub use client::{Answer, QueryError, QueryType, Rcode, query};
pub use control::{About, DaemonIdentity, identify};
pub use files::{FileError, ZoneProblem, publish, read_all, withdraw};
pub use name::{RelativeName, RelativeNameError};
pub use server::{BindError, Occupant, ServeError, Server};
pub use zone::{Clash, Zone, clashes};

/// How long an answer may be cached, positive or negative: names move whenever an environment is recreated.
pub const TTL_SECONDS: u32 = 5;

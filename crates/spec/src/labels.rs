// SPDX-License-Identifier: MIT
//! Labels that mark engine objects as Cilo's, and labels that Cilo reads from project files.

use crate::Identity;
use crate::model::Mapping;

/// The project's name. On every object.
pub const PROJECT: &str = "dev.cilo.project";
/// The environment's name. On every object.
pub const ENV: &str = "dev.cilo.env";
/// The environment's id. On every object; nothing without it is ever changed.
pub const ID: &str = "dev.cilo.id";
/// The service's name. On containers and built images.
pub const SERVICE: &str = "dev.cilo.service";
/// The ports the service declares, as [`DeclaredPort`](crate::DeclaredPort) prints them, joined by `,`. On containers.
pub const PORTS: &str = "dev.cilo.ports";
/// `true` on the containers of the environment's ingress service.
pub const INGRESS: &str = "dev.cilo.ingress";
/// The further host names of the service, relative to the environment, joined by `,`. On containers.
pub const HOSTNAMES: &str = "dev.cilo.hostnames";

/// Read from a service: `true` makes it the ingress service.
pub const USER_INGRESS: &str = "cilo.ingress";
/// Read from a service: further host names, joined by `,`.
pub const USER_HOSTNAMES: &str = "cilo.hostnames";

/// The labels that every object of an environment carries.
#[must_use]
pub fn of(identity: &Identity) -> Mapping {
    [
        (PROJECT, identity.project.as_str()),
        (ENV, identity.env.as_str()),
        (ID, identity.id.as_str()),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .collect()
}

// SPDX-License-Identifier: MIT
//! The floor: the engine calls that six services need, made at once, with nothing around them.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Error;
use super::place::{LABEL, PATIENCE, Place};
use super::up::{IMAGE, SERVICES, SLEEP};
use crate::api::{self, Endpoint};

/// Of the benchmark's pool, where Cilo gets to last.
const SUBNET: &str = "10.240.255.0/24";
const NAME: &str = "cilo-bench-floor";

/// One network, six containers, each started the moment it is made. They are left for the place's sweep.
pub(super) fn run(place: &Place, endpoint: &Endpoint) -> Result<Duration, Error> {
    let labels = json!({ LABEL: place.mark() });
    let begin = Instant::now();
    let network = json!({
        "Name": NAME,
        "CheckDuplicate": true,
        "Driver": "bridge",
        "IPAM": { "Config": [{ "Subnet": SUBNET }] },
        "Labels": labels,
    });
    post(endpoint, "/networks/create", &network)?;
    thread::scope(|scope| {
        let services: Vec<_> = SERVICES
            .iter()
            .map(|service| {
                let labels = &labels;
                scope.spawn(move || serve(endpoint, service, labels))
            })
            .collect();
        let ends = services.into_iter().map(|service| {
            service
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        ends.collect::<Result<(), api::Error>>()
    })?;
    Ok(begin.elapsed())
}

fn serve(endpoint: &Endpoint, service: &str, labels: &Value) -> Result<(), api::Error> {
    let container = json!({
        "Image": IMAGE,
        "Cmd": SLEEP,
        "Labels": labels,
        "StopSignal": "SIGKILL",
        "HostConfig": { "NetworkMode": NAME },
        "NetworkingConfig": { "EndpointsConfig": { NAME: { "Aliases": [service] } } },
    });
    let made = post(
        endpoint,
        &format!("/containers/create?name={NAME}-{service}"),
        &container,
    )?;
    let id = made["Id"].as_str().unwrap_or_default();
    post(endpoint, &format!("/containers/{id}/start"), &Value::Null).map(|_| ())
}

fn post(endpoint: &Endpoint, path: &str, body: &Value) -> Result<Value, api::Error> {
    endpoint.json("POST", path, &[], body, PATIENCE)
}

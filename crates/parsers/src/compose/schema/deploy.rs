// SPDX-License-Identifier: MIT
//! `services.*.deploy`.

use super::parts::{
    BYTES, COUNT, DEVICE_REQUESTS, DURATION, FRACTION, LATE_NUMERIC, LATE_WHOLE, MAPPING, STRING, STRINGS,
    WHOLE,
};
use super::{Check, Field, Form, Shape, TEXT, Target, key};

pub(super) static DEPLOY: Shape = Shape::of(Form::Optional(&Form::Object(&[
    key("endpoint_mode", &STRING),
    key("labels", &MAPPING),
    key("mode", &STRING),
    key("placement", &PLACEMENT),
    key("replicas", &COUNT),
    key("resources", &RESOURCES),
    key("restart_policy", &RESTART_POLICY),
    key("rollback_config", &UPDATE),
    key("update_config", &UPDATE),
])));

static UPDATE: Shape = Shape::object(&[
    key("delay", &DURATION),
    key("failure_action", &STRING),
    key("max_failure_ratio", &FRACTION),
    key("monitor", &DURATION),
    key("order", &ORDER),
    key("parallelism", &WHOLE),
]);
static ORDER: Shape = Shape::checked(TEXT, Target::Text, Check::OneOf(&["start-first", "stop-first"]));

static RESOURCES: Shape = Shape::object(&[key("limits", &LIMITS), key("reservations", &RESERVATIONS)]);
static LIMITS: Shape = Shape::object(&[
    key("cpus", &FRACTION),
    key("memory", &MEMORY),
    key("pids", &LATE_WHOLE),
]);
static RESERVATIONS: Shape = Shape::object(RESERVATION_FIELDS);
static RESERVATION_FIELDS: &[Field] = &[
    key("cpus", &FRACTION),
    key("devices", &DEVICE_REQUESTS),
    key("generic_resources", &GENERIC),
    key("memory", &MEMORY),
    key("pids", &LATE_WHOLE),
];
static MEMORY: Shape = Shape::scalar(TEXT, Target::Bytes);
static GENERIC: Shape = Shape::list(&GENERIC_RESOURCE);
static GENERIC_RESOURCE: Shape = Shape::object(&[key("discrete_resource_spec", &DISCRETE)]);
static DISCRETE: Shape = Shape::object(&[key("kind", &STRING), key("value", &LATE_NUMERIC)]);

static RESTART_POLICY: Shape = Shape::object(&[
    key("condition", &STRING),
    key("delay", &DURATION),
    key("max_attempts", &WHOLE),
    key("window", &DURATION),
]);

static PLACEMENT: Shape = Shape::object(&[
    key("constraints", &STRINGS),
    key("max_replicas_per_node", &WHOLE),
    key("preferences", &PREFERENCES),
]);
static PREFERENCES: Shape = Shape::list(&PREFERENCE);
static PREFERENCE: Shape = Shape::object(&[key("spread", &STRING)]);

/// Limits of block devices share a form with nothing else.
pub(super) static BLKIO: Shape = Shape::object(&[
    key("device_read_bps", &THROTTLES),
    key("device_read_iops", &THROTTLES),
    key("device_write_bps", &THROTTLES),
    key("device_write_iops", &THROTTLES),
    key("weight", &LATE_WHOLE),
    key("weight_device", &WEIGHTS),
]);
static WEIGHTS: Shape = Shape::list(&WEIGHT);
static WEIGHT: Shape = Shape::object(&[key("path", &STRING), key("weight", &LATE_WHOLE)]);
static THROTTLES: Shape = Shape::list(&THROTTLE);
static THROTTLE: Shape = Shape::object(&[key("path", &STRING), key("rate", &BYTES)]);

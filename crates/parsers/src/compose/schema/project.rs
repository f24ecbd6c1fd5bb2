// SPDX-License-Identifier: MIT
//! The top level: what a project file holds.

use super::parts::{CAST_FLAG, LATE_WHOLE, MAPPING, OPTIONS, STRING, STRING_OR_LIST, STRINGS, TEXT_OPTIONS};
use super::service::SERVICE;
use super::{BOOL, Field, Form, Merge, Shape, TEXT, Target, key, must};
use crate::compose::canonical::{files, project};
use crate::compose::paths;

pub(crate) static PROJECT: Shape = Shape::object(FIELDS);
static FIELDS: &[Field] = &[
    key("configs", &CONFIGS),
    key("include", &INCLUDES),
    key("models", &MODELS),
    key("name", &STRING),
    key("networks", &NETWORKS),
    key("secrets", &SECRETS),
    key("services", &SERVICES),
    key("version", &STRING),
    key("volumes", &VOLUMES),
];

static INCLUDES: Shape = Shape::list(&INCLUDE);
static INCLUDE: Shape = Shape::object(&[
    key("env_file", &STRING_OR_LIST),
    must("path", &STRING_OR_LIST),
    key("project_directory", &STRING),
])
.canonical(project::include);

static SERVICES: Shape = Shape::named(&SERVICE);

static NETWORKS: Shape = Shape::named(&NETWORK);
static NETWORK: Shape = Shape::of(Form::Optional(&Form::Object(&[
    key("attachable", &CAST_FLAG),
    key("driver", &STRING),
    key("driver_opts", &OPTIONS),
    key("enable_ipv4", &CAST_FLAG),
    key("enable_ipv6", &CAST_FLAG),
    key("external", &EXTERNAL),
    key("internal", &CAST_FLAG),
    key("ipam", &IPAM),
    key("labels", &MAPPING),
    key("name", &STRING),
])))
.canonical(files::external);
static IPAM: Shape = Shape::object(&[
    key("config", &POOLS),
    key("driver", &STRING),
    key("options", &TEXT_OPTIONS),
]);
static POOLS: Shape = Shape::list(&POOL).merge(Merge::ByKey("subnet"));
static POOL: Shape = Shape::object(&[
    key("aux_addresses", &TEXT_OPTIONS),
    key("gateway", &STRING),
    key("ip_range", &STRING),
    key("subnet", &STRING),
]);
static EXTERNAL: Shape = Shape::early(BOOL | TEXT, Target::Bool);

static VOLUMES: Shape = Shape::named(&VOLUME);
static VOLUME: Shape = Shape::of(Form::Optional(&Form::Object(&[
    key("driver", &STRING),
    key("driver_opts", &OPTIONS),
    key("external", &EXTERNAL),
    key("labels", &MAPPING),
    key("name", &STRING),
])))
.canonical(files::external)
.resolve(paths::volume_device);

static SECRETS: Shape = Shape::named(&SECRET);
static SECRET: Shape = Shape::object(&[
    key("driver", &STRING),
    key("driver_opts", &OPTIONS),
    key("environment", &STRING),
    key("external", &EXTERNAL),
    key("file", &CONTENT_FILE),
    key("labels", &MAPPING),
    key("name", &STRING),
    key("template_driver", &STRING),
])
.canonical(files::external);

static CONFIGS: Shape = Shape::named(&CONFIG);
static CONFIG: Shape = Shape::object(&[
    key("content", &STRING),
    key("environment", &STRING),
    key("external", &EXTERNAL),
    key("file", &CONTENT_FILE),
    key("labels", &MAPPING),
    key("name", &STRING),
    key("template_driver", &STRING),
])
.canonical(files::external);
static CONTENT_FILE: Shape = Shape::scalar(TEXT, Target::Text).resolve(paths::file);

static MODELS: Shape = Shape::named(&MODEL);
static MODEL: Shape = Shape::object(&[
    key("context_size", &LATE_WHOLE),
    must("model", &STRING),
    key("name", &STRING),
    key("runtime_flags", &STRINGS),
]);

// SPDX-License-Identifier: MIT
//! The top level: what a project file holds.

use super::parts::{CAST_FLAG, LATE_WHOLE, MAPPING, OPTIONS, STRING, STRING_OR_LIST, STRINGS, TEXT_OPTIONS};
use super::service::SERVICE;
use super::{BOOL, Field, Form, Merge, Shape, TEXT, Target, key, must};
use crate::compose::canonical::{files, project};
use crate::compose::paths;

pub(crate) static PROJECT: Shape = Shape::object(FIELDS);
static FIELDS: &[Field] = &[
    key("version", &STRING),
    key("name", &STRING),
    key("include", &INCLUDES),
    key("services", &SERVICES),
    key("networks", &NETWORKS),
    key("volumes", &VOLUMES),
    key("secrets", &SECRETS),
    key("configs", &CONFIGS),
    key("models", &MODELS),
];

static INCLUDES: Shape = Shape::list(&INCLUDE);
static INCLUDE: Shape = Shape::object(&[
    must("path", &STRING_OR_LIST),
    key("env_file", &STRING_OR_LIST),
    key("project_directory", &STRING),
])
.canonical(project::include);

static SERVICES: Shape = Shape::named(&SERVICE);

static NETWORKS: Shape = Shape::named(&NETWORK);
static NETWORK: Shape = Shape::of(Form::Optional(&Form::Object(&[
    key("name", &STRING),
    key("driver", &STRING),
    key("driver_opts", &OPTIONS),
    key("ipam", &IPAM),
    key("external", &EXTERNAL),
    key("internal", &CAST_FLAG),
    key("attachable", &CAST_FLAG),
    key("enable_ipv4", &CAST_FLAG),
    key("enable_ipv6", &CAST_FLAG),
    key("labels", &MAPPING),
])))
.canonical(files::external);
static IPAM: Shape = Shape::object(&[
    key("driver", &STRING),
    key("config", &POOLS),
    key("options", &TEXT_OPTIONS),
]);
static POOLS: Shape = Shape::list(&POOL).merge(Merge::ByKey("subnet"));
static POOL: Shape = Shape::object(&[
    key("subnet", &STRING),
    key("ip_range", &STRING),
    key("gateway", &STRING),
    key("aux_addresses", &TEXT_OPTIONS),
]);
static EXTERNAL: Shape = Shape::early(BOOL | TEXT, Target::Bool);

static VOLUMES: Shape = Shape::named(&VOLUME);
static VOLUME: Shape = Shape::of(Form::Optional(&Form::Object(&[
    key("name", &STRING),
    key("driver", &STRING),
    key("driver_opts", &OPTIONS),
    key("external", &EXTERNAL),
    key("labels", &MAPPING),
])))
.canonical(files::external)
.resolve(paths::volume_device);

static SECRETS: Shape = Shape::named(&SECRET);
static SECRET: Shape = Shape::object(&[
    key("name", &STRING),
    key("environment", &STRING),
    key("file", &CONTENT_FILE),
    key("external", &EXTERNAL),
    key("labels", &MAPPING),
    key("driver", &STRING),
    key("driver_opts", &OPTIONS),
    key("template_driver", &STRING),
])
.canonical(files::external);

static CONFIGS: Shape = Shape::named(&CONFIG);
static CONFIG: Shape = Shape::object(&[
    key("name", &STRING),
    key("content", &STRING),
    key("environment", &STRING),
    key("file", &CONTENT_FILE),
    key("external", &EXTERNAL),
    key("labels", &MAPPING),
    key("template_driver", &STRING),
])
.canonical(files::external);
static CONTENT_FILE: Shape = Shape::scalar(TEXT, Target::Text).resolve(paths::file);

static MODELS: Shape = Shape::named(&MODEL);
static MODEL: Shape = Shape::object(&[
    key("name", &STRING),
    must("model", &STRING),
    key("context_size", &LATE_WHOLE),
    key("runtime_flags", &STRINGS),
]);

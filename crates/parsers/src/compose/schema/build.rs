// SPDX-License-Identifier: MIT
//! `services.*.build` and `develop`, and what stands in for a container: providers and models.

use super::parts::{
    ANY_TEXT, BYTES, EXTRA_HOSTS, FLAG, HOOK, MAPPING, OPTIONAL_MAPPING, SECRETS, STRING, STRING_OR_LIST,
    STRINGS, ULIMITS, UNIQUE_STRINGS,
};
use super::{BOOL, Check, Field, Form, Shape, TEXT, Target, Unique, key, must};
use crate::compose::canonical::{build, lists, mappings, service};
use crate::compose::paths;

pub(super) static BUILD: Shape = Shape::object(FIELDS).canonical(build::long_form);
static FIELDS: &[Field] = &[
    key("additional_contexts", &CONTEXTS),
    key("args", &OPTIONAL_MAPPING),
    key("cache_from", &STRINGS),
    key("cache_to", &STRINGS),
    key("context", &CONTEXT),
    key("dockerfile", &STRING),
    key("dockerfile_inline", &STRING),
    key("entitlements", &STRINGS),
    key("extra_hosts", &EXTRA_HOSTS),
    key("isolation", &STRING),
    key("labels", &MAPPING),
    key("network", &STRING),
    key("no_cache", &FLAG),
    key("no_cache_filter", &STRING_OR_LIST),
    key("platforms", &STRINGS),
    key("privileged", &FLAG),
    key("provenance", &ATTESTATION),
    key("pull", &FLAG),
    key("sbom", &ATTESTATION),
    key("secrets", &SECRETS),
    key("shm_size", &BYTES),
    key("ssh", &SSH),
    key("tags", &UNIQUE_STRINGS),
    key("target", &STRING),
    key("ulimits", &ULIMITS),
];
static CONTEXT: Shape = Shape::scalar(TEXT, Target::Text).resolve(paths::context);
static CONTEXTS: Shape = Shape::map(&NAMED_CONTEXT).canonical(mappings::pairs);
static NAMED_CONTEXT: Shape = Shape::scalar(TEXT, Target::Text).resolve(paths::context);
static ATTESTATION: Shape = Shape::scalar(TEXT | BOOL, Target::Text);
static SSH: Shape = Shape::list(&SSH_KEY).canonical(build::ssh).unique(Unique::Text);
static SSH_KEY: Shape = Shape::scalar(TEXT, Target::Text).resolve(paths::ssh_key);

pub(super) static DEVELOP: Shape = Shape::of(Form::Optional(&Form::Object(&[key("watch", &WATCH)])));
static WATCH: Shape = Shape::list(&RULE);
static RULE: Shape = Shape::object(&[
    must("action", &ACTION),
    key("exec", &HOOK),
    key("ignore", &STRING_OR_LIST),
    key("include", &STRING_OR_LIST),
    key("initial_sync", &FLAG),
    must("path", &WATCH_PATH),
    key("target", &STRING),
]);
static WATCH_PATH: Shape = Shape::scalar(TEXT, Target::Text).resolve(paths::watched);
static ACTION: Shape = Shape::checked(
    TEXT,
    Target::Text,
    Check::OneOf(&["rebuild", "sync", "restart", "sync+restart", "sync+exec"]),
);

pub(super) static PROVIDER: Shape =
    Shape::object(&[key("options", &PROVIDER_OPTIONS), must("type", &STRING)]);
static PROVIDER_OPTIONS: Shape = Shape::map(&PROVIDER_OPTION);
static PROVIDER_OPTION: Shape = Shape::list(&ANY_TEXT).canonical(lists::one_or_more);

pub(super) static MODEL_GRANTS: Shape = Shape::named(&MODEL_GRANT).canonical(service::keys);
static MODEL_GRANT: Shape = Shape::of(Form::Optional(&Form::Object(&[
    key("endpoint_var", &STRING),
    key("model_var", &STRING),
])));

pub(super) static CREDENTIAL_SPEC: Shape = Shape::object(&[
    key("config", &STRING),
    key("file", &STRING),
    key("registry", &STRING),
]);

// SPDX-License-Identifier: MIT
//! Shapes that several tables share.

use super::{
    BOOL, Check, Field, Form, INT, Merge, NULL, NUMBER, Scalar, Shape, TEXT, Target, Unique, key, must,
};
use crate::compose::canonical::{command, devices, files, lists, mappings};
use crate::compose::paths;

pub(super) static STRING: Shape = Shape::scalar(TEXT, Target::Text);
pub(super) static DURATION: Shape = Shape::scalar(TEXT, Target::Duration);
/// A flag that is read from text only when the model is made.
pub(super) static FLAG: Shape = Shape::scalar(BOOL | TEXT, Target::Bool);
pub(super) static CAST_FLAG: Shape = Shape::early(BOOL | TEXT, Target::Bool);
pub(super) static STRICT_FLAG: Shape = Shape::scalar(BOOL, Target::Bool);
pub(super) static STRICT_CAST_FLAG: Shape = Shape::early(BOOL, Target::Bool);
pub(super) static WHOLE: Shape = Shape::early(INT | TEXT, Target::Int);
/// How many: a whole number from 0.
pub(super) static COUNT: Shape = Shape::of(Form::Scalar(
    Scalar::new(INT | TEXT, Target::Int)
        .early()
        .check(Check::Range(0, u32::MAX as i64)),
));
pub(super) static LATE_WHOLE: Shape = Shape::scalar(INT | TEXT, Target::Int);
pub(super) static LATE_NUMERIC: Shape = Shape::scalar(NUMBER | TEXT, Target::Int);
pub(super) static NUMERIC: Shape = Shape::early(NUMBER | TEXT, Target::Int);
pub(super) static FRACTION: Shape = Shape::early(NUMBER | TEXT, Target::Float);
pub(super) static BYTES: Shape = Shape::scalar(NUMBER | TEXT, Target::Bytes);

/// Any scalar, as text.
pub(super) static ANY_TEXT: Shape = Shape::scalar(TEXT | NUMBER | BOOL | NULL, Target::Text);
static OPTIONAL_TEXT: Shape = Shape::scalar(TEXT | NUMBER | BOOL | NULL, Target::TextOrNull);

/// `[A, B]` without repetition in the result.
pub(super) static UNIQUE_STRINGS: Shape = Shape::distinct(&STRING).unique(Unique::Key);
pub(super) static STRINGS: Shape = Shape::list(&STRING);
pub(super) static DISTINCT_STRINGS: Shape = Shape::distinct(&STRING);
/// One text or several.
pub(super) static STRING_OR_LIST: Shape = Shape::distinct(&STRING).canonical(lists::one_or_more);
pub(super) static UNIQUE_STRING_OR_LIST: Shape = Shape::distinct(&STRING)
    .canonical(lists::one_or_more)
    .unique(Unique::Key);
/// Numbers and texts, as text.
pub(super) static TEXTS: Shape = Shape::distinct(&ANY_SCALAR);
pub(super) static UNIQUE_TEXTS: Shape = Shape::distinct(&ANY_SCALAR).unique(Unique::Text);
static ANY_SCALAR: Shape = Shape::scalar(TEXT | NUMBER, Target::Text);

/// `KEY: value` or `- KEY=value`.
pub(super) static MAPPING: Shape = Shape::map(&ANY_TEXT).canonical(mappings::text);
/// The same where a key may be without a value.
pub(super) static OPTIONAL_MAPPING: Shape = Shape::map(&OPTIONAL_TEXT).canonical(mappings::optional);
/// Options of drivers: mappings only.
pub(super) static OPTIONS: Shape = Shape::map(&OPTION);
static OPTION: Shape = Shape::scalar(TEXT | NUMBER | NULL, Target::Text);
pub(super) static TEXT_OPTIONS: Shape = Shape::map(&STRING);
pub(super) static EXTRA_HOSTS: Shape = Shape::list(&STRING)
    .canonical(mappings::hosts)
    .unique(Unique::Text);

/// A command line, as text or as arguments.
pub(super) static COMMAND: Shape = Shape::of(Form::Optional(&Form::List(&ARGUMENT)))
    .canonical(command::arguments)
    .merge(Merge::Replace);
static ARGUMENT: Shape = Shape::scalar(TEXT, Target::Text);

pub(super) static SECRETS: Shape = Shape::list(&GRANT).unique(Unique::File("/run/secrets/"));
pub(super) static CONFIGS: Shape = Shape::list(&GRANT).unique(Unique::File("/"));
static GRANT: Shape = Shape::object(GRANT_FIELDS).canonical(files::grant);
static GRANT_FIELDS: &[Field] = &[
    key("gid", &STRING),
    key("mode", &FILE_MODE),
    key("source", &STRING),
    key("target", &STRING),
    key("uid", &STRING),
];
static FILE_MODE: Shape = Shape::scalar(NUMBER | TEXT, Target::Text).canonical(files::mode);

pub(super) static ULIMITS: Shape = Shape::map(&ULIMIT);
static ULIMIT: Shape = Shape::of(Form::ScalarOr(
    Scalar::new(INT | TEXT, Target::Int).early(),
    &Form::Object(ULIMIT_FIELDS),
))
.merge(Merge::Replace);
static ULIMIT_FIELDS: &[Field] = &[must("hard", &WHOLE), must("soft", &WHOLE)];

/// `post_start` and `pre_stop` run in the container, so they need a command.
pub(super) static HOOKS: Shape = Shape::list(&HOOK);
pub(super) static HOOK: Shape = Shape::object(&[
    must("command", &COMMAND),
    key("environment", &OPTIONAL_MAPPING),
    key("privileged", &FLAG),
    key("user", &STRING),
    key("working_dir", &STRING),
]);
/// `pre_start` runs in a container of its own, whose image may bring the command.
pub(super) static START_HOOKS: Shape = Shape::list(&START_HOOK);
static START_HOOK: Shape = Shape::object(&[
    key("command", &COMMAND),
    key("environment", &OPTIONAL_MAPPING),
    key("image", &STRING),
    key("per_replica", &FLAG),
    key("privileged", &FLAG),
    key("user", &STRING),
    key("working_dir", &STRING),
]);

pub(super) static DEVICE_REQUESTS: Shape = Shape::list(&DEVICE_REQUEST);
pub(super) static GPUS: Shape = Shape::list(&DEVICE_REQUEST).canonical(devices::gpus);
static DEVICE_REQUEST: Shape = Shape::object(&[
    key("capabilities", &DISTINCT_STRINGS),
    key("count", &DEVICE_COUNT),
    key("device_ids", &DISTINCT_STRINGS),
    key("driver", &STRING),
    key("options", &MAPPING),
]);
static DEVICE_COUNT: Shape = Shape::scalar(INT | TEXT, Target::Int).canonical(devices::count);

pub(super) static ENV_FILES: Shape = Shape::list(&ENV_FILE)
    .canonical(files::env_files)
    .unique(Unique::Path);
static ENV_FILE: Shape = Shape::object(&[
    key("format", &ENV_FORMAT),
    must("path", &ENV_PATH),
    key("required", &FLAG),
]);
static ENV_PATH: Shape = Shape::scalar(TEXT, Target::Text).resolve(paths::file);
static ENV_FORMAT: Shape = Shape::checked(TEXT, Target::Text, Check::OneOf(&["", "raw"]));
pub(super) static LABEL_FILES: Shape = Shape::list(&ENV_PATH).canonical(lists::one_or_more);

// SPDX-License-Identifier: MIT
//! Short forms and checks of a service's own attributes.

use cilo_spec::model::TimeSpan;

use super::super::session::Session;
use super::super::tree::{Map, Node, Path, Value};
use super::files::wrap;
use crate::error::Fault;

/// `[a, b]` → `{a: , b: }`: networks and models.
#[expect(clippy::unnecessary_wraps, reason = "the signature of the table")]
pub(crate) fn keys(node: &mut Node, _path: &Path<'_>, _session: &Session<'_>) -> Result<(), Fault> {
    keyed(node, |item| Node::new(Value::Null, item.span));
    Ok(())
}

/// `[a, b]` → `{a: {condition: service_started, required: true}, …}`.
#[expect(clippy::unnecessary_wraps, reason = "the signature of the table")]
pub(crate) fn dependencies(node: &mut Node, _path: &Path<'_>, _session: &Session<'_>) -> Result<(), Fault> {
    keyed(node, |item| {
        let condition = Node::text("service_started", item.span);
        let required = Node::new(Value::Bool(true), item.span);
        Node::new(
            Value::Map(Map::from_iter([
                ("condition".to_owned(), condition),
                ("required".to_owned(), required),
            ])),
            item.span,
        )
    });
    Ok(())
}

/// `base` → `{service: base}`.
#[expect(clippy::unnecessary_wraps, reason = "the signature of the table")]
pub(crate) fn extends(node: &mut Node, _path: &Path<'_>, _session: &Session<'_>) -> Result<(), Fault> {
    wrap(node, "service");
    Ok(())
}

/// `50ms` → 50000: processor times are microseconds, or a duration.
#[expect(clippy::unnecessary_wraps, reason = "the signature of the table")]
pub(crate) fn cpu_time(node: &mut Node, _path: &Path<'_>, _session: &Session<'_>) -> Result<(), Fault> {
    if let Some(Ok(TimeSpan(nanos))) = node.as_str().map(str::parse) {
        node.value = Value::Int(nanos / 1000);
    }
    Ok(())
}

/// What is wrong with a container name, if anything.
pub(crate) fn container_name(name: &str) -> Option<String> {
    let mut chars = name.chars();
    let good = name.len() > 1
        && chars.next().is_some_and(|c| c.is_ascii_alphanumeric())
        && chars.all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'));
    (!good).then(|| {
        format!("`{name}` must start with a letter or digit and go on with letters, digits, _, . and -")
    })
}

/// What is wrong with a pull policy, if anything.
pub(crate) fn pull_policy(policy: &str) -> Option<String> {
    const WORDS: &[&str] = &[
        "always",
        "never",
        "build",
        "if_not_present",
        "missing",
        "refresh",
        "daily",
        "weekly",
    ];
    let every = || {
        policy
            .strip_prefix("every_")
            .is_some_and(|span| span.parse::<TimeSpan>().is_ok())
    };
    (!WORDS.contains(&policy) && !every()).then(|| {
        format!(
            "`{policy}` must be one of {} or every_<duration>",
            WORDS.join(", ")
        )
    })
}

fn keyed(node: &mut Node, value: impl Fn(&Node) -> Node) {
    let Value::List(items) = &node.value else {
        return;
    };
    if items.iter().all(|item| item.as_str().is_some()) {
        let map = items
            .iter()
            .filter_map(|item| Some((item.as_str()?.to_owned(), value(item))))
            .collect();
        node.value = Value::Map(map);
    }
}

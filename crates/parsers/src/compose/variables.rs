// SPDX-License-Identifier: MIT
//! Stage 2: variables in values (never in keys), and the texts that become numbers and booleans by it.

use std::cell::Cell;

use super::interpolate::{MAX_TEXT, TemplateError, substitute};
use super::scalar;
use super::schema::{Scalar, Shape, Target};
use super::session::{Environment, Lookup, Session};
use super::tree::{Node, Path, Value};
use crate::error::Fault;
use crate::problem::{Notice, Problem};

/// Replaces the variables of a whole document.
pub(crate) fn interpolate(
    root: &mut Node,
    shape: &'static Shape,
    environment: &Environment,
    session: &Session<'_>,
) -> Result<(), Fault> {
    let lookup = Lookup {
        environment,
        session,
        span: Cell::new(None),
    };
    walk(root, Some(shape), &Path::ROOT, &lookup)
}

/// One text with its variables replaced.
pub(crate) fn text(
    text: &str,
    node: &Node,
    path: &Path<'_>,
    environment: &Environment,
    session: &Session<'_>,
) -> Result<String, Fault> {
    let lookup = Lookup {
        environment,
        session,
        span: Cell::new(Some(node.span)),
    };
    replace(text, node, path, &lookup)
}

fn walk(
    node: &mut Node,
    shape: Option<&'static Shape>,
    path: &Path<'_>,
    lookup: &Lookup<'_>,
) -> Result<(), Fault> {
    match &mut node.value {
        Value::Text(template) => {
            let replaced = if template.contains('$') {
                let template = std::mem::take(template);
                Some(replace(&template, node, path, lookup)?)
            } else {
                None
            };
            if let Some(replaced) = replaced {
                node.value = Value::Text(replaced);
            }
            if let Some(scalar) = shape.and_then(|shape| shape.form.scalar())
                && scalar.early
            {
                cast(node, scalar, path, lookup.session)?;
            }
        }
        Value::List(items) => {
            let shape = shape.and_then(|shape| shape.form.items());
            for (index, item) in items.iter_mut().enumerate() {
                walk(item, shape, &path.index(index), lookup)?;
            }
        }
        Value::Map(map) => {
            for (key, value) in map.iter_mut() {
                let shape = shape.and_then(|shape| shape.form.child(key));
                walk(value, shape, &path.key(key), lookup)?;
            }
        }
        _ => {}
    }
    Ok(())
}

fn replace(template: &str, node: &Node, path: &Path<'_>, lookup: &Lookup<'_>) -> Result<String, Fault> {
    lookup.span.set(Some(node.span));
    lookup.session.note_variables(template);
    substitute(template, lookup).map_err(|error| match error {
        TemplateError::Invalid => Fault::at(
            node.span,
            Problem::Template {
                path: path.to_string(),
                template: template.to_owned(),
            },
        )
        .hint("write `$$` for a dollar sign, `${NAME}` or `${NAME:-default}` for a variable"),
        TemplateError::TooLong => Fault::at(
            node.span,
            Problem::Limit {
                what: "a text with its variables",
                limit: MAX_TEXT,
            },
        ),
        TemplateError::Required { name, message } => {
            let hint = format!("set {name} in the environment or in .env");
            Fault::at(node.span, Problem::Required { name, message }).hint(hint)
        }
    })
}

/// Reads a text as its attribute's type.
pub(crate) fn cast(
    node: &mut Node,
    scalar: &Scalar,
    path: &Path<'_>,
    session: &Session<'_>,
) -> Result<(), Fault> {
    let Value::Text(text) = &node.value else {
        return Ok(());
    };
    let refuse = |expected: &str| Fault::value(node.span, path, format!("`{text}` is not {expected}"));
    node.value = match scalar.target {
        Target::Bool => {
            let (flag, legacy) = boolean(text).ok_or_else(|| refuse("a boolean; write `true` or `false`"))?;
            if legacy {
                let notice = Notice::LegacyBoolean {
                    word: text.clone(),
                    instead: flag,
                };
                session.warn(notice, Some(node.span));
            }
            Value::Bool(flag)
        }
        Target::Int => match text.parse() {
            Ok(number) => Value::Int(number),
            Err(_) => return Err(refuse("a whole number")),
        },
        Target::Float => match scalar::resolve(text) {
            number @ (Value::Int(_) | Value::Float(_)) => number,
            _ => return Err(refuse("a number")),
        },
        _ => return Ok(()),
    };
    Ok(())
}

/// The flag, and whether it was spelled in YAML 1.1's way.
fn boolean(text: &str) -> Option<(bool, bool)> {
    Some(match text.to_ascii_lowercase().as_str() {
        "true" => (true, false),
        "false" => (false, false),
        "1" | "t" | "y" | "yes" | "on" => (true, true),
        "0" | "f" | "n" | "no" | "off" => (false, true),
        _ => return None,
    })
}

// SPDX-License-Identifier: MIT
//! Stage 7: every key is known and every value has its type; texts become what the attribute is.

use std::collections::BTreeSet;

use cilo_spec::model::{ByteSize, TimeSpan};

use super::scalar;
use super::schema::{BOOL, Check, Field, Form, INT, NULL, NUMBER, Scalar, Shape, TEXT, Target, find};
use super::session::Session;
use super::suggest::nearest;
use super::tree::{Map, Node, Path, Value};
use super::variables;
use crate::error::Fault;
use crate::problem::Problem;

/// Floats from here on do not hold every whole number.
const MOST_WHOLE: f64 = 9e15;

/// Checks a node and all below it.
pub(crate) fn validate(
    node: &mut Node,
    shape: &'static Shape,
    path: &Path<'_>,
    session: &Session<'_>,
) -> Result<(), Fault> {
    form(node, &shape.form, path, session)
}

fn form(node: &mut Node, form: &'static Form, path: &Path<'_>, session: &Session<'_>) -> Result<(), Fault> {
    match form {
        Form::Scalar(scalar) => return check_scalar(node, scalar, path, session),
        Form::Optional(_) if node.is_null() => return Ok(()),
        Form::Optional(inner) => return self::form(node, inner, path, session),
        Form::ScalarOr(scalar, inner) => {
            return match node.value {
                Value::Map(_) | Value::List(_) => self::form(node, inner, path, session),
                _ => check_scalar(node, scalar, path, session),
            };
        }
        _ => {}
    }
    match (form, &mut node.value) {
        (Form::List(shape), Value::List(items)) => {
            for (index, item) in items.iter_mut().enumerate() {
                validate(item, shape, &path.index(index), session)?;
            }
        }
        (Form::Distinct(shape), Value::List(items)) => {
            let mut seen = BTreeSet::new();
            for (index, item) in items.iter_mut().enumerate() {
                validate(item, shape, &path.index(index), session)?;
                let text = scalar::text_of(&item.value).unwrap_or_default();
                if seen.contains(&text) {
                    return Err(Fault::value(item.span, path, format!("`{text}` is listed twice")));
                }
                seen.insert(text);
            }
        }
        (Form::Map(shape), Value::Map(map)) => {
            for (key, value) in map.iter_mut() {
                validate(value, shape, &path.key(key), session)?;
            }
        }
        (Form::Named(shape), Value::Map(map)) => {
            for (key, value) in map.iter_mut() {
                if !is_name(key) {
                    return Err(Fault::value(
                        value.key,
                        path,
                        format!("the name `{key}` may hold letters, digits, `.`, `_` and `-` only"),
                    ));
                }
                validate(value, shape, &path.key(key), session)?;
            }
        }
        (Form::Object(fields), Value::Map(map)) => return object(node.span, map, fields, path, session),
        _ => {
            let expected = match form {
                Form::List(_) | Form::Distinct(_) => "a list",
                _ => "a mapping",
            };
            return Err(wrong_type(node, path, expected));
        }
    }
    Ok(())
}

fn object(
    span: crate::source::Span,
    map: &mut Map,
    fields: &'static [Field],
    path: &Path<'_>,
    session: &Session<'_>,
) -> Result<(), Fault> {
    for (key, value) in map.iter_mut() {
        if key.starts_with("x-") {
            continue;
        }
        let Some(field) = find(fields, key) else {
            let hint = nearest(key, fields.iter().map(|field| field.name))
                .map(|known| format!("did you mean `{known}`?"));
            return Err(Fault::at(
                value.key,
                Problem::UnknownKey {
                    path: path.to_string(),
                    key: key.clone(),
                },
            )
            .maybe_hint(hint));
        };
        validate(value, field.shape, &path.key(key), session)?;
    }
    match fields
        .iter()
        .find(|field| field.required && !map.contains_key(field.name))
    {
        Some(field) => Err(Fault::at(
            span,
            Problem::MissingKey {
                path: path.to_string(),
                key: field.name.to_owned(),
            },
        )),
        None => Ok(()),
    }
}

fn check_scalar(
    node: &mut Node,
    scalar: &Scalar,
    path: &Path<'_>,
    session: &Session<'_>,
) -> Result<(), Fault> {
    let wanted = match &node.value {
        Value::Null => NULL,
        Value::Bool(_) => BOOL,
        Value::Int(_) => INT | NUMBER,
        // A float without a fraction is a whole number to JSON schema.
        Value::Float(number) if number.fract() == 0.0 => INT | NUMBER,
        Value::Float(_) => NUMBER,
        Value::Text(_) => TEXT,
        Value::List(_) | Value::Map(_) => 0,
    };
    if scalar.types & wanted == 0 {
        return Err(wrong_type(node, path, &words(scalar.types)));
    }
    coerce(node, scalar, path, session)?;
    check(node, scalar, path)
}

fn check(node: &Node, scalar: &Scalar, path: &Path<'_>) -> Result<(), Fault> {
    match (scalar.check, &node.value) {
        (Check::OneOf(words), Value::Text(text)) if !words.contains(&text.as_str()) => {
            let why = format!("`{text}` must be one of {}", words.join(", "));
            let hint = nearest(text, words.iter().copied()).map(|word| format!("did you mean `{word}`?"));
            Err(Fault::value(node.span, path, why).maybe_hint(hint))
        }
        (Check::Range(least, most), Value::Int(number)) if !(least..=most).contains(number) => {
            let why = if most == i64::MAX {
                format!("{number} must be at least {least}")
            } else {
                format!("{number} must be from {least} to {most}")
            };
            Err(Fault::value(node.span, path, why))
        }
        (Check::Text(check), Value::Text(text)) => match check(text) {
            Some(why) => Err(Fault::value(node.span, path, why)),
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

fn coerce(node: &mut Node, scalar: &Scalar, path: &Path<'_>, session: &Session<'_>) -> Result<(), Fault> {
    match (scalar.target, &node.value) {
        (Target::Text, Value::Null) => node.value = Value::Text(String::new()),
        (Target::Text | Target::TextOrNull, value) => {
            if let Some(text) = scalar::text_of(value) {
                node.value = Value::Text(text);
            }
        }
        (Target::Bool | Target::Int | Target::Float, Value::Text(_)) => {
            variables::cast(node, scalar, path, session)?;
        }
        (Target::Int, Value::Float(number)) if number.abs() >= MOST_WHOLE => {
            return Err(Fault::value(node.span, path, format!("{number} is too large")));
        }
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a number without a fraction, below the limit"
        )]
        (Target::Int, Value::Float(number)) => node.value = Value::Int(*number as i64),
        (Target::Bytes, value) => {
            let size = match value {
                Value::Float(number) => ByteSize(*number as i64),
                Value::Int(number) => ByteSize(*number),
                Value::Text(text) => text.parse().map_err(|error: cilo_spec::model::ScalarError| {
                    Fault::value(node.span, path, error.to_string())
                })?,
                _ => return Ok(()),
            };
            node.value = Value::Int(size.0);
        }
        (Target::Duration, Value::Text(text)) => {
            let span: TimeSpan = text.parse().map_err(|error: cilo_spec::model::ScalarError| {
                Fault::value(node.span, path, error.to_string())
            })?;
            node.value = Value::Text(span.to_string());
        }
        _ => {}
    }
    Ok(())
}

fn wrong_type(node: &Node, path: &Path<'_>, expected: &str) -> Fault {
    Fault::at(
        node.span,
        Problem::WrongType {
            path: path.to_string(),
            expected: expected.to_owned(),
            found: node.value.kind(),
        },
    )
}

fn words(types: u8) -> String {
    let mut words = Vec::new();
    for (bit, word) in [
        (BOOL, "a boolean"),
        (NULL, "empty"),
        (NUMBER, "a number"),
        (TEXT, "text"),
    ] {
        if types & bit != 0 {
            words.push(word);
        }
    }
    if types & NUMBER == 0 && types & INT != 0 {
        words.insert(0, "a whole number");
    }
    words.join(" or ")
}

fn is_name(key: &str) -> bool {
    !key.is_empty()
        && key
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

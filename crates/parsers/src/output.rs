// SPDX-License-Identifier: MIT
//! The canonical model as text, as `docker compose config` prints it.

use cilo_spec::EnvironmentSpec;
use serde_json::Value;

use crate::compose;

/// The canonical model as JSON. `$` is written `$$`, so that the result is itself a project file with the same
/// meaning. As in `docker compose config --format json`, `x-` keys below the top level and models are left out;
/// [`canonical_yaml`] has them.
#[must_use]
pub fn canonical(spec: &EnvironmentSpec) -> Value {
    let mut value = full(spec);
    if let Value::Object(map) = &mut value {
        map.remove("models");
    }
    compose::strip_extensions(&mut value);
    value
}

fn full(spec: &EnvironmentSpec) -> Value {
    let mut value = serde_json::to_value(spec).expect("maps have text keys and numbers are finite");
    escape(&mut value);
    value
}

/// The canonical model as YAML. Reading it again gives the same model.
#[must_use]
pub fn canonical_yaml(spec: &EnvironmentSpec) -> String {
    let mut value = full(spec);
    // The content that was read from a variable would be a second source beside it.
    for config in objects(&mut value, "configs") {
        if config.contains_key("environment") {
            config.remove("content");
        }
    }
    // A Dockerfile's name that was left empty on purpose is not the same as none.
    for service in objects(&mut value, "services") {
        if let Some(Value::Object(build)) = service.get_mut("build")
            && !build.contains_key("dockerfile_inline")
        {
            build.entry("dockerfile").or_insert_with(|| Value::from(""));
        }
    }
    yaml(&value)
}

/// A JSON value as YAML in block style, texts quoted where a YAML reader could take them for something else.
#[must_use]
pub fn yaml(value: &Value) -> String {
    let mut out = String::new();
    block(value, 0, &mut out);
    out
}

fn escape(value: &mut Value) {
    match value {
        Value::String(text) if text.contains('$') => *text = text.replace('$', "$$"),
        Value::Array(items) => items.iter_mut().for_each(escape),
        Value::Object(map) => map.values_mut().for_each(escape),
        Value::Number(number) => {
            if let Some(float) = number.as_f64().filter(|_| number.is_f64()) {
                *value = short(float);
            }
        }
        _ => {}
    }
}

/// The objects of a top-level section.
fn objects<'a>(
    model: &'a mut Value,
    section: &str,
) -> impl Iterator<Item = &'a mut serde_json::Map<String, Value>> {
    model
        .get_mut(section)
        .and_then(Value::as_object_mut)
        .into_iter()
        .flat_map(serde_json::Map::values_mut)
        .filter_map(Value::as_object_mut)
}

/// The shortest form: whole where it is, and a 32-bit fraction with the digits it was written with.
fn short(float: f64) -> Value {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "compared with the original, or whole and below 2^53"
    )]
    let (single, whole) = (float as f32, float as i64);
    if float.fract() == 0.0 && float.abs() < 9e15 {
        Value::from(whole)
    } else if f64::from(single) == float {
        Value::from(single.to_string().parse::<f64>().unwrap_or(float))
    } else {
        Value::from(float)
    }
}

/// A mapping or list in block style, every line indented by `depth`.
fn block(value: &Value, depth: usize, out: &mut String) {
    let indent = "  ".repeat(depth);
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                out.push_str(&indent);
                out.push_str(&text(key));
                out.push(':');
                nested(value, depth + 1, out);
            }
        }
        Value::Array(items) => {
            for item in items {
                out.push_str(&indent);
                out.push('-');
                match item {
                    Value::Object(map) if !map.is_empty() => {
                        let mut inner = String::new();
                        block(item, depth + 1, &mut inner);
                        out.push(' ');
                        out.push_str(inner.trim_start_matches(' '));
                    }
                    _ => nested(item, depth + 1, out),
                }
            }
        }
        _ => {
            out.push_str(&scalar(value));
            out.push('\n');
        }
    }
}

/// What follows a key or a dash.
fn nested(value: &Value, depth: usize, out: &mut String) {
    match value {
        Value::Object(map) if map.is_empty() => out.push_str(" {}\n"),
        Value::Array(items) if items.is_empty() => out.push_str(" []\n"),
        Value::Object(_) | Value::Array(_) => {
            out.push('\n');
            block(value, depth, out);
        }
        _ => {
            out.push(' ');
            out.push_str(&scalar(value));
            out.push('\n');
        }
    }
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(string) => text(string),
        other => other.to_string(),
    }
}

/// A text, quoted unless every YAML reader takes it for the same text.
fn text(string: &str) -> String {
    let plain_start = |c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '_');
    let plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '-' | '.' | '+' | ' ' | '$' | '=');
    let word = string.to_ascii_lowercase();
    let reserved = matches!(
        word.as_str(),
        "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "y" | "n"
    );
    if !reserved && string.starts_with(plain_start) && string.chars().all(plain) && !string.ends_with(' ') {
        string.to_owned()
    } else {
        Value::from(string).to_string()
    }
}

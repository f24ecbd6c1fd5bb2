// SPDX-License-Identifier: MIT
//! `KEY=value` lists into mappings, and host lists.

use indexmap::map::Entry;

use super::super::session::Session;
use super::super::tree::{Map, Node, Path, Value};
use crate::error::Fault;

/// Labels and the like: a key without a value has an empty one.
pub(crate) fn text(node: &mut Node, path: &Path<'_>, _session: &Session<'_>) -> Result<(), Fault> {
    split(node, path, &|_, span| Ok(Node::text("", span)))
}

/// Variables: a key without a value stays without one.
pub(crate) fn optional(node: &mut Node, path: &Path<'_>, _session: &Session<'_>) -> Result<(), Fault> {
    split(node, path, &|_, span| Ok(Node::new(Value::Null, span)))
}

/// Pairs: a key without a value is an error.
pub(crate) fn pairs(node: &mut Node, path: &Path<'_>, _session: &Session<'_>) -> Result<(), Fault> {
    split(node, path, &|entry, span| {
        Err(Fault::value(
            span,
            path,
            format!("`{entry}` must be written as `name=value`"),
        ))
    })
}

/// `extra_hosts`: mapping or list, `=` or `:`, `[v6]` → a list of `host=address`.
pub(crate) fn hosts(node: &mut Node, path: &Path<'_>, _session: &Session<'_>) -> Result<(), Fault> {
    let mut entries = Vec::new();
    match &node.value {
        Value::Map(map) => {
            for (host, addresses) in map {
                let list = match &addresses.value {
                    Value::List(list) => list.as_slice(),
                    _ => std::slice::from_ref(addresses),
                };
                for address in list {
                    let Some(text) = address.as_str() else {
                        return Ok(());
                    };
                    host_entries(host, text, address, path, &mut entries)?;
                }
            }
        }
        Value::List(list) => {
            for item in list {
                let Some(text) = item.as_str() else {
                    return Ok(());
                };
                let Some((host, address)) = text.split_once('=').or_else(|| text.split_once(':')) else {
                    return Err(Fault::value(
                        item.span,
                        path,
                        format!("`{text}` has no address; write `host=address`"),
                    ));
                };
                host_entries(host, address, item, path, &mut entries)?;
            }
        }
        _ => return Ok(()),
    }
    node.value = Value::List(entries);
    Ok(())
}

/// One host with one address or, separated by commas, several.
fn host_entries(
    host: &str,
    addresses: &str,
    at: &Node,
    path: &Path<'_>,
    entries: &mut Vec<Node>,
) -> Result<(), Fault> {
    if host.is_empty() || host.contains([':', '=']) {
        return Err(Fault::value(
            at.span,
            path,
            format!("`{host}` is not a host name"),
        ));
    }
    for address in addresses.split(',') {
        let address = address
            .strip_prefix('[')
            .and_then(|address| address.strip_suffix(']'))
            .filter(|address| !address.is_empty())
            .unwrap_or(address);
        entries.push(Node::text(format!("{host}={address}"), at.span));
    }
    Ok(())
}

fn split(
    node: &mut Node,
    path: &Path<'_>,
    without_value: &dyn Fn(&str, crate::source::Span) -> Result<Node, Fault>,
) -> Result<(), Fault> {
    let Value::List(items) = &node.value else {
        return Ok(());
    };
    if !items.iter().all(|item| matches!(item.value, Value::Text(_))) {
        return Ok(());
    }
    let mut map = Map::with_capacity(items.len());
    for item in items {
        let entry = item.as_str().unwrap_or_default();
        let (key, value) = match entry.split_once('=') {
            Some((key, value)) => (key, Node::text(value, item.span)),
            None => (entry, without_value(entry, item.span)?),
        };
        if key.ends_with(char::is_whitespace) {
            return Err(Fault::value(
                item.span,
                path,
                format!("the name `{key}` ends in a space; remove it"),
            ));
        }
        match map.entry(key.to_owned()) {
            Entry::Occupied(mut entry) => {
                entry.insert(value);
            }
            Entry::Vacant(entry) => {
                entry.insert(value);
            }
        }
    }
    node.value = Value::Map(map);
    Ok(())
}

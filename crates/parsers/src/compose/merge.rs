// SPDX-License-Identifier: MIT
//! Stage 6: one file over another (Compose specification, "Merge").

use std::collections::BTreeMap;

use super::scalar;
use super::schema::{Merge, Shape, Unique};
use super::tree::{Map, Node, Path, Value};
use crate::error::Fault;
use crate::problem::Problem;

/// Puts `over` onto `base`. Both are in long form.
pub(crate) fn merge(
    base: &mut Node,
    over: Node,
    shape: Option<&'static Shape>,
    path: &Path<'_>,
) -> Result<(), Fault> {
    match shape.map_or(Merge::Deep, |shape| shape.merge) {
        Merge::Replace => {
            *base = over;
            return Ok(());
        }
        Merge::SameDriver => {
            let driver = |node: &Node| {
                node.get(&["driver"])
                    .and_then(|driver| scalar::text_of(&driver.value))
            };
            if let (Some(a), Some(b)) = (driver(base), driver(&over))
                && a != b
            {
                *base = over;
                return Ok(());
            }
        }
        Merge::ByKey(key) => {
            if let (Value::List(items), Value::List(others)) = (&mut base.value, &over.value) {
                let shape = shape.and_then(|shape| shape.form.items());
                return by_key(items, others.clone(), key, shape, path);
            }
        }
        Merge::Deep => {}
    }
    if over.is_null() {
        return Ok(());
    }
    let (base_kind, found) = (base.value.kind(), over.value.kind());
    match (&mut base.value, over.value) {
        (Value::Map(map), Value::Map(others)) => {
            for (key, value) in others {
                let child = shape.and_then(|shape| shape.form.child(&key));
                match map.get_mut(&key) {
                    Some(slot) => merge(slot, value, child, &path.key(&key))?,
                    None => {
                        map.insert(key, value);
                    }
                }
            }
        }
        (Value::List(items), Value::List(others)) => items.extend(others),
        (Value::Map(_) | Value::List(_), _) => {
            return Err(Fault::at(
                over.span,
                Problem::Merge {
                    path: path.to_string(),
                    base: base_kind,
                    found,
                },
            ));
        }
        (slot, value) => {
            *slot = value;
            (base.span, base.key) = (over.span, over.key);
        }
    }
    Ok(())
}

/// Entries with the same value of `key` are merged, others added.
fn by_key(
    items: &mut Vec<Node>,
    others: Vec<Node>,
    key: &str,
    shape: Option<&'static Shape>,
    path: &Path<'_>,
) -> Result<(), Fault> {
    for other in others {
        let same = |item: &&mut Node| match (item.get(&[key]), other.get(&[key])) {
            (Some(a), Some(b)) => a.same(b),
            _ => false,
        };
        match items.iter_mut().find(same) {
            Some(item) => merge(item, other, shape, path)?,
            None => items.push(other),
        }
    }
    Ok(())
}

/// Removes what the keys tagged `!reset` and `!override` name.
pub(crate) fn reset(node: &mut Node, paths: &[Vec<String>]) {
    for path in paths {
        let Some((last, parents)) = path.split_last() else {
            continue;
        };
        let mut slot = Some(&mut *node);
        for key in parents {
            slot = slot
                .and_then(Node::as_map_mut)
                .and_then(|map| map.get_mut(key.as_str()));
        }
        if let Some(map) = slot.and_then(Node::as_map_mut) {
            map.shift_remove(last.as_str());
        }
    }
}

/// Leaves one of the list entries that mean the same: at the first's place, with the last's content.
pub(crate) fn unify(node: &mut Node, shape: &'static Shape) {
    match &mut node.value {
        Value::List(items) => {
            if shape.unique != Unique::No {
                let mut places: BTreeMap<String, usize> = BTreeMap::new();
                let mut kept: Vec<Node> = Vec::with_capacity(items.len());
                for item in std::mem::take(items) {
                    let place =
                        identity(&item, shape.unique).map(|id| *places.entry(id).or_insert(kept.len()));
                    match place {
                        Some(place) if place < kept.len() => kept[place] = item,
                        _ => kept.push(item),
                    }
                }
                *items = kept;
            }
            if let Some(shape) = shape.form.items() {
                for item in items {
                    unify(item, shape);
                }
            }
        }
        Value::Map(map) => {
            for (key, value) in map.iter_mut() {
                if let Some(shape) = shape.form.child(key) {
                    unify(value, shape);
                }
            }
        }
        _ => {}
    }
}

fn identity(item: &Node, unique: Unique) -> Option<String> {
    let field = |map: &Map, key: &str| map.get(key).and_then(|node| scalar::text_of(&node.value));
    match (unique, &item.value) {
        (Unique::No, _) => None,
        (Unique::Text, value) => scalar::text_of(value),
        (Unique::Key, value) => scalar::text_of(value).map(|text| match text.split_once('=') {
            Some((key, _)) => key.to_owned(),
            None => text,
        }),
        (Unique::Path, Value::Map(map)) => field(map, "path"),
        (Unique::Port, Value::Map(map)) => Some(format!(
            "{}:{}:{}/{}",
            field(map, "host_ip").unwrap_or_else(|| "0.0.0.0".to_owned()),
            field(map, "published").unwrap_or_default(),
            field(map, "target")?,
            field(map, "protocol").unwrap_or_else(|| "tcp".to_owned()),
        )),
        (Unique::Target, Value::Map(map)) => field(map, "target").or_else(|| field(map, "source")),
        (Unique::File(folder), Value::Map(map)) => {
            field(map, "target").or_else(|| Some(format!("{folder}{}", field(map, "source")?)))
        }
        _ => None,
    }
}

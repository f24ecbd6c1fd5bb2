// SPDX-License-Identifier: MIT
//! The end of stage 1: `!reset` and `!override` are noted, `<<` is applied.

use super::tree::{Map, Node, Path, Tag, Value};
use crate::error::Fault;
use crate::problem::Problem;

/// Takes `!reset` keys out, notes the paths of both tags, and applies merge keys: an explicit key wins over a
/// merged one, and the first of several merged mappings over the next. A reset does not reach a merged key.
pub(crate) fn settle(node: &mut Node, path: &Path<'_>, resets: &mut Vec<Vec<String>>) -> Result<(), Fault> {
    match &mut node.value {
        Value::List(items) => {
            items.retain(|item| item.tag != Tag::Reset);
            for (index, item) in items.iter_mut().enumerate() {
                settle(item, &path.index(index), resets)?;
            }
        }
        Value::Map(map) => {
            let mut merged = None;
            let mut drop = Vec::new();
            for (key, value) in map.iter_mut() {
                match value.tag {
                    Tag::Merge => {
                        drop.push(key.clone());
                        settle(value, path, resets)?;
                        merged = Some(std::mem::take(value));
                        continue;
                    }
                    Tag::Reset => {
                        drop.push(key.clone());
                        note(path.key(key), resets);
                        continue;
                    }
                    Tag::Override => note(path.key(key), resets),
                    Tag::None => {}
                }
                settle(value, &path.key(key), resets)?;
            }
            for key in drop {
                map.shift_remove(&key);
            }
            if let Some(merged) = merged {
                apply_merge(map, merged)?;
            }
        }
        _ => {}
    }
    Ok(())
}

fn note(path: Path<'_>, resets: &mut Vec<Vec<String>>) {
    if let Some(keys) = path.keys() {
        resets.push(keys.into_iter().map(str::to_owned).collect());
    }
}

fn apply_merge(map: &mut Map, merged: Node) -> Result<(), Fault> {
    let span = merged.key;
    let refuse = || {
        Fault::at(
            span,
            Problem::Yaml {
                message: "a merge key `<<` needs a mapping or a list of mappings".to_owned(),
            },
        )
    };
    let sources = match merged.value {
        Value::List(items) => items,
        _ => vec![merged],
    };
    for source in sources {
        let Value::Map(source) = source.value else {
            return Err(refuse());
        };
        for (key, value) in source {
            map.entry(key).or_insert(value);
        }
    }
    Ok(())
}

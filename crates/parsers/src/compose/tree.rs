// SPDX-License-Identifier: MIT
//! The tree every stage works on: YAML values that know where they were written.

use std::fmt;

use indexmap::IndexMap;

use crate::source::Span;

/// A mapping; the keys' places are in [`Node::key`] of the values.
pub(crate) type Map = IndexMap<String, Node>;

/// One value and its places.
#[derive(Clone, Debug, Default)]
pub(crate) struct Node {
    pub(crate) value: Value,
    /// Where the value is.
    pub(crate) span: Span,
    /// Where its key is, when it is in a mapping.
    pub(crate) key: Span,
    pub(crate) tag: Tag,
}

/// A YAML value of the core schema.
#[derive(Clone, Debug, Default)]
pub(crate) enum Value {
    #[default]
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    Map(Map),
}

/// What a node's tag asks of the merge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Tag {
    #[default]
    None,
    /// `!reset`: remove what earlier files say.
    Reset,
    /// `!override`: replace it instead of merging.
    Override,
    /// The value of a `<<` key.
    Merge,
}

/// A way down the tree, cheap to extend; written out only for messages.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Path<'a> {
    parent: Option<&'a Self>,
    step: Step<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Step<'a> {
    Root,
    Key(&'a str),
    Index(usize),
}

impl Node {
    pub(crate) fn new(value: Value, span: Span) -> Self {
        Self {
            value,
            span,
            key: span,
            tag: Tag::None,
        }
    }

    pub(crate) fn text(text: impl Into<String>, span: Span) -> Self {
        Self::new(Value::Text(text.into()), span)
    }

    pub(crate) fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn as_map(&self) -> Option<&Map> {
        match &self.value {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    pub(crate) fn as_map_mut(&mut self) -> Option<&mut Map> {
        match &mut self.value {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    pub(crate) fn as_list(&self) -> Option<&[Self]> {
        match &self.value {
            Value::List(list) => Some(list),
            _ => None,
        }
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    /// The value below a chain of keys.
    pub(crate) fn get(&self, keys: &[&str]) -> Option<&Self> {
        keys.iter()
            .try_fold(self, |node, key| node.as_map().and_then(|map| map.get(*key)))
    }

    /// The mapping below `key`, made when it is not there.
    pub(crate) fn section(&mut self, key: &str) -> Option<&mut Map> {
        let span = self.span;
        self.as_map_mut()?
            .entry(key.to_owned())
            .or_insert_with(|| Self::new(Value::Map(Map::new()), span))
            .as_map_mut()
    }

    /// Whether two nodes say the same, wherever they are written.
    pub(crate) fn same(&self, other: &Self) -> bool {
        match (&self.value, &other.value) {
            (Value::Null, Value::Null) => true,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Int(a), Value::Int(b)) => a == b,
            (Value::Float(a), Value::Float(b)) => a == b,
            (Value::Text(a), Value::Text(b)) => a == b,
            (Value::List(a), Value::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.same(b)),
            (Value::Map(a), Value::Map(b)) => {
                a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| a.same(b)))
            }
            _ => false,
        }
    }
}

impl Value {
    /// The type in the words of messages.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "empty",
            Self::Bool(_) => "a boolean",
            Self::Int(_) | Self::Float(_) => "a number",
            Self::Text(_) => "text",
            Self::List(_) => "a list",
            Self::Map(_) => "a mapping",
        }
    }
}

impl<'a> Path<'a> {
    pub(crate) const ROOT: Self = Path {
        parent: None,
        step: Step::Root,
    };

    pub(crate) fn key<'b>(&'b self, key: &'b str) -> Path<'b> {
        Path {
            parent: Some(self),
            step: Step::Key(key),
        }
    }

    pub(crate) fn index(&self, index: usize) -> Path<'_> {
        Path {
            parent: Some(self),
            step: Step::Index(index),
        }
    }

    /// The keys from the root; `None` when it goes through a list.
    pub(crate) fn keys(&self) -> Option<Vec<&'a str>> {
        let mut keys = match self.parent {
            Some(parent) => parent.keys()?,
            None => Vec::new(),
        };
        match self.step {
            Step::Root => {}
            Step::Key(key) => keys.push(key),
            Step::Index(_) => return None,
        }
        Some(keys)
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at_root = matches!(self.parent, None | Some(Path { step: Step::Root, .. }));
        if let Some(parent) = self.parent.filter(|_| !at_root) {
            write!(f, "{parent}")?;
        }
        match self.step {
            Step::Root => f.write_str("the file"),
            Step::Key(key) if at_root => f.write_str(key),
            Step::Key(key) => write!(f, ".{key}"),
            Step::Index(index) => write!(f, "[{index}]"),
        }
    }
}

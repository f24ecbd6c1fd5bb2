// SPDX-License-Identifier: MIT
//! Stage 1: YAML text into trees, one per document, with merge keys applied and tags set aside.

use std::collections::BTreeMap;

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Span as YamlSpan, Tag as YamlTag};
use indexmap::map::Entry;

use super::scalar;
use super::settle::settle;
use super::tree::{Map, Node, Path, Tag, Value};
use crate::error::Fault;
use crate::problem::Problem;
use crate::source::Span;

/// The most values one document may hold, aliases written out (against alias bombs).
const MAX_NODES: usize = 100_000;

/// The deepest nesting, aliases written out: the stages walk the tree by recursion.
const MAX_DEPTH: usize = 200;

/// One YAML document.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) root: Node,
    /// Keys tagged `!reset` or `!override`: what earlier files say there is removed.
    pub(crate) resets: Vec<Vec<String>>,
}

/// Reads every document of a text. Empty documents are left out.
pub(crate) fn documents(text: &str, file: u32) -> Result<Vec<Document>, Fault> {
    let mut documents = Vec::new();
    for mut root in Reader::new(file).read(text)? {
        if root.is_null() {
            continue;
        }
        let mut resets = Vec::new();
        settle(&mut root, &Path::ROOT, &mut resets)?;
        documents.push(Document { root, resets });
    }
    Ok(documents)
}

/// A collection being read.
enum Open {
    List {
        node: Node,
        items: Vec<Node>,
        anchor: usize,
    },
    Map {
        node: Node,
        map: Map,
        /// The key whose value comes next.
        key: Option<(String, Span, bool)>,
        anchor: usize,
    },
}

struct Reader {
    file: u32,
    open: Vec<Open>,
    /// Anchored nodes with how many values they hold and how deep they go.
    anchors: BTreeMap<usize, (Node, usize, usize)>,
    nodes: usize,
    roots: Vec<Node>,
}

impl Reader {
    fn new(file: u32) -> Self {
        Self {
            file,
            open: Vec::new(),
            anchors: BTreeMap::new(),
            nodes: 0,
            roots: Vec::new(),
        }
    }

    fn read(mut self, text: &str) -> Result<Vec<Node>, Fault> {
        for event in Parser::new_from_str(text) {
            let (event, span) = event.map_err(|error| self.refuse(&error))?;
            let at = self.span(span);
            match event {
                Event::DocumentStart(..) => {
                    self.nodes = 0;
                    self.anchors.clear();
                }
                Event::Scalar(text, style, anchor, tag) => {
                    let mut node = Node::new(value_of(&text, style, tag.as_deref()), at);
                    node.tag = tag_of(tag.as_deref());
                    let plain = style == ScalarStyle::Plain;
                    self.finish(node, anchor, plain)?;
                }
                Event::SequenceStart(_, anchor, tag) => self.start(Open::List {
                    node: tagged(at, tag.as_deref()),
                    items: Vec::new(),
                    anchor,
                })?,
                Event::MappingStart(_, anchor, tag) => self.start(Open::Map {
                    node: tagged(at, tag.as_deref()),
                    map: Map::new(),
                    key: None,
                    anchor,
                })?,
                Event::SequenceEnd | Event::MappingEnd => self.end()?,
                Event::Alias(id) => self.alias(id, at)?,
                _ => {}
            }
        }
        Ok(self.roots)
    }

    fn start(&mut self, open: Open) -> Result<(), Fault> {
        self.open.push(open);
        if self.open.len() > MAX_DEPTH {
            return Err(self.limit("nesting", MAX_DEPTH));
        }
        Ok(())
    }

    /// A limit is passed: at the innermost open collection.
    fn limit(&self, what: &'static str, limit: usize) -> Fault {
        let at = match self.open.last() {
            Some(Open::List { node, .. } | Open::Map { node, .. }) => node.span,
            None => Span::default(),
        };
        Fault::at(at, Problem::Limit { what, limit })
    }

    fn end(&mut self) -> Result<(), Fault> {
        match self.open.pop() {
            Some(Open::List {
                mut node,
                items,
                anchor,
            }) => {
                node.value = Value::List(items);
                self.finish(node, anchor, false)
            }
            Some(Open::Map {
                mut node,
                map,
                anchor,
                ..
            }) => {
                node.value = Value::Map(map);
                self.finish(node, anchor, false)
            }
            None => Ok(()),
        }
    }

    fn alias(&mut self, id: usize, at: Span) -> Result<(), Fault> {
        let Some((node, nodes, depth)) = self.anchors.get(&id) else {
            return Err(Fault::at(
                at,
                Problem::Yaml {
                    message: "the alias refers to the node it is in".to_owned(),
                },
            ));
        };
        self.nodes += nodes;
        if self.nodes > MAX_NODES {
            return Err(self.limit("the number of values with all aliases written out", MAX_NODES));
        }
        if self.open.len() + depth > MAX_DEPTH {
            return Err(self.limit("nesting", MAX_DEPTH));
        }
        let node = node.clone();
        self.place(node, false)
    }

    /// A node is complete: remember it when it is anchored, and put it where it belongs.
    fn finish(&mut self, node: Node, anchor: usize, plain: bool) -> Result<(), Fault> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(self.limit("the number of values", MAX_NODES));
        }
        if anchor != 0 {
            let (nodes, depth) = measure(&node);
            self.anchors.insert(anchor, (node.clone(), nodes, depth));
        }
        self.place(node, plain)
    }

    fn place(&mut self, mut node: Node, plain: bool) -> Result<(), Fault> {
        match self.open.last_mut() {
            None => self.roots.push(node),
            Some(Open::List { items, .. }) => items.push(node),
            Some(Open::Map { map, key, .. }) => match key.take() {
                None => {
                    self.nodes = self.nodes.saturating_sub(1);
                    let Value::Text(text) = node.value else {
                        return Err(Fault::at(
                            node.span,
                            Problem::NonStringKey {
                                key: scalar::text_of(&node.value)
                                    .unwrap_or_else(|| node.value.kind().to_owned()),
                            },
                        ));
                    };
                    let merge = plain && text == "<<";
                    *key = Some((text, node.span, merge));
                }
                Some((name, span, merge)) => {
                    node.key = span;
                    if merge {
                        node.tag = Tag::Merge;
                    }
                    match map.entry(name) {
                        Entry::Vacant(entry) => {
                            entry.insert(node);
                        }
                        Entry::Occupied(entry) => {
                            return Err(Fault::at(
                                span,
                                Problem::DuplicateKey {
                                    key: entry.key().clone(),
                                    first: entry.get().key.line,
                                },
                            ));
                        }
                    }
                }
            },
        }
        Ok(())
    }

    fn span(&self, span: YamlSpan) -> Span {
        Span {
            file: self.file,
            line: u32::try_from(span.start.line()).unwrap_or(u32::MAX),
            column: u32::try_from(span.start.col() + 1).unwrap_or(u32::MAX),
        }
    }

    fn refuse(&self, error: &ScanError) -> Fault {
        let at = Span {
            file: self.file,
            line: u32::try_from(error.marker().line()).unwrap_or(u32::MAX),
            column: u32::try_from(error.marker().col() + 1).unwrap_or(u32::MAX),
        };
        let message = error.info();
        let hint = message
            .contains("tab")
            .then(|| "indent with spaces; YAML does not allow tabs there".to_owned());
        Fault::at(at, Problem::Yaml { message }).maybe_hint(hint)
    }
}

fn tagged(at: Span, tag: Option<&YamlTag>) -> Node {
    let mut node = Node::new(Value::Null, at);
    node.tag = tag_of(tag);
    node
}

fn tag_of(tag: Option<&YamlTag>) -> Tag {
    match tag.map(|tag| (tag.handle(), tag.suffix())) {
        Some(("!", "reset")) => Tag::Reset,
        Some(("!", "override")) => Tag::Override,
        _ => Tag::None,
    }
}

fn value_of(text: &str, style: ScalarStyle, tag: Option<&YamlTag>) -> Value {
    let plain = style == ScalarStyle::Plain;
    match tag.and_then(YamlTag::core_suffix) {
        Some("str") => Value::Text(text.to_owned()),
        Some(_) => scalar::resolve(text),
        None if plain => scalar::resolve(text),
        None => Value::Text(text.to_owned()),
    }
}

fn measure(node: &Node) -> (usize, usize) {
    let add = |(nodes, depth): (usize, usize), child: &Node| {
        let (more, deep) = measure(child);
        (nodes + more, depth.max(deep + 1))
    };
    match &node.value {
        Value::List(items) => items.iter().fold((1, 1), add),
        Value::Map(map) => map.values().fold((1, 1), add),
        _ => (1, 0),
    }
}

// SPDX-License-Identifier: MIT
//! Stage 5: `extends` (Compose specification, "Extend service").

use std::collections::BTreeMap;
use std::path::{Path as FilePath, PathBuf};

use super::merge::{merge, reset, unify};
use super::model::{Scope, prepare};
use super::paths::{Base, resolve};
use super::schema::{PROJECT, SERVICE};
use super::settings::is_remote;
use super::tree::{Map, Node, Path, Value};
use crate::error::Fault;
use crate::problem::Problem;
use crate::source::Span;

/// Follows the `extends` of one document's services.
pub(crate) struct Extender<'a> {
    scope: &'a Scope<'a>,
    /// Files that services extend from, each read once.
    files: BTreeMap<PathBuf, Library>,
}

/// The services of a file that others extend.
struct Library {
    services: Map,
    resets: Vec<Vec<String>>,
}

/// A service on the way: its file and name.
type Step = (PathBuf, String);

impl<'a> Extender<'a> {
    pub(crate) fn new(scope: &'a Scope<'a>) -> Self {
        Self {
            scope,
            files: BTreeMap::new(),
        }
    }

    /// Replaces every service that extends another by the merge of both.
    pub(crate) fn apply(
        &mut self,
        root: &mut Node,
        resets: &[Vec<String>],
        file: &FilePath,
    ) -> Result<(), Fault> {
        let Some(services) = root
            .as_map_mut()
            .and_then(|map| map.get_mut("services"))
            .and_then(Node::as_map_mut)
        else {
            return Ok(());
        };
        let names: Vec<String> = services
            .iter()
            .filter(|(_, service)| service.get(&["extends"]).is_some())
            .map(|(name, _)| name.clone())
            .collect();
        for name in names {
            let mut chain = Vec::new();
            self.extend(services, resets, file, &name, &mut chain)?;
        }
        Ok(())
    }

    fn extend(
        &mut self,
        services: &mut Map,
        resets: &[Vec<String>],
        file: &FilePath,
        name: &str,
        chain: &mut Vec<Step>,
    ) -> Result<(), Fault> {
        let Some(extends) = services
            .get_mut(name)
            .and_then(Node::as_map_mut)
            .and_then(|service| service.shift_remove("extends"))
            .filter(|extends| !extends.is_null())
        else {
            return Ok(());
        };
        let path = Path::ROOT.key("services");
        let path = path.key(name);
        let path = path.key("extends");
        let step = (file.to_owned(), name.to_owned());
        if let Some(at) = chain.iter().position(|seen| *seen == step) {
            return Err(cycle(&chain[at..], &step, &extends));
        }
        chain.push(step);
        let target = extends
            .get(&["service"])
            .and_then(Node::as_str)
            .ok_or_else(|| Fault::value(extends.span, path, "name the service to extend: `service: name`"))?
            .to_owned();
        let other = extends.get(&["file"]).and_then(Node::as_str).map(str::to_owned);
        // Put back while the base is followed, so that a circle is seen as one.
        if let Some(service) = services.get_mut(name).and_then(Node::as_map_mut) {
            service.insert("extends".to_owned(), extends.clone());
        }
        let mut base = match other {
            None => {
                if !services.contains_key(&target) {
                    return Err(undefined(name, &target, &extends, None));
                }
                self.extend(services, resets, file, &target, chain)?;
                services.get(&target).cloned().unwrap_or_default()
            }
            Some(other) => self.follow_file(name, &target, &other, &extends, chain)?,
        };
        chain.pop();
        if base.is_null() {
            // An empty base adds nothing, and the canonical model goes on naming it.
            return Ok(());
        }
        base.as_map_mut().map(|base| base.shift_remove("extends"));
        let own: Vec<Vec<String>> = resets
            .iter()
            .filter_map(|path| match &path[..] {
                [section, service, rest @ ..] if section == "services" && service == name => {
                    Some(rest.to_vec())
                }
                _ => None,
            })
            .collect();
        reset(&mut base, &own);
        if let Some(slot) = services.get_mut(name) {
            let mut over = std::mem::take(slot);
            over.as_map_mut().map(|over| over.shift_remove("extends"));
            let (span, key) = (over.span, over.key);
            let root = Path::ROOT.key("services");
            merge(&mut base, over, Some(&SERVICE), &root.key(name))?;
            unify(&mut base, &SERVICE);
            (base.span, base.key) = (span, key);
            *slot = base;
        }
        Ok(())
    }

    fn follow_file(
        &mut self,
        name: &str,
        target: &str,
        other: &str,
        extends: &Node,
        chain: &mut Vec<Step>,
    ) -> Result<Node, Fault> {
        if is_remote(other) {
            return Err(Fault::at(
                extends.span,
                Problem::Remote {
                    what: "the extended file",
                    reference: other.to_owned(),
                },
            ));
        }
        let file = PathBuf::from(self.scope.base().absolute(other));
        let Library { mut services, resets } = match self.files.remove(&file) {
            Some(library) => library,
            None => self.library(&file, extends.span)?,
        };
        if !services.contains_key(target) {
            return Err(undefined(name, target, extends, Some(&file)));
        }
        self.extend(&mut services, &resets, &file, target, chain)?;
        let base = services.get(target).cloned().unwrap_or_default();
        self.files.insert(file, Library { services, resets });
        Ok(base)
    }

    /// Reads a file to extend from: its documents merged, its paths from its own folder, nothing checked yet.
    fn library(&self, file: &FilePath, at: Span) -> Result<Library, Fault> {
        let session = self.scope.session;
        let mut model = Node::new(Value::Map(Map::new()), Span::default());
        let mut all = Vec::new();
        for document in session.documents(file).map_err(|fault| fault.or_at(Some(at)))? {
            let mut root = document.root;
            prepare(&mut root, self.scope.environment, session)?;
            reset(&mut model, &document.resets);
            merge(&mut model, root, Some(&PROJECT), &Path::ROOT)?;
            unify(&mut model, &PROJECT);
            all.extend(document.resets);
        }
        let base = Base {
            directory: file.parent().unwrap_or(FilePath::new("/")),
            home: session.request.home.as_deref(),
        };
        resolve(&mut model, &PROJECT, &base);
        let services = match model.as_map_mut().and_then(|map| map.shift_remove("services")) {
            Some(Node {
                value: Value::Map(services),
                ..
            }) => services,
            _ => Map::new(),
        };
        Ok(Library {
            services,
            resets: all,
        })
    }
}

fn undefined(name: &str, target: &str, extends: &Node, file: Option<&FilePath>) -> Fault {
    let fault = Fault::at(
        extends.span,
        Problem::Undefined {
            service: name.to_owned(),
            verb: "extends",
            kind: "service",
            name: target.to_owned(),
        },
    );
    match file {
        Some(file) => fault.hint(format!("{} has no service `{target}`", file.display())),
        None => fault,
    }
}

fn cycle(chain: &[Step], last: &Step, extends: &Node) -> Fault {
    let chain = chain
        .iter()
        .chain([last])
        .map(|(file, name)| {
            let file = file.file_name().map(|name| name.to_string_lossy());
            format!("{name} ({})", file.unwrap_or_default())
        })
        .collect();
    Fault::at(
        extends.span,
        Problem::Cycle {
            what: "extends",
            chain,
        },
    )
}

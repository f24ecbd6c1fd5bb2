// SPDX-License-Identifier: MIT
//! The stages in order, for the files of a project and for those it includes.

use std::path::{Path as FilePath, PathBuf};

use super::canonical::canonicalise;
use super::extends::Extender;
use super::load::Document;
use super::merge::{merge, reset, unify};
use super::paths::{Base, resolve};
use super::schema::PROJECT;
use super::session::{Environment, Session};
use super::tree::{Map, Node, Path, Value};
use super::validate::validate;
use super::variables::interpolate;
use super::{checks, defaults, include};
use crate::error::Fault;
use crate::problem::{Notice, Problem};
use crate::source::Span;

/// Where the files of one project, or one include, stand.
pub(crate) struct Scope<'a> {
    pub(crate) session: &'a Session<'a>,
    /// The folder relative paths start from, absolute.
    pub(crate) directory: &'a FilePath,
    pub(crate) environment: &'a Environment,
    /// The files that led here by `include`.
    pub(crate) parents: &'a [PathBuf],
}

/// A file with its documents.
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    pub(crate) documents: Vec<Document>,
}

/// Reads the files of a scope, named by the node `at` or by the user.
pub(crate) fn read(session: &Session<'_>, files: &[PathBuf], at: Option<Span>) -> Result<Vec<Source>, Fault> {
    files
        .iter()
        .map(|path| {
            Ok(Source {
                path: path.clone(),
                documents: session.documents(path).map_err(|fault| fault.or_at(at))?,
            })
        })
        .collect()
}

/// Merges the documents of all files, in order, and makes the result absolute and complete.
pub(crate) fn load(scope: &Scope<'_>, sources: Vec<Source>) -> Result<Node, Fault> {
    let mut model: Option<Node> = None;
    let main = sources.first().map(|source| source.path.clone());
    for source in sources {
        for document in source.documents {
            let model = model.get_or_insert_with(|| Node::new(Value::Map(Map::new()), document.root.span));
            add(scope, model, document, &source.path)?;
        }
    }
    let mut model = model
        .filter(|model| model.as_map().is_some_and(|map| !map.is_empty()))
        .ok_or_else(|| {
            Fault::nowhere(Problem::Empty {
                path: main.unwrap_or_default(),
            })
        })?;
    if scope.session.interpolates {
        defaults::apply(&mut model);
        checks::check(&model)?;
    }
    resolve(&mut model, &PROJECT, &scope.base());
    super::resolve_environment(&mut model, scope.environment, scope.session);
    Ok(model)
}

/// Brings a document to its long form: the stages that need no other file.
pub(crate) fn prepare(
    root: &mut Node,
    environment: &Environment,
    session: &Session<'_>,
) -> Result<(), Fault> {
    if root.as_map().is_none() {
        return Err(Fault::at(
            root.span,
            Problem::WrongType {
                path: "the file".to_owned(),
                expected: "a mapping".to_owned(),
                found: root.value.kind(),
            },
        ));
    }
    if session.interpolates {
        interpolate(root, &PROJECT, environment, session)?;
    }
    canonicalise(root, &PROJECT, &Path::ROOT, session)
}

fn add(scope: &Scope<'_>, model: &mut Node, document: Document, file: &FilePath) -> Result<(), Fault> {
    let Document { mut root, resets } = document;
    let session = scope.session;
    prepare(&mut root, scope.environment, session)?;
    include::apply(scope, &mut root, &resets, file)?;
    reset(model, &resets);
    Extender::new(scope).apply(&mut root, &resets, file)?;
    merge(model, root, Some(&PROJECT), &Path::ROOT)?;
    unify(model, &PROJECT);
    if session.interpolates {
        validate(model, &PROJECT, &Path::ROOT, session)?;
    }
    if let Some(version) = model.as_map_mut().and_then(|map| map.shift_remove("version")) {
        session.warn(Notice::ObsoleteVersion, Some(version.key));
    }
    Ok(())
}

impl Scope<'_> {
    pub(crate) fn base(&self) -> Base<'_> {
        Base {
            directory: self.directory,
            home: self.session.request.home.as_deref(),
        }
    }
}

// SPDX-License-Identifier: MIT
//! Compose files (Compose specification). The stages, in order: load, interpolate, include, canonicalise, extend,
//! merge, validate, resolve paths, normalise, select profiles, check.

mod canonical;
mod checks;
mod consistency;
mod decode;
mod defaults;
mod dependency_cycle;
mod dotenv;
mod env_files;
mod extends;
mod include;
mod interpolate;
mod load;
mod merge;
mod model;
mod normalise;
mod paths;
mod profiles;
mod scalar;
mod schema;
mod service_files;
mod session;
mod settings;
mod settle;
mod suggest;
mod tree;
mod validate;
mod variables;

use std::collections::BTreeMap;

use cilo_spec::EnvironmentSpec;
use cilo_spec::model::Origin;

use crate::Parser;
use crate::error::{Fault, ParseError};
use crate::problem::Problem;
use crate::request::{Detected, ParseRequest, Parsed};
use model::{Scope, Source};
use session::{Environment, Session};
use settings::{Settings, normalise_name, settings};
use tree::{Node, Path};

/// Reads Compose projects.
#[derive(Clone, Copy, Debug, Default)]
pub struct ComposeParser;

impl Parser for ComposeParser {
    fn id(&self) -> &'static str {
        "compose"
    }

    fn detect(&self, request: &ParseRequest) -> Result<Option<Detected>, ParseError> {
        let session = Session::new(request);
        let result = settings(&session);
        let found = result.map_err(|fault| fault.into_error(&session.sources()))?;
        Ok(found.map(|settings| Detected {
            format: self.id(),
            directory: settings.directory,
            files: settings.files,
        }))
    }

    fn name(&self, request: &ParseRequest) -> Result<String, ParseError> {
        let session = Session::new(request);
        let result = name(&session);
        result.map_err(|fault| fault.into_error(&session.sources()))
    }

    fn environment(&self, request: &ParseRequest) -> Result<BTreeMap<String, String>, ParseError> {
        let session = Session::new(request);
        let result = environment(&session);
        result.map_err(|fault| fault.into_error(&session.sources()))
    }

    fn template(&self, request: &ParseRequest) -> Result<serde_json::Value, ParseError> {
        let session = Session::uninterpolated(request);
        let result = load(&session).and_then(|loaded| {
            let tree = &loaded.tree;
            decode::decode(tree).map_err(|error| Fault::value(tree.span, Path::ROOT, error.0))
        });
        result.map_err(|fault| fault.into_error(&session.sources()))
    }

    fn parse(&self, request: &ParseRequest) -> Result<Parsed, ParseError> {
        let session = Session::new(request);
        let result = parse(&session);
        match result {
            Ok(spec) => Ok(Parsed {
                spec,
                warnings: session.warnings(),
                variables: session.variables(),
            }),
            Err(fault) => Err(fault.into_error(&session.sources())),
        }
    }
}

/// Removes the `x-` keys of all objects but the top one from a canonical model.
pub(crate) fn strip_extensions(model: &mut serde_json::Value) {
    strip(model, &schema::PROJECT.form, true);
}

fn strip(value: &mut serde_json::Value, form: &schema::Form, top: bool) {
    match value {
        serde_json::Value::Object(map) => {
            if !top && matches!(form.inner(), schema::Form::Object(_)) {
                map.retain(|key, _| !key.starts_with("x-"));
            }
            for (key, value) in map {
                if let Some(shape) = form.child(key) {
                    strip(value, &shape.form, false);
                }
            }
        }
        serde_json::Value::Array(items) => {
            if let Some(shape) = form.items() {
                for item in items {
                    strip(item, &shape.form, false);
                }
            }
        }
        _ => {}
    }
}

/// The settings of a project that must be there.
fn found(session: &Session<'_>) -> Result<Settings, Fault> {
    settings(session)?.ok_or_else(|| {
        Fault::nowhere(Problem::NoProject {
            directory: session.request.directory.clone(),
        })
    })
}

fn name(session: &Session<'_>) -> Result<String, Fault> {
    let settings = found(session)?;
    let sources = match settings.name {
        Some(_) => Vec::new(),
        None => model::read(session, &settings.files, None)?,
    };
    project_name(session, &settings, &sources)
}

/// The variables that interpolation sees.
fn environment(session: &Session<'_>) -> Result<Environment, Fault> {
    let settings = found(session)?;
    let name = name(session)?;
    let mut environment = settings.environment;
    environment.insert("COMPOSE_PROJECT_NAME".to_owned(), name);
    Ok(environment)
}

/// A project with its files merged.
struct Loaded {
    settings: Settings,
    tree: Node,
}

fn load(session: &Session<'_>) -> Result<Loaded, Fault> {
    let mut settings = found(session)?;
    let sources = model::read(session, &settings.files, None)?;
    let name = project_name(session, &settings, &sources)?;
    settings
        .environment
        .insert("COMPOSE_PROJECT_NAME".to_owned(), name.clone());
    let scope = Scope {
        session,
        directory: &settings.directory,
        environment: &settings.environment,
        parents: &[],
    };
    let mut tree = model::load(&scope, sources)?;
    if let Some(map) = tree.as_map_mut() {
        let span = map.get("name").map_or(Default::default(), |node| node.span);
        map.insert("name".to_owned(), Node::text(name, span));
    }
    Ok(Loaded { settings, tree })
}

fn parse(session: &Session<'_>) -> Result<EnvironmentSpec, Fault> {
    let Loaded { settings, mut tree } = load(session)?;
    defaults::dockerfiles(&mut tree);
    let env_files = service_files::take_env_files(&mut tree);
    let mut spec = to_spec(&tree)?;
    normalise::normalise(&mut spec, &settings.environment);
    profiles::select(&mut spec, &settings.profiles);
    consistency::check(&spec, &tree, session)?;
    for (name, service) in &mut spec.services {
        if let Some(files) = env_files.get(name) {
            service.environment =
                service_files::environment(files, &service.environment, &settings.environment, session)?;
        }
        if !service.label_file.is_empty() {
            let mut labels = service_files::labels(&service.label_file, session)?;
            labels.append(&mut service.labels);
            service.labels = labels;
        }
        if let Some(deploy) = &mut service.deploy {
            deploy.replicas = service.scale.or(deploy.replicas);
        }
    }
    session.values_into(&mut spec);
    profiles::prune(&mut spec);
    spec.origin = Origin {
        format: ComposeParser.id().to_owned(),
        directory: settings.directory,
        included: session.files_besides(&settings.files),
        files: settings.files,
        environment_files: settings.env_files,
        profiles: settings.profiles,
    };
    Ok(spec)
}

/// The typed model. A value it does not take is pinned to its service as near as possible.
fn to_spec(tree: &Node) -> Result<EnvironmentSpec, Fault> {
    decode::decode(tree).map_err(|error| {
        let services = tree.get(&["services"]).and_then(Node::as_map);
        let culprit = services.into_iter().flatten().find_map(|(name, service)| {
            let error = decode::decode::<cilo_spec::Service>(service).err()?;
            Some((name, service, error))
        });
        match culprit {
            Some((name, service, error)) => {
                let path = Path::ROOT.key("services");
                Fault::value(service.key, path.key(name), error.0)
            }
            None => Fault::value(tree.span, Path::ROOT, error.0),
        }
    })
}

/// The name given, else the last file's `name`, else the project folder's.
fn project_name(session: &Session<'_>, settings: &Settings, sources: &[Source]) -> Result<String, Fault> {
    if let Some(name) = &settings.name {
        return Ok(name.clone());
    }
    let written = sources.iter().rev().find_map(|source| {
        source
            .documents
            .iter()
            .find_map(|document| document.root.get(&["name"]))
    });
    let name = match written {
        Some(node) => {
            let path = Path::ROOT;
            let path = path.key("name");
            let Some(text) = node.as_str() else {
                return Err(Fault::at(
                    node.span,
                    Problem::WrongType {
                        path: "name".to_owned(),
                        expected: "text".to_owned(),
                        found: node.value.kind(),
                    },
                ));
            };
            variables::text(text, node, &path, &settings.environment, session)?
        }
        None => String::new(),
    };
    let name = if name.is_empty() {
        let folder = settings.directory.file_name().unwrap_or_default();
        folder.to_string_lossy().into_owned()
    } else {
        name
    };
    let normal = normalise_name(&name);
    if normal.is_empty() {
        let fault = Fault::nowhere(Problem::ProjectName { name });
        return Err(fault.hint("give one with -p NAME, or with `name:` in the file"));
    }
    Ok(normal)
}

/// Fills what takes its value from the environment of its own files: variables without a value, and the content of
/// secrets and configs.
fn resolve_environment(model: &mut Node, environment: &Environment, session: &Session<'_>) {
    for service in defaults::entries(model, "services") {
        let variables = service
            .as_map_mut()
            .and_then(|map| map.get_mut("environment"))
            .and_then(Node::as_map_mut);
        for (name, value) in variables.into_iter().flatten() {
            if value.is_null()
                && let Some(found) = environment.get(name)
            {
                value.value = tree::Value::Text(found.clone());
            }
        }
    }
    for section in ["secrets", "configs"] {
        for (name, source) in model.get(&[section]).and_then(Node::as_map).into_iter().flatten() {
            if let Some(variable) = source.get(&["environment"]).and_then(Node::as_str)
                && let Some(value) = environment.get(variable)
            {
                session.keep_value(section, name, value);
            }
        }
    }
}

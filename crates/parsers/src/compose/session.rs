// SPDX-License-Identifier: MIT
//! What the stages of one parse share: the texts read so far and the warnings.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use cilo_spec::EnvironmentSpec;

use super::interpolate::{Variables, references};
use super::load::{self, Document};
use crate::error::{Fault, Warning};
use crate::problem::{Notice, Problem};
use crate::request::{ParseRequest, Variable};
use crate::source::{Sources, Span};

/// The most project files one project may read: includes that include each other twice double at every step.
const MAX_FILES: usize = 2_000;

/// The most ports one project may publish, ranges written out.
const MAX_PORTS: usize = 200_000;

/// Variables by name.
pub(crate) type Environment = BTreeMap<String, String>;

/// One parse.
pub(crate) struct Session<'a> {
    pub(crate) request: &'a ParseRequest,
    sources: RefCell<Sources>,
    warnings: RefCell<Vec<(Notice, Option<Span>)>>,
    said: RefCell<BTreeSet<Notice>>,
    files: RefCell<Vec<PathBuf>>,
    values: RefCell<BTreeMap<(&'static str, String), String>>,
    ports: Cell<usize>,
    variables: RefCell<BTreeMap<String, Variable>>,
    /// Whether variables are replaced; else everything that holds one stays as it is written.
    pub(crate) interpolates: bool,
}

impl<'a> Session<'a> {
    pub(crate) fn new(request: &'a ParseRequest) -> Self {
        Self {
            request,
            sources: RefCell::default(),
            warnings: RefCell::default(),
            said: RefCell::default(),
            files: RefCell::default(),
            values: RefCell::default(),
            ports: Cell::default(),
            variables: RefCell::default(),
            interpolates: true,
        }
    }

    /// A parse that leaves variables alone.
    pub(crate) fn uninterpolated(request: &'a ParseRequest) -> Self {
        Self {
            interpolates: false,
            ..Self::new(request)
        }
    }

    /// Notes the variables that a template refers to.
    pub(crate) fn note_variables(&self, template: &str) {
        let mut variables = self.variables.borrow_mut();
        references(template, &mut |usage| {
            if !variables.contains_key(usage.name) {
                let variable = Variable {
                    required: usage.required,
                    default: usage.default.map(str::to_owned),
                    alternate: usage.alternate.map(str::to_owned),
                };
                variables.insert(usage.name.to_owned(), variable);
            }
        });
    }

    /// The variables noted so far.
    pub(crate) fn variables(&self) -> BTreeMap<String, Variable> {
        self.variables.borrow().clone()
    }

    /// Warns, once per notice.
    pub(crate) fn warn(&self, notice: Notice, span: Option<Span>) {
        if self.said.borrow_mut().insert(notice.clone()) {
            self.warnings.borrow_mut().push((notice, span));
        }
    }

    /// Reads the documents of a project file.
    pub(crate) fn documents(&self, path: &Path) -> Result<Vec<Document>, Fault> {
        let text = if path == Path::new("-") {
            self.request
                .stdin
                .clone()
                .ok_or_else(|| Fault::nowhere(Problem::NoStdin))?
        } else {
            read(path, "the project file")?
        };
        let mut files = self.files.borrow_mut();
        files.push(path.to_owned());
        if files.len() > MAX_FILES {
            return Err(Fault::nowhere(Problem::Limit {
                what: "the number of project files read",
                limit: MAX_FILES,
            }));
        }
        drop(files);
        let text = match text.strip_prefix('\u{feff}') {
            Some(text) => text.to_owned(),
            None => text,
        };
        let mut sources = self.sources.borrow_mut();
        let file = sources.add(path, text);
        load::documents(sources.text(file), file)
    }

    /// Adds a text that is not YAML, to show its lines in errors.
    pub(crate) fn add_text(&self, path: &Path, text: String) -> u32 {
        self.sources.borrow_mut().add(path, text)
    }

    /// The project files read so far, in order, each once, without those given.
    pub(crate) fn files_besides(&self, given: &[PathBuf]) -> Vec<PathBuf> {
        let mut seen: BTreeSet<&PathBuf> = given.iter().collect();
        let files = self.files.borrow();
        files.iter().filter(|file| seen.insert(file)).cloned().collect()
    }

    /// Counts ports that a range is written out to.
    pub(crate) fn count_ports(&self, ports: usize, span: Span) -> Result<(), Fault> {
        self.ports.set(self.ports.get() + ports);
        if self.ports.get() > MAX_PORTS {
            return Err(Fault::at(
                span,
                Problem::Limit {
                    what: "the number of ports with all ranges written out",
                    limit: MAX_PORTS,
                },
            ));
        }
        Ok(())
    }

    /// Remembers the content of a secret or config that comes from the environment.
    pub(crate) fn keep_value(&self, section: &'static str, name: &str, value: &str) {
        self.values
            .borrow_mut()
            .insert((section, name.to_owned()), value.to_owned());
    }

    /// Gives the remembered contents to their secrets and configs.
    pub(crate) fn values_into(&self, spec: &mut EnvironmentSpec) {
        for ((section, name), value) in self.values.borrow().iter() {
            let sources = if *section == "secrets" {
                &mut spec.secrets
            } else {
                &mut spec.configs
            };
            if let Some(source) = sources.get_mut(name) {
                if *section == "configs" {
                    // A config is no secret: the canonical model shows what it became.
                    source.content.clone_from(value);
                }
                source.value = Some(value.clone());
            }
        }
    }

    pub(crate) fn sources(&self) -> std::cell::Ref<'_, Sources> {
        self.sources.borrow()
    }

    /// The warnings with their places.
    pub(crate) fn warnings(&self) -> Vec<Warning> {
        let sources = self.sources.borrow();
        self.warnings
            .borrow()
            .iter()
            .map(|(notice, span)| Warning {
                notice: notice.clone(),
                location: span.map(|span| sources.locate(span)),
            })
            .collect()
    }
}

/// Reads a text file; a missing one is its own problem.
pub(crate) fn read(path: &Path, what: &'static str) -> Result<String, Fault> {
    fs_err::read_to_string(path).map_err(|source| {
        let path = path.to_owned();
        Fault::nowhere(if source.kind() == std::io::ErrorKind::NotFound {
            Problem::Missing { what, path }
        } else {
            Problem::Read { what, path, source }
        })
    })
}

/// An environment as the interpolator wants it; unset variables become warnings at the current place.
pub(crate) struct Lookup<'a> {
    pub(crate) environment: &'a Environment,
    pub(crate) session: &'a Session<'a>,
    pub(crate) span: Cell<Option<Span>>,
}

impl Variables for Lookup<'_> {
    fn get(&self, name: &str) -> Option<String> {
        self.environment.get(name).cloned()
    }

    fn unset(&self, name: &str) {
        self.session
            .warn(Notice::UnsetVariable(name.to_owned()), self.span.get());
    }
}

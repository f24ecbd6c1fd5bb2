// SPDX-License-Identifier: MIT
//! Everything that can be wrong with a project, and everything worth a warning.

use std::io;
use std::path::PathBuf;

/// What is wrong, without the place.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// No parser found a project.
    #[error(
        "no project file in {} or any folder above it; looked for compose.yaml, compose.yml, docker-compose.yml and docker-compose.yaml",
        directory.display()
    )]
    NoProject {
        /// Where the search began.
        directory: PathBuf,
    },
    /// A file cannot be read.
    #[error("cannot read {what} {}", path.display())]
    Read {
        /// Which kind of file.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file that was asked for is not there.
    #[error("{what} {} does not exist", path.display())]
    Missing {
        /// Which kind of file.
        what: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// `-f -` without content.
    #[error("the project was to be read from standard input, but nothing was given there")]
    NoStdin,
    /// A file of another machine.
    #[error("{what} `{reference}` is not on this machine; remote files are not fetched")]
    Remote {
        /// `include`, `extends` or `-f`.
        what: &'static str,
        /// As written.
        reference: String,
    },
    /// Not YAML.
    #[error("not valid YAML: {message}")]
    Yaml {
        /// What the YAML reader says.
        message: String,
    },
    /// Too much for one file: an alias bomb, or nesting without end.
    #[error("{what} exceeds the limit of {limit}")]
    Limit {
        /// What is counted.
        what: &'static str,
        /// How much is allowed.
        limit: usize,
    },
    /// Nothing in the files.
    #[error("the project file {} is empty", path.display())]
    Empty {
        /// The first of them.
        path: PathBuf,
    },
    /// A mapping's key is not text.
    #[error("the key `{key}` is not text; quote it")]
    NonStringKey {
        /// As written.
        key: String,
    },
    /// A key is there twice.
    #[error("the key `{key}` is already defined in line {first}")]
    DuplicateKey {
        /// The key.
        key: String,
        /// The line of the first one.
        first: u32,
    },
    /// A variable reference that cannot be read.
    #[error("invalid interpolation in {path}: `{template}`")]
    Template {
        /// The attribute.
        path: String,
        /// The text.
        template: String,
    },
    /// `${NAME:?message}` without a value.
    #[error("required variable {name} is missing a value{}{message}", if message.is_empty() { "" } else { ": " })]
    Required {
        /// The variable.
        name: String,
        /// The file's own words.
        message: String,
    },
    /// An env file that cannot be read.
    #[error("{message}")]
    Dotenv {
        /// What is wrong with the line.
        message: String,
    },
    /// A key that Compose does not know.
    #[error("{path}: unknown key `{key}`")]
    UnknownKey {
        /// The mapping it is in.
        path: String,
        /// The key.
        key: String,
    },
    /// A value of the wrong type.
    #[error("{path} must be {expected}, not {found}")]
    WrongType {
        /// The attribute.
        path: String,
        /// What it may be.
        expected: String,
        /// What it is.
        found: &'static str,
    },
    /// A key that must be there.
    #[error("{path}: the key `{key}` is missing")]
    MissingKey {
        /// The mapping.
        path: String,
        /// The key.
        key: String,
    },
    /// A value that cannot be used.
    #[error("{path}: {why}")]
    BadValue {
        /// The attribute.
        path: String,
        /// What is wrong, and what would be right.
        why: String,
    },
    /// Two files give values that do not go together.
    #[error("cannot merge {path}: {found} over {base}")]
    Merge {
        /// The attribute.
        path: String,
        /// The type before.
        base: &'static str,
        /// The type that comes over it.
        found: &'static str,
    },
    /// A name that nothing has.
    #[error("service `{service}` {verb} {kind} `{name}`, which is not defined")]
    Undefined {
        /// Who refers to it.
        service: String,
        /// How: `uses`, `depends on`, `extends`.
        verb: &'static str,
        /// `service`, `network`, `volume`, `secret`, `config` or `model`.
        kind: &'static str,
        /// The name.
        name: String,
    },
    /// A circle.
    #[error("{what} form a circle: {}", chain.join(" -> "))]
    Cycle {
        /// `dependencies`, `includes` or `extends`.
        what: &'static str,
        /// The way round; the first is the last.
        chain: Vec<String>,
    },
    /// Attributes that contradict each other.
    #[error("{subject}: {why}")]
    Inconsistent {
        /// Service, network, volume, secret or config.
        subject: String,
        /// The rule that is broken.
        why: String,
    },
    /// A project name that engines do not take.
    #[error(
        "the project name `{name}` must be lower-case letters, digits, - and _, and start with a letter or digit"
    )]
    ProjectName {
        /// As given.
        name: String,
    },
}

/// What a [`Warning`](crate::Warning) says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[non_exhaustive]
pub enum Notice {
    /// A variable without a value became an empty text.
    #[error("the variable {0} is not set; it became an empty text")]
    UnsetVariable(String),
    /// Several project files; the first was taken.
    #[error("several project files found; {} is used, {} is ignored", used.display(), ignored.display())]
    SeveralFiles {
        /// The one that is read.
        used: PathBuf,
        /// One that is not.
        ignored: PathBuf,
    },
    /// `version:` has no meaning any more.
    #[error("the attribute `version` is obsolete and ignored; remove it")]
    ObsoleteVersion,
    /// `yes` and the like where a boolean is wanted.
    #[error("`{word}` for a boolean is not YAML 1.2; write `{instead}`")]
    LegacyBoolean {
        /// As written.
        word: String,
        /// What to write.
        instead: bool,
    },
    /// `external: {name: …}`.
    #[error("{0}: external.name is deprecated; write `name` and `external: true`")]
    ExternalName(String),
    /// An optional dependency is not there.
    #[error("service `{service}` depends on `{dependency}`, which is not there; the dependency is optional")]
    OptionalDependency {
        /// The service.
        service: String,
        /// The one it names.
        dependency: String,
    },
}

// SPDX-License-Identifier: MIT
//! What a parser is asked, and what it answers.

use std::collections::BTreeMap;
use std::path::PathBuf;

use cilo_spec::EnvironmentSpec;

use crate::error::Warning;

/// What to read, and everything of the caller's surroundings that may decide it.
#[derive(Clone, Debug, Default)]
pub struct ParseRequest {
    /// The folder the user is in, absolute: where the search for a project begins.
    pub directory: PathBuf,
    /// Project files to merge, in order, absolute or relative to [`ParseRequest::directory`]; `-` is
    /// [`ParseRequest::stdin`]. Empty: search.
    pub files: Vec<PathBuf>,
    /// The folder that relative paths in the files start from. Default: the first file's.
    pub project_directory: Option<PathBuf>,
    /// The project's name; it wins over every other.
    pub project_name: Option<String>,
    /// Profiles to activate; `*` is all.
    pub profiles: Vec<String>,
    /// Files with variables for interpolation, instead of `.env`.
    pub env_files: Vec<PathBuf>,
    /// The process environment.
    pub variables: BTreeMap<String, String>,
    /// What `~` stands for.
    pub home: Option<PathBuf>,
    /// The content of standard input, for the file `-`.
    pub stdin: Option<String>,
}

/// A project that was read.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// The resolved model.
    pub spec: EnvironmentSpec,
    /// What the user should know, each once.
    pub warnings: Vec<Warning>,
    /// The variables the project's files refer to, by name.
    pub variables: BTreeMap<String, Variable>,
}

/// A variable that project files refer to, as its first reference has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variable {
    /// The project is refused without it.
    pub required: bool,
    /// What stands for it when it is unset, as written.
    pub default: Option<String>,
    /// What stands for it when it is set, as written.
    pub alternate: Option<String>,
}

/// A project that was found but not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detected {
    /// The parser's id.
    pub format: &'static str,
    /// The project folder, absolute.
    pub directory: PathBuf,
    /// The files that make up the project, absolute; what they include is not among them.
    pub files: Vec<PathBuf>,
}

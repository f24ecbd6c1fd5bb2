// SPDX-License-Identifier: MIT
//! A project on disk: where it begins, what its `.cilo/config.yml` says, and its model.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cilo_parsers::{ParseError, ParseRequest, Parsed, Problem, detect, detect_and_parse};
use cilo_spec::{DnsSuffix, ProjectName};
use serde::Deserialize;

use crate::Settings;

/// The project's own settings, relative to its folder.
pub const CONFIG: &str = ".cilo/config.yml";

/// `.cilo/config.yml`. Every key is optional.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProjectConfig {
    /// The project's name. Default: what its format says.
    pub project: Option<ProjectName>,
    /// The project files, relative to the project's folder. Default: found by name.
    pub compose_files: Vec<PathBuf>,
    /// The files variables come from. Default: `.env`.
    pub env_files: Vec<PathBuf>,
    /// The profiles that are active.
    pub profiles: Vec<String>,
    /// The domain of the project's names, with or without a dot before it. Default: the user's, `test`.
    #[serde(deserialize_with = "suffix")]
    pub dns_suffix: Option<DnsSuffix>,
}

/// Why a project cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// The folder is not there.
    #[error("there is no folder {}", path.display())]
    NoFolder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// No project file here or above.
    #[error("no project in {} or above it: there is no compose.yaml (or another name of it) and no {CONFIG}", path.display())]
    NotFound {
        /// Where the search began.
        path: PathBuf,
    },
    /// The project's settings cannot be read.
    #[error("cannot read {}", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The project's settings make no sense.
    #[error("{} is not valid", path.display())]
    ConfigSyntax {
        /// The file.
        path: PathBuf,
        /// Where and why.
        #[source]
        source: Box<serde_saphyr::Error>,
    },
    /// The project's files cannot be parsed.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// The project has no usable name.
    #[error("the project in {} has no usable name: {source}; set `project:` in {CONFIG}", path.display())]
    Name {
        /// The project's folder.
        path: PathBuf,
        /// Why not.
        source: cilo_spec::NameError,
    },
}

/// A project that was found.
#[derive(Clone, Debug)]
pub struct Project {
    /// Its folder, absolute, symlinks resolved.
    pub root: PathBuf,
    /// What `.cilo/config.yml` says.
    pub config: ProjectConfig,
}

impl Project {
    /// The project that `folder` is in: the nearest folder, upwards, with a `.cilo/config.yml` or a project file.
    ///
    /// # Errors
    /// [`ProjectError`] when there is none or its settings cannot be read.
    pub fn find(settings: &Settings, folder: &Path) -> Result<Self, ProjectError> {
        let start = fs_err::canonicalize(folder).map_err(|source| ProjectError::NoFolder {
            path: folder.to_path_buf(),
            source,
        })?;
        if let Some(root) = start.ancestors().find(|folder| folder.join(CONFIG).is_file()) {
            return Self::at(root);
        }
        let request = ParseRequest {
            directory: start.clone(),
            variables: settings.variables.clone(),
            home: settings.user_home.clone(),
            ..ParseRequest::default()
        };
        match detect(&request) {
            Ok(detected) => Self::at(&detected.directory),
            Err(error) if matches!(error.problem(), Problem::NoProject { .. }) => {
                Err(ProjectError::NotFound { path: start })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The project whose folder is `root`.
    ///
    /// # Errors
    /// [`ProjectError`] when its settings cannot be read.
    pub fn at(root: &Path) -> Result<Self, ProjectError> {
        let path = root.join(CONFIG);
        let config = match fs_err::read_to_string(&path) {
            Ok(text) if text.trim().is_empty() => ProjectConfig::default(),
            Ok(text) => serde_saphyr::from_str_with_options(&text, one_line_errors()).map_err(|source| {
                ProjectError::ConfigSyntax {
                    path,
                    source: Box::new(source),
                }
            })?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => ProjectConfig::default(),
            Err(source) => return Err(ProjectError::Config { path, source }),
        };
        Ok(Self {
            root: root.to_path_buf(),
            config,
        })
    }

    /// The project's model. `name` is the Compose project name to use, `None` for its own.
    ///
    /// # Errors
    /// [`ProjectError::Parse`].
    pub fn parse(&self, settings: &Settings, name: Option<String>) -> Result<Parsed, ProjectError> {
        let mut variables: BTreeMap<String, String> = settings.variables.clone();
        // `${PWD}` in a project file means the project's folder, which is not where the command was given.
        variables.insert("PWD".to_owned(), self.root.to_string_lossy().into_owned());
        if name.is_some() {
            variables.remove("COMPOSE_PROJECT_NAME");
        }
        let absolute = |paths: &[PathBuf]| paths.iter().map(|path| self.root.join(path)).collect();
        Ok(detect_and_parse(&ParseRequest {
            directory: self.root.clone(),
            files: absolute(&self.config.compose_files),
            project_directory: (!self.config.compose_files.is_empty()).then(|| self.root.clone()),
            project_name: name,
            profiles: self.config.profiles.clone(),
            env_files: absolute(&self.config.env_files),
            variables,
            home: settings.user_home.clone(),
            stdin: None,
        })?)
    }

    /// The project's name: from its settings, else from its parsed files.
    ///
    /// # Errors
    /// [`ProjectError::Name`].
    pub fn name(&self, parsed: &Parsed) -> Result<ProjectName, ProjectError> {
        match &self.config.project {
            Some(name) => Ok(name.clone()),
            None => ProjectName::from_compose(&parsed.spec.name).map_err(|source| ProjectError::Name {
                path: self.root.clone(),
                source,
            }),
        }
    }
}

/// Errors with their line and column, and without a drawing of the place.
fn one_line_errors() -> serde_saphyr::Options {
    serde_saphyr::options! { with_snippet: false }
}

fn suffix<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<DnsSuffix>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| {
        text.trim_start_matches('.')
            .parse()
            .map_err(serde::de::Error::custom)
    })
    .transpose()
}

// SPDX-License-Identifier: MIT
//! Project files into an [`EnvironmentSpec`](cilo_spec::EnvironmentSpec).
//!
//! A parser finds the files of its format, follows everything they refer to, and gives one resolved model. It reads
//! files and nothing else: no network, no environment, no home folder but what the [`ParseRequest`] brings along, no
//! printing. It does not know of isolation, engines or Cilo's own names: the model says what the user's files say.
//!
//! ```
//! use std::path::Path;
//! use cilo_parsers::{ParseRequest, detect_and_parse};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let request = ParseRequest {
//!     directory: Path::new("/srv/shop").to_owned(),
//!     files: vec!["-".into()],
//!     stdin: Some("services: {web: {image: nginx, ports: ['8080:80']}}".to_owned()),
//!     ..ParseRequest::default()
//! };
//! let parsed = detect_and_parse(&request)?;
//! assert_eq!(parsed.spec.name, "shop");
//! assert_eq!(parsed.spec.services["web"].ports[0].target, 80);
//! # Ok(())
//! # }
//! ```

mod compose;
mod error;
mod output;
mod problem;
mod request;
mod source;

use std::collections::BTreeMap;

pub use compose::ComposeParser;
pub use error::{ParseError, Warning};
pub use output::{canonical, canonical_yaml, yaml};
pub use problem::{Notice, Problem};
pub use request::{Detected, ParseRequest, Parsed, Variable};
pub use source::Location;

/// A project format.
pub trait Parser: Sync {
    /// The format's name, as in [`Origin::format`](cilo_spec::model::Origin).
    fn id(&self) -> &'static str;

    /// Which files the request means, without reading them. `Ok(None)` when there are none of this format.
    ///
    /// # Errors
    /// [`ParseError`] when what decides it cannot be read, `.env` for example.
    fn detect(&self, request: &ParseRequest) -> Result<Option<Detected>, ParseError>;

    /// The project's name, from as little as it takes: no include, no checks.
    ///
    /// # Errors
    /// [`ParseError`] when there is no project, or its name cannot be read or used.
    fn name(&self, request: &ParseRequest) -> Result<String, ParseError>;

    /// The variables that the project's files may refer to, from the request and from env files. Some are secrets.
    ///
    /// # Errors
    /// [`ParseError`] when there is no project, or an env file cannot be read.
    fn environment(&self, request: &ParseRequest) -> Result<BTreeMap<String, String>, ParseError>;

    /// The project with its files merged and its variables left as they are written.
    ///
    /// # Errors
    /// [`ParseError`] as for [`Parser::parse`], but what a value means is not checked.
    fn template(&self, request: &ParseRequest) -> Result<serde_json::Value, ParseError>;

    /// Reads the project.
    ///
    /// # Errors
    /// [`ParseError`] with the place in the user's files.
    fn parse(&self, request: &ParseRequest) -> Result<Parsed, ParseError>;
}

/// Every format, in the order in which they are tried.
pub const PARSERS: &[&dyn Parser] = &[&ComposeParser];

/// The name of the project the request means, and its files, without reading more than it takes.
///
/// # Errors
/// [`Problem::NoProject`] when no format finds one, else what the parser says.
pub fn identify(request: &ParseRequest) -> Result<(String, Detected), ParseError> {
    for parser in PARSERS {
        if let Some(detected) = parser.detect(request)? {
            return Ok((parser.name(request)?, detected));
        }
    }
    Err(ParseError::no_project(&request.directory))
}

/// Which project the request means.
///
/// # Errors
/// [`Problem::NoProject`] when no format finds one, else what the first parser that finds one says.
pub fn detect(request: &ParseRequest) -> Result<Detected, ParseError> {
    for parser in PARSERS {
        if let Some(detected) = parser.detect(request)? {
            return Ok(detected);
        }
    }
    Err(ParseError::no_project(&request.directory))
}

/// Reads the project the request means, with the first parser that finds one.
///
/// # Errors
/// [`Problem::NoProject`] when no format finds one, else what the parser says.
pub fn detect_and_parse(request: &ParseRequest) -> Result<Parsed, ParseError> {
    for parser in PARSERS {
        if parser.detect(request)?.is_some() {
            return parser.parse(request);
        }
    }
    Err(ParseError::no_project(&request.directory))
}

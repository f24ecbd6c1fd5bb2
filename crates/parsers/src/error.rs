// SPDX-License-Identifier: MIT
//! Why a project was refused, and what is worth a warning.

use std::fmt;
use std::path::Path;

use crate::problem::{Notice, Problem};
use crate::source::{Location, Sources, Span};

/// A project that cannot be read, with the place in its files.
#[derive(Debug)]
pub struct ParseError(Box<Parts>);

#[derive(Debug)]
struct Parts {
    problem: Problem,
    location: Option<Location>,
    hint: Option<String>,
}

/// Something that works but should be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// What it is about.
    pub notice: Notice,
    /// Where, when it is in a file.
    pub location: Option<Location>,
}

/// An error on its way to the edge of the crate, where its span becomes a [`Location`].
#[derive(Debug)]
pub(crate) struct Fault(Box<FaultParts>);

#[derive(Debug)]
struct FaultParts {
    problem: Problem,
    span: Option<Span>,
    hint: Option<String>,
}

impl ParseError {
    /// What is wrong.
    #[must_use]
    pub fn problem(&self) -> &Problem {
        &self.0.problem
    }

    /// Where, when it is in a file.
    #[must_use]
    pub fn location(&self) -> Option<&Location> {
        self.0.location.as_ref()
    }

    pub(crate) fn no_project(directory: &Path) -> Self {
        let problem = Problem::NoProject {
            directory: directory.to_owned(),
        };
        Fault::nowhere(problem).into_error(&Sources::default())
    }

    /// What may help.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(location) = &self.0.location {
            write!(f, "{}: {}\n{location}", location.place(), self.0.problem)?;
        } else {
            write!(f, "{}", self.0.problem)?;
        }
        if let Some(hint) = &self.0.hint {
            write!(f, "\n  hint: {hint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ParseError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.problem.source()
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(location) = &self.location {
            write!(f, "{}: ", location.place())?;
        }
        write!(f, "{}", self.notice)
    }
}

impl Fault {
    pub(crate) fn at(span: Span, problem: Problem) -> Self {
        Self(Box::new(FaultParts {
            problem,
            span: Some(span),
            hint: None,
        }))
    }

    pub(crate) fn nowhere(problem: Problem) -> Self {
        Self(Box::new(FaultParts {
            problem,
            span: None,
            hint: None,
        }))
    }

    /// Gives it a place when it has none.
    pub(crate) fn or_at(mut self, span: Option<Span>) -> Self {
        self.0.span = self.0.span.or(span);
        self
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    pub(crate) fn maybe_hint(mut self, hint: Option<String>) -> Self {
        self.0.hint = hint;
        self
    }

    /// Shorthand for [`Problem::BadValue`].
    pub(crate) fn value(span: Span, path: impl ToString, why: impl Into<String>) -> Self {
        Self::at(
            span,
            Problem::BadValue {
                path: path.to_string(),
                why: why.into(),
            },
        )
    }

    pub(crate) fn into_error(self, sources: &Sources) -> ParseError {
        let FaultParts { problem, span, hint } = *self.0;
        ParseError(Box::new(Parts {
            problem,
            location: span.map(|span| sources.locate(span)),
            hint,
        }))
    }
}

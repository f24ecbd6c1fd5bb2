// SPDX-License-Identifier: MIT
//! The texts that were read, so that any place in them can be shown to the user.

use std::fmt;
use std::path::{Path, PathBuf};

/// A place in a file, with the line itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// The file; `-` is standard input.
    pub file: PathBuf,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// The line's text, without its end. Empty when the line holds what must not be printed.
    pub text: String,
}

impl Location {
    /// `file:line:column`.
    #[must_use]
    pub fn place(&self) -> String {
        format!("{}:{}:{}", self.file.display(), self.line, self.column)
    }
}

impl fmt::Display for Location {
    /// The line with a caret below the column, indented by two.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = self.line.to_string();
        let gutter = " ".repeat(line.len());
        let before: String = self
            .text
            .chars()
            .take(self.column.saturating_sub(1) as usize)
            .map(|c| if c == '\t' { '\t' } else { ' ' })
            .collect();
        write!(f, "  {line} | {}\n  {gutter} | {before}^", self.text)
    }
}

/// Where a node came from: a file of [`Sources`] and a place in it. Lines and columns count from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Span {
    pub(crate) file: u32,
    pub(crate) line: u32,
    pub(crate) column: u32,
}

/// Every text read for one project.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    files: Vec<(PathBuf, String)>,
}

impl Sources {
    /// Adds a text and returns the number its spans carry.
    pub(crate) fn add(&mut self, path: &Path, text: String) -> u32 {
        self.files.push((path.to_owned(), text));
        u32::try_from(self.files.len() - 1).unwrap_or(u32::MAX)
    }

    pub(crate) fn text(&self, file: u32) -> &str {
        self.files.get(file as usize).map_or("", |(_, text)| text)
    }

    pub(crate) fn path(&self, file: u32) -> &Path {
        self.files
            .get(file as usize)
            .map_or(Path::new(""), |(path, _)| path)
    }

    pub(crate) fn locate(&self, span: Span) -> Location {
        let text = self
            .text(span.file)
            .lines()
            .nth(span.line.saturating_sub(1) as usize);
        Location {
            file: self.path(span.file).to_owned(),
            line: span.line,
            column: span.column,
            text: text.unwrap_or_default().chars().take(240).collect(),
        }
    }
}

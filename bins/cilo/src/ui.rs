// SPDX-License-Identifier: MIT
//! Where words go: data to standard output, talk to standard error, colour only for people.

use std::fmt;
use std::io::{self, IsTerminal, Write};

/// What the terminal can do and how much the user wants to hear.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ui {
    quiet: bool,
    colour_out: bool,
    colour_err: bool,
    /// Standard error is a terminal: progress may be drawn there.
    pub(crate) interactive: bool,
}

/// How a piece of text is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    Strong,
    Dim,
    Good,
    Bad,
    Warn,
    Name,
}

impl Ui {
    /// Colour follows `NO_COLOR` (no-color.org), `--no-color` and whether a terminal is there.
    pub(crate) fn new(quiet: bool, no_colour: bool) -> Self {
        let err = io::stderr().is_terminal();
        Self {
            quiet,
            colour_out: !no_colour && io::stdout().is_terminal(),
            colour_err: !no_colour && err,
            interactive: err && !quiet,
        }
    }

    /// A line of data. A reader that has gone away (`cilo list | head -1`) is no error.
    pub(crate) fn data(self, line: impl fmt::Display) -> io::Result<()> {
        self.write_out(format_args!("{line}\n"))
    }

    /// A value as one JSON document.
    pub(crate) fn json(self, value: &impl serde::Serialize) -> io::Result<()> {
        let text = serde_json::to_string_pretty(value).map_err(io::Error::other)?;
        self.data(text)
    }

    /// Data as it comes, without a line end of ours.
    pub(crate) fn write_out(self, text: impl fmt::Display) -> io::Result<()> {
        ignore_closed(write!(io::stdout().lock(), "{text}"))
    }

    /// A line about what happens; silent with `--quiet`.
    pub(crate) fn status(self, line: impl fmt::Display) {
        if !self.quiet {
            self.talk(format_args!("{line}"));
        }
    }

    /// Something the user should know although it worked.
    pub(crate) fn warn(self, line: impl fmt::Display) {
        let word = self.err("warning:", Style::Warn);
        self.talk(format_args!("{word} {line}"));
    }

    /// What went wrong.
    pub(crate) fn error(self, line: impl fmt::Display) {
        let word = self.err("error:", Style::Bad);
        self.talk(format_args!("{word} {line}"));
    }

    /// What to do about it.
    pub(crate) fn hint(self, line: impl fmt::Display) {
        let word = self.err("hint:", Style::Name);
        self.talk(format_args!("{word} {line}"));
    }

    fn talk(self, text: fmt::Arguments<'_>) {
        // Nobody is left to tell when standard error is gone.
        drop(writeln!(io::stderr().lock(), "{text}"));
    }

    /// Whether data is coloured.
    pub(crate) fn colours_data(self) -> bool {
        self.colour_out
    }

    /// `text` styled for standard output.
    pub(crate) fn out(self, text: &str, style: Style) -> String {
        paint(self.colour_out, text, style)
    }

    /// `text` styled for standard error.
    pub(crate) fn err(self, text: &str, style: Style) -> String {
        paint(self.colour_err, text, style)
    }

    /// Asks a yes-or-no question on the terminal; `None` when there is none to ask.
    pub(crate) fn confirm(self, question: &str) -> io::Result<Option<bool>> {
        if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
            return Ok(None);
        }
        write!(io::stderr().lock(), "{question} [y/N] ")?;
        let mut answer = String::new();
        io::stdin().read_line(&mut answer)?;
        Ok(Some(matches!(answer.trim(), "y" | "Y" | "yes" | "Yes")))
    }

    /// Rows in columns; the last column is as wide as it likes.
    pub(crate) fn table(self, head: &[&str], rows: &[Vec<(String, Style)>]) -> io::Result<()> {
        let width = |column: usize| {
            let cells = rows.iter().map(|row| row[column].0.chars().count());
            cells.chain([head[column].chars().count()]).max().unwrap_or(0)
        };
        let last = head.len() - 1;
        let line = |cells: &mut dyn Iterator<Item = (&str, Style)>| {
            let mut line = String::new();
            for (column, (text, style)) in cells.enumerate() {
                line.push_str(&self.out(text, style));
                if column != last {
                    let gap = width(column) + 2 - text.chars().count();
                    line.extend(std::iter::repeat_n(' ', gap));
                }
            }
            line.truncate(line.trim_end().len());
            line
        };
        self.data(line(&mut head.iter().map(|text| (*text, Style::Dim))))?;
        for row in rows {
            self.data(line(&mut row.iter().map(|(text, style)| (text.as_str(), *style))))?;
        }
        Ok(())
    }
}

fn ignore_closed(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

fn paint(colour: bool, text: &str, style: Style) -> String {
    let code = match style {
        Style::Plain => return text.to_owned(),
        Style::Strong => "1",
        Style::Dim => "2",
        Style::Good => "32",
        Style::Bad => "31;1",
        Style::Warn => "33",
        Style::Name => "36",
    };
    if colour {
        format!("\x1b[{code}m{text}\x1b[0m")
    } else {
        text.to_owned()
    }
}

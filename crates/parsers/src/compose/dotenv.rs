// SPDX-License-Identifier: MIT
//! Env files: `.env`, `env_file`, `label_file`, and the raw form of `docker run --env-file`.

use std::collections::BTreeMap;

use super::interpolate::{MAX_TEXT, TemplateError, Variables, substitute};

/// Why an env file was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DotenvError {
    /// Line, from 1.
    pub(crate) line: u32,
    pub(crate) message: String,
}

/// Reads an env file. `outer` is asked first for the values of references and of bare names, then `earlier`
/// (files read before this one), then the file's own lines so far.
pub(crate) fn parse(
    text: &str,
    outer: &dyn Variables,
    earlier: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, DotenvError> {
    let text = text
        .strip_prefix('\u{feff}')
        .unwrap_or(text)
        .replace("\r\n", "\n");
    let mut reader = Reader {
        rest: &text,
        line: 1,
        found: earlier.clone(),
        bytes: 0,
        outer,
    };
    while reader.statement()? {}
    Ok(reader.found)
}

/// Reads the raw form: `KEY=value` as it stands, `KEY` alone is inherited, no quotes, no references.
pub(crate) fn parse_raw(text: &str, outer: &dyn Variables) -> Result<BTreeMap<String, String>, DotenvError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut found = BTreeMap::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim_start();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (key, value) = match line.split_once('=') {
            Some((key, value)) => (key, Some(value.to_owned())),
            None => (line.trim_end(), outer.get(line.trim_end())),
        };
        if key.is_empty() || key.contains(char::is_whitespace) {
            return Err(DotenvError {
                line: number(index + 1),
                message: format!("the variable name `{key}` must not be empty or hold a space"),
            });
        }
        if let Some(value) = value {
            found.insert(key.to_owned(), value);
        }
    }
    Ok(found)
}

struct Reader<'a> {
    rest: &'a str,
    line: u32,
    found: BTreeMap<String, String>,
    /// How long the values are together.
    bytes: usize,
    outer: &'a dyn Variables,
}

impl Reader<'_> {
    /// Reads one statement; `false` at the end.
    fn statement(&mut self) -> Result<bool, DotenvError> {
        if !self.skip_blank() {
            return Ok(false);
        }
        let (key, has_value) = self.key()?;
        if key.contains(' ') {
            return Err(self.refuse(format!("the variable name `{key}` must not hold a space")));
        }
        if has_value {
            let value = self.value(&key)?;
            self.bytes += value.len();
            if self.bytes > MAX_TEXT {
                return Err(self.refuse(format!("the values exceed the limit of {MAX_TEXT} bytes")));
            }
            self.found.insert(key, value);
        } else if let Some(value) = self.outer.get(&key).or_else(|| self.found.get(&key).cloned()) {
            self.found.insert(key, value);
        }
        Ok(true)
    }

    /// Goes to the next thing that is neither space nor comment; `false` when there is none.
    fn skip_blank(&mut self) -> bool {
        loop {
            let trimmed = self.rest.trim_start();
            self.pass(self.rest.len() - trimmed.len());
            if !self.rest.starts_with('#') {
                return !self.rest.is_empty();
            }
            self.pass(self.rest.find('\n').unwrap_or(self.rest.len()));
        }
    }

    /// The name before `=` or `:`; a name that ends its line has no value.
    fn key(&mut self) -> Result<(String, bool), DotenvError> {
        if let Some(after) = self.rest.strip_prefix("export")
            && after.starts_with(is_blank)
        {
            let trimmed = after.trim_start_matches(is_blank);
            self.pass(self.rest.len() - trimmed.len());
        }
        let mut end = self.rest.len();
        let mut has_value = false;
        for (at, c) in self.rest.char_indices() {
            match c {
                '=' | ':' => {
                    (end, has_value) = (at, true);
                    break;
                }
                '\n' => {
                    end = at;
                    break;
                }
                '_' | '.' | '-' | '[' | ']' => {}
                c if is_blank(c) || c.is_alphanumeric() => {}
                c => {
                    let name = &self.rest[..at];
                    return Err(self.refuse(format!(
                        "unexpected character `{c}` after the variable name `{name}`"
                    )));
                }
            }
        }
        let key = self.rest[..end].trim_end().to_owned();
        self.pass(end);
        if has_value {
            self.pass(1);
            let trimmed = self.rest.trim_start_matches(is_blank);
            self.pass(self.rest.len() - trimmed.len());
        }
        Ok((key, has_value))
    }

    fn value(&mut self, key: &str) -> Result<String, DotenvError> {
        match self.rest.chars().next() {
            Some(quote @ ('\'' | '"')) => self.quoted(key, quote),
            _ => {
                let end = self.rest.find('\n').unwrap_or(self.rest.len());
                let line = &self.rest[..end];
                let value = line.split(" #").next().unwrap_or_default().trim_end();
                let value = self.expand(value)?;
                self.pass(end);
                Ok(value)
            }
        }
    }

    fn quoted(&mut self, key: &str, quote: char) -> Result<String, DotenvError> {
        let mut value = String::new();
        let mut escaped = false;
        for (at, c) in self.rest.char_indices().skip(1) {
            if c == quote && !escaped {
                let value = if quote == '"' {
                    self.expand(&unescape(&value))?
                } else {
                    value
                };
                self.pass(at + 1);
                return Ok(value);
            }
            if c == quote {
                value.push(c);
                escaped = false;
            } else if c == '\\' && !escaped {
                escaped = true;
            } else {
                if escaped {
                    value.push('\\');
                    escaped = false;
                }
                value.push(c);
            }
        }
        Err(self.refuse(format!("the quoted value of `{key}` has no end")))
    }

    fn expand(&self, text: &str) -> Result<String, DotenvError> {
        substitute(text, self).map_err(|error| {
            self.refuse(match error {
                TemplateError::TooLong => format!("the value exceeds the limit of {MAX_TEXT} bytes"),
                TemplateError::Invalid => {
                    "the value has an invalid interpolation; write `$$` for a dollar sign".to_owned()
                }
                TemplateError::Required { name, message } if message.is_empty() => {
                    format!("required variable {name} is missing a value")
                }
                TemplateError::Required { name, message } => {
                    format!("required variable {name} is missing a value: {message}")
                }
            })
        })
    }

    fn pass(&mut self, bytes: usize) {
        let (passed, rest) = self.rest.split_at(bytes);
        self.line += number(passed.matches('\n').count());
        self.rest = rest;
    }

    fn refuse(&self, message: String) -> DotenvError {
        DotenvError {
            line: self.line,
            message,
        }
    }
}

impl Variables for Reader<'_> {
    fn get(&self, name: &str) -> Option<String> {
        self.outer.get(name).or_else(|| self.found.get(name).cloned())
    }

    fn unset(&self, name: &str) {
        self.outer.unset(name);
    }
}

fn is_blank(c: char) -> bool {
    matches!(c, '\t' | '\u{b}' | '\u{c}' | '\r' | ' ' | '\u{85}' | '\u{a0}')
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// The escapes of a double-quoted value. `\$` becomes `$$`, so that interpolation leaves a `$`; others stay.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let plain = match after.bytes().next() {
            Some(b'a') => '\u{7}',
            Some(b'b') => '\u{8}',
            Some(b'c') => {
                out.push_str("\\c");
                rest = &after[1..];
                continue;
            }
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'v') => '\u{b}',
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'$') => {
                out.push_str("$$");
                rest = &after[1..];
                continue;
            }
            Some(b'0') => {
                let digits = after[1..].bytes().take(3).take_while(u8::is_ascii_digit).count();
                let code = &after[1..=digits];
                match (digits == 3).then(|| u32::from_str_radix(code, 8)) {
                    Some(Ok(code)) if code < 256 => out.push(char::from_u32(code).unwrap_or('\u{fffd}')),
                    _ => {
                        out.push_str("\\0");
                        out.push_str(code);
                    }
                }
                rest = &after[1 + digits..];
                continue;
            }
            _ => {
                out.push('\\');
                rest = after;
                continue;
            }
        };
        out.push(plain);
        rest = &after[1..];
    }
    out.push_str(rest);
    out
}

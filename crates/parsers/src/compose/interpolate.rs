// SPDX-License-Identifier: MIT
//! The grammar of `$NAME` and `${NAME…}`, shared by project files and env files
//! (Compose specification, "Interpolation").

/// How deep defaults may nest in defaults.
const MAX_NESTING: usize = 64;

/// The longest text that may come out, in bytes: variables made of variables double at every step.
pub(crate) const MAX_TEXT: usize = 16 << 20;

/// Why a text was not interpolated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TemplateError {
    /// `${` without a name or without an end.
    Invalid,
    /// More than [`MAX_TEXT`].
    TooLong,
    /// `${NAME:?message}`.
    Required { name: String, message: String },
}

/// Where values come from.
pub(crate) trait Variables {
    /// The value, when there is one.
    fn get(&self, name: &str) -> Option<String>;

    /// A variable without a value was used as an empty text.
    fn unset(&self, name: &str);
}

/// Writes `template` with every reference replaced.
pub(crate) fn substitute(template: &str, variables: &dyn Variables) -> Result<String, TemplateError> {
    expand(template, variables, 0)
}

/// Calls `seen` for every reference in a template, those inside defaults included.
pub(crate) fn references(template: &str, seen: &mut dyn FnMut(Usage<'_>)) {
    collect(template, seen, 0);
}

/// How a template uses a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Usage<'a> {
    pub(crate) name: &'a str,
    pub(crate) required: bool,
    /// What stands for it when it is unset.
    pub(crate) default: Option<&'a str>,
    /// What stands for it when it is set.
    pub(crate) alternate: Option<&'a str>,
}

fn collect(template: &str, seen: &mut dyn FnMut(Usage<'_>), depth: usize) {
    let mut rest = template;
    while let Some(at) = rest.find('$') {
        let after = &rest[at + 1..];
        if let Some(tail) = after.strip_prefix('$') {
            rest = tail;
        } else if let Some(reference) = after.strip_prefix('{').and_then(Reference::read) {
            let kind = reference.operator.map(|operator| operator.kind);
            let word = |wanted: Kind| (kind == Some(wanted)).then_some(reference.word);
            seen(Usage {
                name: reference.name,
                required: kind == Some(Kind::Require),
                default: word(Kind::Default),
                alternate: word(Kind::Replace),
            });
            if depth < MAX_NESTING {
                collect(reference.word, seen, depth + 1);
            }
            rest = reference.rest;
        } else {
            let name = name_at(after);
            if !name.is_empty() {
                seen(Usage {
                    name,
                    required: false,
                    default: None,
                    alternate: None,
                });
            }
            rest = &after[name.len()..];
        }
    }
}

fn expand(template: &str, variables: &dyn Variables, depth: usize) -> Result<String, TemplateError> {
    if depth > MAX_NESTING {
        return Err(TemplateError::Invalid);
    }
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(at) = rest.find('$') {
        if out.len() > MAX_TEXT {
            return Err(TemplateError::TooLong);
        }
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        if let Some(tail) = after.strip_prefix('$') {
            out.push('$');
            rest = tail;
        } else if let Some(inner) = after.strip_prefix('{') {
            let reference = Reference::read(inner).ok_or(TemplateError::Invalid)?;
            out.push_str(&reference.value(variables, depth)?);
            rest = reference.rest;
        } else {
            let name = name_at(after);
            if name.is_empty() {
                out.push('$');
            } else {
                out.push_str(&plain(name, variables));
            }
            rest = &after[name.len()..];
        }
    }
    out.push_str(rest);
    if out.len() > MAX_TEXT {
        return Err(TemplateError::TooLong);
    }
    Ok(out)
}

/// `${NAME}` or `${NAME<operator>word}`, from after the `${`.
struct Reference<'a> {
    name: &'a str,
    operator: Option<Operator>,
    word: &'a str,
    rest: &'a str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Default,
    Replace,
    Require,
}

#[derive(Clone, Copy)]
struct Operator {
    kind: Kind,
    /// With a colon an empty value counts as unset.
    empty_is_unset: bool,
}

impl<'a> Reference<'a> {
    fn read(inner: &'a str) -> Option<Self> {
        let name = name_at(inner);
        if name.is_empty() {
            return None;
        }
        let after = &inner[name.len()..];
        if let Some(rest) = after.strip_prefix('}') {
            return Some(Self {
                name,
                operator: None,
                word: "",
                rest,
            });
        }
        let (empty_is_unset, after) = match after.strip_prefix(':') {
            Some(after) => (true, after),
            None => (false, after),
        };
        let kind = match after.bytes().next()? {
            b'-' => Kind::Default,
            b'+' => Kind::Replace,
            b'?' => Kind::Require,
            _ => return None,
        };
        let word = &after[1..];
        let end = closing_brace(word)?;
        Some(Self {
            name,
            operator: Some(Operator { kind, empty_is_unset }),
            word: &word[..end],
            rest: &word[end + 1..],
        })
    }

    fn value(&self, variables: &dyn Variables, depth: usize) -> Result<String, TemplateError> {
        let Some(operator) = self.operator else {
            return Ok(plain(self.name, variables));
        };
        let value = variables.get(self.name);
        let there = value
            .as_deref()
            .is_some_and(|value| !(operator.empty_is_unset && value.is_empty()));
        let word = || expand(self.word, variables, depth + 1);
        match (operator.kind, there) {
            (Kind::Default, false) | (Kind::Replace, true) => word(),
            (Kind::Default, true) | (Kind::Replace, false) => Ok(value.unwrap_or_default()),
            (Kind::Require, true) => {
                word()?;
                Ok(value.unwrap_or_default())
            }
            (Kind::Require, false) => Err(TemplateError::Required {
                name: self.name.to_owned(),
                message: word()?,
            }),
        }
    }
}

fn plain(name: &str, variables: &dyn Variables) -> String {
    variables.get(name).unwrap_or_else(|| {
        variables.unset(name);
        String::new()
    })
}

/// The longest `[_A-Za-z][_A-Za-z0-9]*` at the start.
fn name_at(text: &str) -> &str {
    let end = text
        .bytes()
        .position(|b| !(b == b'_' || b.is_ascii_alphanumeric()))
        .unwrap_or(text.len());
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return "";
    }
    &text[..end]
}

/// Where the word ends: at the brace that balances it, else at the line's last one. A word is one line.
fn closing_brace(text: &str) -> Option<usize> {
    let line = text.find('\n').map_or(text, |end| &text[..end]);
    let mut open = 0_usize;
    for (at, byte) in line.bytes().enumerate() {
        match byte {
            b'{' => open += 1,
            b'}' if open == 0 => return Some(at),
            b'}' => open -= 1,
            _ => {}
        }
    }
    line.rfind('}')
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    struct Fixed(BTreeMap<&'static str, &'static str>);

    impl Variables for Fixed {
        fn get(&self, name: &str) -> Option<String> {
            self.0.get(name).map(|&value| value.to_owned())
        }

        fn unset(&self, _name: &str) {}
    }

    fn run(template: &str) -> Result<String, TemplateError> {
        substitute(
            template,
            &Fixed([("SET", "value"), ("EMPTY", ""), ("_n1", "x")].into()),
        )
    }

    #[test]
    fn every_form() {
        for (template, text) in [
            ("plain", "plain"),
            ("$SET-$_n1", "value-x"),
            ("${SET}s", "values"),
            ("${NO:-d}${NO-d}", "dd"),
            ("${EMPTY:-d}|${EMPTY-d}", "d|"),
            ("${SET:+r}${EMPTY:+r}${EMPTY+r}|${NO+r}", "rr|"),
            ("${SET:?m}${EMPTY?m}", "value"),
            ("${NO:-${NO:-${SET}}}", "value"),
            ("${NO:-{\"a\":{}}}x", "{\"a\":{}}x"),
            ("${NO:-{x}", "{x"),
            ("$$SET $${SET}", "$SET ${SET}"),
            ("$ $} $1 ^x$", "$ $} $1 ^x$"),
            ("${NO:-/a:-b?c}", "/a:-b?c"),
            ("{{ ${SET} }}", "{{ value }}"),
        ] {
            assert_eq!(run(template).as_deref(), Ok(text), "{template}");
        }
    }

    #[test]
    fn refusals() {
        for template in [
            "${",
            "${}",
            "${ SET}",
            "${SET!}",
            "${SET",
            "${1}",
            "${NO:-a\nb}",
            "${NO:x}",
        ] {
            assert_eq!(run(template), Err(TemplateError::Invalid), "{template}");
        }
        assert_eq!(
            run("${EMPTY:?set ${SET}}"),
            Err(TemplateError::Required {
                name: "EMPTY".to_owned(),
                message: "set value".to_owned()
            })
        );
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(template in "[${}:?+\\-A-Za-z_0-9é\\n ]{0,60}") {
            drop(run(&template));
        }

        #[test]
        fn text_without_a_dollar_stays(template in "[^$]*") {
            proptest::prop_assert_eq!(run(&template), Ok(template));
        }

        #[test]
        fn escaped_text_comes_back(text in ".*") {
            proptest::prop_assert_eq!(run(&text.replace('$', "$$")), Ok(text));
        }
    }
}

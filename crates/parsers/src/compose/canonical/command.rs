// SPDX-License-Identifier: MIT
//! Command lines written as one text.

use super::super::session::Session;
use super::super::tree::{Node, Path, Value};
use crate::error::Fault;

/// `run "a b"` → `[run, "a b"]`; an empty text is an empty list, which clears the image's.
pub(crate) fn arguments(node: &mut Node, path: &Path<'_>, _session: &Session<'_>) -> Result<(), Fault> {
    if let Value::Text(line) = &node.value {
        let words = split(line).ok_or_else(|| {
            Fault::value(
                node.span,
                path,
                "the command line has a quote, bracket or backslash without its end",
            )
            .hint("write the command as a list: [\"program\", \"argument\"]")
        })?;
        let span = node.span;
        node.value = Value::List(words.into_iter().map(|word| Node::text(word, span)).collect());
    }
    Ok(())
}

/// Splits as Compose does: quotes and backslashes, nothing expanded, and an unquoted `;`, `&`, `|`, `<` or `>`
/// ends the command. `None` when a quote is not closed.
fn split(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut started = false;
    let (mut escaped, mut single, mut double, mut back, mut dollar) = (false, false, false, false, false);
    for c in line.chars() {
        if escaped {
            word.push(c);
            (escaped, started) = (false, true);
            continue;
        }
        if c == '\\' {
            if single {
                word.push(c);
            } else {
                escaped = true;
            }
            continue;
        }
        let quoted = single || double || back || dollar;
        if matches!(c, ' ' | '\t' | '\r' | '\n') {
            if quoted {
                word.push(c);
            } else if started {
                words.push(std::mem::take(&mut word));
                started = false;
            }
            continue;
        }
        match c {
            '`' if !single && !double && !dollar => back = !back,
            ')' if !single && !double && !back => dollar = !dollar,
            '(' if !single && !double && !back => {
                if dollar || !word.ends_with('$') {
                    return None;
                }
                dollar = true;
                word.push(c);
                continue;
            }
            '"' if !single && !dollar => {
                started |= double;
                double = !double;
                continue;
            }
            '\'' if !double && !dollar => {
                started |= single;
                single = !single;
                continue;
            }
            ';' | '&' | '|' | '<' | '>' if !quoted => {
                if c == '>' && word.starts_with(|c: char| c.is_ascii_digit()) {
                    started = false;
                }
                break;
            }
            _ => {}
        }
        started = true;
        word.push(c);
    }
    if escaped || single || double || back || dollar {
        return None;
    }
    if started {
        words.push(word);
    }
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words() {
        for (line, words) in [
            ("", vec![]),
            ("a b  c", vec!["a", "b", "c"]),
            ("a 'b c' \"d e\" f\\ g", vec!["a", "b c", "d e", "f g"]),
            ("a '' \"\"", vec!["a", "", ""]),
            ("echo $HOME", vec!["echo", "$HOME"]),
            ("a b; c", vec!["a", "b"]),
            ("a && b", vec!["a"]),
            ("a 2>x", vec!["a"]),
            ("echo $(date -u) x", vec!["echo", "$(date -u)", "x"]),
            ("sh -c \"a && b\"", vec!["sh", "-c", "a && b"]),
        ] {
            assert_eq!(split(line).unwrap(), words, "{line}");
        }
        for line in ["'a", "\"a", "a\\", "a (b)", "a )"] {
            assert_eq!(split(line), None, "{line}");
        }
    }
}

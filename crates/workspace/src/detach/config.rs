// SPDX-License-Identifier: MIT
//! Reading and changing single keys of a git config file (git-config, "CONFIGURATION FILE"), all else left as it is.

/// The last value of `section.key`, if it is set; `true` for a key without a value.
pub(crate) fn get(text: &str, section: &str, key: &str) -> Option<String> {
    settings(text)
        .filter(|setting| setting.is(section, key))
        .last()
        .map(|setting| value(setting.value))
}

/// The text without any setting of `section.key`.
pub(crate) fn unset(text: &str, section: &str, key: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut at = 0;
    for setting in settings(text).filter(|setting| setting.is(section, key)) {
        kept.push_str(&text[at..setting.start]);
        at = setting.end;
        if !kept.is_empty() && !kept.ends_with('\n') {
            // The setting stood on the line of its section's header.
            kept.push('\n');
        }
    }
    kept.push_str(&text[at..]);
    kept
}

/// The text with `section.key` set to `value`.
pub(crate) fn set(text: &str, section: &str, key: &str, value: &str) -> String {
    let line_break = if text.is_empty() || text.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    let quoted = value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n");
    format!("{text}{line_break}[{section}]\n\t{key} = \"{quoted}\"\n")
}

/// One `key = value` of a file.
struct Setting<'a> {
    section: String,
    key: &'a str,
    /// What follows the `=`, lines that go on included; empty when there is none.
    value: Option<&'a str>,
    /// Where the setting begins and ends in the text.
    start: usize,
    end: usize,
}

impl Setting<'_> {
    fn is(&self, section: &str, key: &str) -> bool {
        self.section.eq_ignore_ascii_case(section) && self.key.eq_ignore_ascii_case(key)
    }
}

fn settings(text: &str) -> impl Iterator<Item = Setting<'_>> {
    let mut section = String::new();
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < text.len() {
            let mut start = at;
            at = end_of_line(text, at);
            let mut line = text[start..at].trim();
            if let Some(header) = line.strip_prefix('[') {
                let close = header_end(header)?;
                header[..close].trim().clone_into(&mut section);
                line = header[close + 1..].trim();
                start =
                    at - text[start..at].len() + (text[start..at].len() - text[start..at].trim_start().len());
                start += close + 2;
            }
            if line.is_empty() || line.starts_with(['#', ';']) {
                continue;
            }
            while text[start..at].trim_end_matches(['\r', '\n']).ends_with('\\') && at < text.len() {
                at = end_of_line(text, at);
            }
            let whole = text[start..at].trim();
            let (key, value) = match whole.split_once('=') {
                Some((key, value)) => (key.trim(), Some(value.trim())),
                None => (whole.split(['#', ';']).next().unwrap_or_default().trim(), None),
            };
            return Some(Setting {
                section: section.clone(),
                key,
                value,
                start,
                end: at,
            });
        }
        None
    })
}

fn end_of_line(text: &str, from: usize) -> usize {
    text[from..]
        .find('\n')
        .map_or(text.len(), |found| from + found + 1)
}

/// Where a section's header closes: a subsection's name in quotes may hold a bracket.
fn header_end(header: &str) -> Option<usize> {
    let mut quoted = false;
    let mut escaped = false;
    for (at, byte) in header.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b']' if !quoted => return Some(at),
            _ => {}
        }
    }
    None
}

/// A value without its quotes, escapes and comment.
fn value(raw: Option<&str>) -> String {
    let Some(raw) = raw else { return "true".to_owned() };
    let mut value = String::new();
    let mut keep = 0;
    let mut quoted = false;
    let mut chars = raw.chars();
    while let Some(next) = chars.next() {
        match next {
            '"' => quoted = !quoted,
            '#' | ';' if !quoted => break,
            '\\' => match chars.next() {
                Some('n') => value.push('\n'),
                Some('t') => value.push('\t'),
                Some('b') => value.push('\u{8}'),
                Some('\n') | None => {}
                Some(other) => value.push(other),
            },
            other => {
                value.push(other);
                if other.is_whitespace() && !quoted {
                    continue;
                }
            }
        }
        keep = value.len();
    }
    value.truncate(keep);
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# head\n[core]\n\tbare = false\n\tworktree = ../../a\n[remote \"core]\"]\n\tworktree = no\n\
                        [Core] WorkTree = \"/b \\\"c\\\"\" ; why\n[core]\n\tworktree = /long\\\n/er\n\tsharedRepository\n";

    #[test]
    fn the_last_setting_counts() {
        assert_eq!(get(TEXT, "core", "worktree").as_deref(), Some("/long/er"));
        assert_eq!(get(TEXT, "core", "bare").as_deref(), Some("false"));
        assert_eq!(get(TEXT, "core", "sharedrepository").as_deref(), Some("true"));
        assert_eq!(get(TEXT, "core", "nothing"), None);
        assert_eq!(
            get("[core] worktree = \"/b \\\"c\\\"\" ; why", "core", "worktree").as_deref(),
            Some("/b \"c\"")
        );
    }

    #[test]
    fn unsetting_leaves_the_rest() {
        insta::assert_snapshot!(unset(TEXT, "core", "worktree"), @r#"
        # head
        [core]
        	bare = false
        [remote "core]"]
        	worktree = no
        [Core]
        [core]
        	sharedRepository
        "#);
        assert_eq!(
            unset("[core]\n\tbare = false\n", "core", "worktree"),
            "[core]\n\tbare = false\n"
        );
    }

    #[test]
    fn what_is_set_is_read_back() {
        for odd in [
            "/plain",
            "/with \"quotes\" and \\",
            "/semi;colon # hash",
            " spaces ",
        ] {
            let text = set("[core]\n\tbare = true", "core", "worktree", odd);
            assert_eq!(get(&text, "core", "worktree").as_deref(), Some(odd));
            assert_eq!(get(&text, "core", "bare").as_deref(), Some("true"));
        }
    }
}

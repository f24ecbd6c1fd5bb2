// SPDX-License-Identifier: MIT
//! Mounts in their short form: `[source:]target[:options]`.

use super::super::session::Session;
use super::super::tree::{Map, Node, Path, Value};
use crate::error::Fault;

/// One short entry becomes its long form.
pub(crate) fn long_form(node: &mut Node, path: &Path<'_>, _session: &Session<'_>) -> Result<(), Fault> {
    let Value::Text(text) = &node.value else {
        return Ok(());
    };
    let mount = parse(text).map_err(|why| Fault::value(node.span, path, format!("`{text}`: {why}")))?;
    node.value = mount.into_value(node);
    Ok(())
}

/// Whether a source is a path of the host rather than a volume's name.
pub(crate) fn is_path(source: &str) -> bool {
    source.starts_with(['.', '/', '~']) || source.starts_with("\\\\") || is_drive(source)
}

/// `C:` at the start: a path of Windows.
pub(crate) fn is_drive(source: &str) -> bool {
    let mut chars = source.chars();
    chars.next().is_some_and(char::is_alphabetic) && chars.next() == Some(':')
}

#[derive(Debug, Default)]
struct Short<'a> {
    source: String,
    target: String,
    options: Vec<&'a str>,
}

impl Short<'_> {
    fn into_value(self, at: &Node) -> Value {
        let node = |value: Value| Node::new(value, at.span);
        let text = |text: &str| Node::text(text, at.span);
        let bind = is_path(&self.source);
        let (mut bind_options, mut volume_options) = (Map::new(), Map::new());
        let mut read_only = false;
        for option in self.options {
            match option {
                "ro" => read_only = true,
                "rw" => read_only = false,
                "nocopy" => {
                    volume_options.insert("nocopy".to_owned(), node(Value::Bool(true)));
                }
                "z" | "Z" => {
                    bind_options.insert("selinux".to_owned(), text(option));
                }
                "private" | "rprivate" | "shared" | "rshared" | "slave" | "rslave" => {
                    bind_options.insert("propagation".to_owned(), text(option));
                }
                // Compose ignores options it does not know.
                _ => {}
            }
        }
        let mut map = Map::new();
        map.insert("type".to_owned(), text(if bind { "bind" } else { "volume" }));
        if !self.source.is_empty() {
            map.insert("source".to_owned(), text(&self.source));
        }
        map.insert("target".to_owned(), text(&self.target));
        if read_only {
            map.insert("read_only".to_owned(), node(Value::Bool(true)));
        }
        if bind {
            bind_options.insert("create_host_path".to_owned(), node(Value::Bool(true)));
        }
        if bind || !bind_options.is_empty() {
            map.insert("bind".to_owned(), node(Value::Map(bind_options)));
        }
        if !bind || !volume_options.is_empty() {
            map.insert("volume".to_owned(), node(Value::Map(volume_options)));
        }
        Value::Map(map)
    }
}

fn parse(text: &str) -> Result<Short<'_>, String> {
    let mut short = Short::default();
    match text.len() {
        0 => return Err("the mount is empty".to_owned()),
        1 | 2 => {
            text.clone_into(&mut short.target);
            return Ok(short);
        }
        _ => {}
    }
    let fields = fields(text);
    if fields.iter().any(|field| field.is_empty()) {
        return Err("there is nothing between two colons, or before or after one".to_owned());
    }
    match fields[..] {
        [target] => target.clone_into(&mut short.target),
        [source, target] | [source, target, _] => {
            source.clone_into(&mut short.source);
            target.clone_into(&mut short.target);
            if let [_, _, options] = fields[..] {
                short.options = options.split(',').collect();
            }
        }
        _ => return Err("there are too many colons".to_owned()),
    }
    Ok(short)
}

/// Splits at colons, but not after a single letter, which is a drive of Windows.
fn fields(text: &str) -> Vec<&str> {
    let mut fields = Vec::new();
    let mut start = 0;
    for (at, _) in text.match_indices(':') {
        let field = &text[start..at];
        let mut chars = field.chars();
        if chars.next().is_some_and(char::is_alphabetic) && chars.next().is_none() {
            continue;
        }
        fields.push(field);
        start = at + 1;
    }
    fields.push(&text[start..]);
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(text: &str) -> String {
        match parse(text) {
            Err(why) => format!("error: {why}"),
            Ok(short) => format!("{}|{}|{}", short.source, short.target, short.options.join(",")),
        }
    }

    #[test]
    fn forms() {
        for (text, shown) in [
            ("/data", "|/data|"),
            ("data:/data", "data|/data|"),
            ("./a:/b:ro,z", "./a|/b|ro,z"),
            ("C:\\a:/b", "C:\\a|/b|"),
            ("C:\\a:D:\\b:ro", "C:\\a|D:\\b|ro"),
            ("v:/v:nocopy", "v:/v|nocopy|"),
            ("a:/x", "|a:/x|"),
            ("/", "|/|"),
        ] {
            assert_eq!(show(text), shown, "{text}");
        }
        for text in ["", ":/data", "data:", "data:/a:ro:x", "data::ro"] {
            assert!(show(text).starts_with("error"), "{text}: {}", show(text));
        }
    }
}

// SPDX-License-Identifier: MIT
//! Stage 8: relative paths become absolute, from the folder that their file's paths start in.

use std::path::{Component, Path as FilePath, PathBuf};

use super::canonical::mounts::is_drive;
use super::schema::Shape;
use super::tree::{Node, Value};

/// Makes the paths of one attribute absolute.
pub(crate) type Resolve = fn(&mut Node, &Base<'_>);

/// What paths start from.
#[derive(Clone, Copy)]
pub(crate) struct Base<'a> {
    /// The folder of relative paths, absolute.
    pub(crate) directory: &'a FilePath,
    /// What `~` stands for.
    pub(crate) home: Option<&'a FilePath>,
}

/// Resolves a node and all below it. Absolute paths stay.
pub(crate) fn resolve(node: &mut Node, shape: &'static Shape, base: &Base<'_>) {
    if let Some(resolve) = shape.resolve {
        resolve(node, base);
    }
    match &mut node.value {
        Value::List(items) => {
            if let Some(shape) = shape.form.items() {
                for item in items {
                    resolve(item, shape, base);
                }
            }
        }
        Value::Map(map) => {
            for (key, value) in map.iter_mut() {
                if let Some(shape) = shape.form.child(key) {
                    resolve(value, shape, base);
                }
            }
        }
        _ => {}
    }
}

impl Base<'_> {
    /// `path` from this folder, without `.` and `..`; an absolute one as it is.
    pub(crate) fn absolute(&self, path: &str) -> String {
        let expanded = match (path.strip_prefix('~'), self.home) {
            (Some(rest), Some(home)) => {
                return clean(&home.join(rest.trim_start_matches('/')))
                    .display()
                    .to_string();
            }
            _ => path,
        };
        if expanded.is_empty()
            || expanded.starts_with('/')
            || is_drive(expanded)
            || expanded.starts_with("\\\\")
        {
            return expanded.to_owned();
        }
        clean(&self.directory.join(expanded)).display().to_string()
    }
}

/// Any file.
pub(crate) fn file(node: &mut Node, base: &Base<'_>) {
    if let Value::Text(path) = &mut node.value {
        *path = base.absolute(path);
    }
}

/// A build context: a path, a URL or another service.
pub(crate) fn context(node: &mut Node, base: &Base<'_>) {
    const REMOTE: &[&str] = &["github.com/", "git@", "service:"];
    if let Value::Text(path) = &mut node.value
        && !path.contains("://")
        && !REMOTE.iter().any(|prefix| path.starts_with(prefix))
    {
        *path = base.absolute(path);
    }
}

/// `id=path`.
pub(crate) fn ssh_key(node: &mut Node, base: &Base<'_>) {
    if let Value::Text(key) = &mut node.value
        && let Some((id, path)) = key.split_once('=')
    {
        *key = format!("{id}={}", base.absolute(path));
    }
}

/// A watched path, with symbolic links followed.
pub(crate) fn watched(node: &mut Node, base: &Base<'_>) {
    if let Value::Text(path) = &mut node.value {
        *path = base.absolute(path);
        if let Ok(real) = fs_err::canonicalize(&*path) {
            *path = real.display().to_string();
        }
    }
}

/// The source of a bind.
pub(crate) fn mount(node: &mut Node, base: &Base<'_>) {
    let Some(map) = node.as_map_mut() else {
        return;
    };
    if map.get("type").and_then(Node::as_str) == Some("bind")
        && let Some(source) = map.get_mut("source")
    {
        file(source, base);
    }
}

/// The device of a volume that is a bind in disguise.
pub(crate) fn volume_device(node: &mut Node, base: &Base<'_>) {
    if node.get(&["driver"]).and_then(Node::as_str) != Some("local") {
        return;
    }
    let Some(options) = node
        .as_map_mut()
        .and_then(|map| map.get_mut("driver_opts"))
        .and_then(Node::as_map_mut)
    else {
        return;
    };
    if options.get("o").and_then(Node::as_str) == Some("bind")
        && let Some(device) = options.get_mut("device")
    {
        if device.as_str() == Some("") {
            device.value = Value::Text(base.directory.display().to_string());
        }
        file(device, base);
    }
}

/// The path without `.`, `..` and doubled slashes, by its text alone.
pub(crate) fn clean(path: &FilePath) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => match clean.components().next_back() {
                Some(Component::Normal(_)) => {
                    clean.pop();
                }
                Some(Component::RootDir) => {}
                _ => clean.push(".."),
            },
            part => clean.push(part),
        }
    }
    if clean.as_os_str().is_empty() {
        clean.push(".");
    }
    clean
}

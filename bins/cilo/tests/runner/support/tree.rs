// SPDX-License-Identifier: MIT
//! A folder as a value: names, kinds, modes, times, owners and contents.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// One line per entry, by its path below the folder.
pub(crate) type Tree = BTreeMap<PathBuf, String>;

/// Everything below `root`. Access times are left out: reading may change them.
pub(crate) fn tree(root: &Path) -> Tree {
    let mut found = Tree::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs_err::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let meta = fs_err::symlink_metadata(&path).unwrap();
            let content = if meta.is_dir() {
                folders.push(path.clone());
                String::new()
            } else if meta.is_symlink() {
                format!("-> {}", fs_err::read_link(&path).unwrap().display())
            } else if meta.is_file() {
                let mut hasher = DefaultHasher::new();
                fs_err::read(&path).unwrap().hash(&mut hasher);
                format!("{} bytes, {:016x}", meta.len(), hasher.finish())
            } else {
                "special".to_owned()
            };
            let line = format!(
                "{:o} {}:{} {}.{:09} {content}",
                meta.mode(),
                meta.uid(),
                meta.gid(),
                meta.mtime(),
                meta.mtime_nsec()
            );
            found.insert(path.strip_prefix(root).unwrap().to_owned(), line);
        }
    }
    found
}

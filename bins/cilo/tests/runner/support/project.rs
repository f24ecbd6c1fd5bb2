// SPDX-License-Identifier: MIT
//! A project folder that a test writes.

use std::path::{Path, PathBuf};

use super::tree::{Tree, tree};

/// A folder with project files, of a name that no other test has.
pub(crate) struct Project {
    path: PathBuf,
    name: String,
}

impl Project {
    pub(crate) fn new(path: PathBuf, name: String) -> Self {
        fs_err::create_dir_all(&path).unwrap();
        Self { path, name }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The project's name, which is its folder's.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Writes a file, and the folders above it.
    pub(crate) fn write(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        write(&self.path.join(path), content);
        self
    }

    /// Everything in it, for seeing whether anything changed.
    pub(crate) fn tree(&self) -> Tree {
        tree(&self.path)
    }
}

/// Writes a file, and the folders above it.
pub(crate) fn write(path: &Path, content: impl AsRef<[u8]>) {
    fs_err::create_dir_all(path.parent().unwrap()).unwrap();
    fs_err::write(path, content).unwrap();
}

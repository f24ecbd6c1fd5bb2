// SPDX-License-Identifier: MIT
//! Git folders that were copied with their tree: what in them still leads to the source is turned to the copy, or goes.

use std::io;
use std::path::{Component, Path, PathBuf};

use super::layout::{self, Layout};
use super::{Detach, config, read_error, write_error};
use crate::copy::CopyError;
use crate::delete::delete;

impl Detach<'_> {
    /// Tidies the git folder at `path` below the copy's root, and those of its submodules.
    pub(super) fn tidy(&self, path: &Path) -> Result<(), CopyError> {
        let (git, original) = (self.staged.join(path), self.source.join(path));
        if !layout::is_git_dir(&git) && !git.join("modules").is_dir() {
            return Ok(());
        }
        self.materialise(&git, &original)?;
        self.drop_worktrees(&git, &original)?;
        for name in ["config", "config.worktree"] {
            self.edit_config(&git.join(name), |text| self.own_work_tree(text, &original))?;
        }
        self.absorb(&git.join("objects"), &original.join("objects"))?;
        self.tidy_modules(&path.join("modules"))
    }

    /// Submodules' names may have slashes in them, so their git folders are at any depth.
    fn tidy_modules(&self, path: &Path) -> Result<(), CopyError> {
        for name in folders(&self.staged.join(path))? {
            let module = path.join(name);
            if layout::is_git_dir(&self.staged.join(&module)) {
                self.tidy(&module)?;
            } else {
                self.tidy_modules(&module)?;
            }
        }
        Ok(())
    }

    /// Points the `.git` of the folder `path` at the git folder in the copy, and a worktree's registration back at it.
    pub(super) fn repoint(
        &self,
        path: &Path,
        named: &Path,
        git_dir: &Path,
        layout: &Layout,
    ) -> Result<(), CopyError> {
        let git = self.staged.join(path).join(".git");
        if named.is_absolute() {
            let relative = relative(path, git_dir);
            if git.is_symlink() {
                fs_err::remove_file(&git).map_err(|error| write_error(&git, error))?;
                fs_err::os::unix::fs::symlink(&relative, &git).map_err(|error| write_error(&git, error))?;
            } else {
                write_path(&git, "gitdir: ", &relative)?;
            }
        }
        if layout.is_worktree() {
            let registration = self.staged.join(git_dir);
            let back = registration.join("gitdir");
            let kept = layout::read_pointer(&back, "").ok().flatten();
            if kept.is_none_or(|kept| kept.is_absolute()) {
                write_path(&back, "", &self.target.join(path).join(".git"))?;
            }
            let common = layout::read_pointer(&registration.join("commondir"), "")
                .ok()
                .flatten();
            if let (Some(true), Some(inside)) = (
                common.map(|common| common.is_absolute()),
                self.within(&layout.common),
            ) {
                write_path(&registration.join("commondir"), "", &relative(git_dir, &inside))?;
            }
        }
        Ok(())
    }

    /// Forgets worktrees that are not in the copy: their branches are free here, and theirs stay theirs.
    fn drop_worktrees(&self, git: &Path, original: &Path) -> Result<(), CopyError> {
        let worktrees = git.join("worktrees");
        for name in folders(&worktrees)? {
            let back = original.join("worktrees").join(&name);
            let place = layout::read_pointer(&back.join("gitdir"), "")
                .ok()
                .flatten()
                .and_then(|file| fs_err::canonicalize(back.join(file)).ok())
                .and_then(|file| self.within(&file));
            if place.is_none() {
                remove(&worktrees.join(name))?;
            }
        }
        // Only an empty one goes; and nothing depends on it.
        drop(fs_err::remove_dir(worktrees));
        Ok(())
    }

    /// `core.worktree` may name any folder: one in the source is the same one in the copy, any other is none of ours.
    fn own_work_tree(&self, text: &str, original: &Path) -> String {
        let Some(work_tree) = config::get(text, "core", "worktree") else {
            return text.to_owned();
        };
        let resolved = fs_err::canonicalize(original.join(&work_tree)).ok();
        match resolved.and_then(|resolved| self.within(&resolved)) {
            Some(_) if Path::new(&work_tree).is_relative() => text.to_owned(),
            Some(inside) => {
                let text = config::unset(text, "core", "worktree");
                config::set(
                    &text,
                    "core",
                    "worktree",
                    &self.target.join(inside).to_string_lossy(),
                )
            }
            None => config::unset(text, "core", "worktree"),
        }
    }

    /// Replaces links in a git folder that lead out of the copy (git-new-workdir makes such) by what they lead to.
    pub(super) fn materialise(&self, git: &Path, original: &Path) -> Result<(), CopyError> {
        for entry in fs_err::read_dir(git).map_err(|error| read_error(git, error))? {
            let entry = entry.map_err(|error| read_error(git, error))?;
            if !entry
                .file_type()
                .map_err(|error| read_error(git, error))?
                .is_symlink()
            {
                continue;
            }
            let link = entry.path();
            let named = fs_err::read_link(&link).map_err(|error| read_error(&link, error))?;
            let from = original.join(entry.file_name());
            let Ok(leads_to) = fs_err::canonicalize(&from) else {
                continue;
            };
            if named.is_relative() && (self.within(&leads_to).is_some() || leads_to.starts_with(original)) {
                continue;
            }
            fs_err::remove_file(&link).map_err(|error| write_error(&link, error))?;
            if leads_to.is_dir() {
                self.copy_git(&leads_to, &link, &|_: &Path| false)?;
            } else {
                fs_err::copy(&leads_to, &link).map_err(|error| write_error(&link, error))?;
            }
        }
        Ok(())
    }
}

/// The names of the folders in a folder that may be missing.
fn folders(path: &Path) -> Result<Vec<std::ffi::OsString>, CopyError> {
    let entries = match fs_err::read_dir(path) {
        Ok(entries) => entries,
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            return Ok(Vec::new());
        }
        Err(error) => return Err(read_error(path, error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| read_error(path, error))?;
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            names.push(entry.file_name());
        }
    }
    names.sort();
    Ok(names)
}

fn remove(path: &Path) -> Result<(), CopyError> {
    let remains = delete(path);
    match (remains.why, remains.paths.into_iter().next()) {
        (Some(why), Some(path)) => Err(write_error(&path, why.into())),
        _ => Ok(()),
    }
}

fn write_path(file: &Path, prefix: &str, path: &Path) -> Result<(), CopyError> {
    let mut text = std::ffi::OsString::from(prefix);
    text.push(path);
    text.push("\n");
    fs_err::write(file, text.as_encoded_bytes()).map_err(|error| write_error(file, error))
}

/// The way from the folder `from` to `to`, both relative to the same root and without `..`.
fn relative(from: &Path, to: &Path) -> PathBuf {
    let (mut from, mut to) = (from.components().peekable(), to.components().peekable());
    while from.peek().is_some() && from.peek() == to.peek() {
        from.next();
        to.next();
    }
    from.map(|_| Component::ParentDir).chain(to).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_between_two_folders() {
        let way = |from: &str, to: &str| relative(Path::new(from), Path::new(to)).display().to_string();
        assert_eq!(way("", ".git/modules/a"), ".git/modules/a");
        assert_eq!(way("sub/a", ".git/modules/a"), "../../.git/modules/a");
        assert_eq!(way("sub/a", "sub/.git/x"), "../.git/x");
    }
}

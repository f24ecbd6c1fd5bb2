// SPDX-License-Identifier: MIT
//! Files as they are, in a tar archive.

use std::io;
use std::path::{Path, PathBuf};

use super::{SalvageError, create};

/// Writes the files and links `names`, relative to `root`, to a new archive. Pipes and sockets have no content to save.
pub(super) fn write(archive: &Path, root: &Path, names: &[PathBuf]) -> Result<(), SalvageError> {
    let failed = |source| SalvageError::Write {
        path: archive.to_owned(),
        source,
    };
    let mut tar = tar::Builder::new(io::BufWriter::new(create(archive)?));
    tar.follow_symlinks(false);
    for name in names {
        let path = root.join(name);
        let kind = match path.symlink_metadata() {
            Ok(found) => found.file_type(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(source) => return Err(SalvageError::Read { path, source }),
        };
        if kind.is_file() || kind.is_symlink() {
            tar.append_path_with_name(&path, name)
                .map_err(|source| SalvageError::Read { path, source })?;
        }
    }
    tar.into_inner()
        .and_then(|writer| writer.into_inner().map_err(io::IntoInnerError::into_error))
        .map_err(failed)?;
    Ok(())
}

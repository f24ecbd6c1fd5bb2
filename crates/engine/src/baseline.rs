// SPDX-License-Identifier: MIT
//! What a workspace looked like when it was copied, kept so that later only new work counts as unsaved.

use std::io;
use std::path::{Path, PathBuf};

use cilo_spec::EnvRef;
use cilo_workspace::Baseline;

use crate::{Engine, Error};

impl Engine {
    pub(crate) fn write_baseline(&self, env: &EnvRef, baseline: &Baseline) -> Result<(), Error> {
        let path = self.home().baseline(env);
        // Under the environment's lock: one fixed name, which a killed run may leave and the next one uses again.
        let new = unfinished(&path);
        let write = |folder: &Path| -> io::Result<()> {
            let mut file = io::BufWriter::new(fs_err::File::create(&new)?);
            serde_json::to_writer(&mut file, baseline)?;
            file.into_inner()?.sync_all()?;
            fs_err::rename(&new, &path)?;
            fs_err::File::open(folder)?.sync_all()
        };
        let folder = path.parent().unwrap_or(Path::new("/"));
        self.home().create_dir(folder)?;
        write(folder).map_err(|source| Error::Baseline {
            action: "write",
            path: path.clone(),
            source,
        })
    }

    /// `None` when none was kept: then everything counts as new.
    pub(crate) fn read_baseline(&self, env: &EnvRef) -> Result<Option<Baseline>, Error> {
        let path = self.home().baseline(env);
        let read = || -> io::Result<Baseline> { Ok(serde_json::from_slice(&fs_err::read(&path)?)?) };
        match read() {
            Ok(baseline) => Ok(Some(baseline)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(Error::Baseline {
                action: "read",
                path,
                source,
            }),
        }
    }

    pub(crate) fn remove_baseline(&self, env: &EnvRef) -> Result<(), Error> {
        let path = self.home().baseline(env);
        for path in [unfinished(&path), path] {
            match fs_err::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(Error::Baseline {
                        action: "remove",
                        path,
                        source: error,
                    });
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Where a baseline is written before it is renamed into place; no environment's name holds a `.`.
fn unfinished(path: &Path) -> PathBuf {
    path.with_extension("new")
}

// SPDX-License-Identifier: MIT
//! Zone files: one JSON file per environment in one directory, replaced whole.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use cilo_spec::EnvRef;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::zone::Zone;

/// Why a zone could not be published or withdrawn.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The directory could not be made.
    #[error("cannot create the DNS zone directory {}", path.display())]
    CreateDirectory {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The file could not be written: read-only, full, or not permitted.
    #[error("cannot write the DNS zone {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The file could not be removed.
    #[error("cannot remove the DNS zone {}", path.display())]
    Remove {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A name with its suffix is longer than DNS allows (RFC 1035 section 3.1: 253 characters as text).
    #[error(
        "the name `{name}` has more than 253 characters; choose a shorter environment name or `dns_suffix`"
    )]
    NameTooLong {
        /// The full name.
        name: String,
    },
}

/// A file that is not served, and why. It never keeps the others from being served.
#[derive(Debug, thiserror::Error)]
pub enum ZoneProblem {
    /// The directory could not be listed. (A missing one has no zones and is no problem.)
    #[error("cannot list the DNS zone directory {}", path.display())]
    List {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The file could not be read.
    #[error("cannot read the DNS zone {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The file is not a zone.
    #[error("the DNS zone {} is damaged; `cilo up` of its environment writes it anew", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where and how it differs from a zone.
        #[source]
        source: serde_json::Error,
    },
    /// The file was written by another version of Cilo.
    #[error("the DNS zone {} has version {found}, this Cilo reads version {VERSION}; restart the daemon with the newer one", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// The version it names.
        found: u64,
    },
    /// The file is called after another environment than the one inside: a copy.
    #[error("the DNS zone {} belongs to {env} and is not its file; remove it", path.display())]
    Misplaced {
        /// The file.
        path: PathBuf,
        /// The environment inside.
        env: EnvRef,
    },
}

/// A zone as it was read, with the digest of the file's bytes.
#[derive(Clone, Debug)]
pub(crate) struct StoredZone {
    pub(crate) zone: Zone,
    pub(crate) digest: String,
}

const VERSION: u64 = 1;

#[derive(Serialize)]
struct FileOut<'a> {
    version: u64,
    #[serde(flatten)]
    zone: &'a Zone,
}

#[derive(Deserialize)]
struct FileVersion {
    version: u64,
}

/// Writes the zone's file: whole or not at all, on disk when this returns. The same content is not written again.
///
/// Returns whether the file changed. The directory is made if it is missing.
///
/// # Errors
/// [`FileError`] naming the path.
pub fn publish(dir: &Path, zone: &Zone) -> Result<bool, FileError> {
    if let Some(name) = zone.full_names().find(|name| name.len() > 253) {
        return Err(FileError::NameTooLong { name });
    }
    let path = path_of(dir, &zone.env);
    let bytes = encode(zone);
    if fs_err::read(&path).is_ok_and(|old| old == bytes) {
        return Ok(false);
    }
    fs_err::create_dir_all(dir).map_err(|source| FileError::CreateDirectory {
        path: dir.to_owned(),
        source,
    })?;
    replace(dir, &path, &bytes).map_err(|source| FileError::Write { path, source })?;
    Ok(true)
}

/// Removes the environment's zone file. Returns whether there was one.
///
/// # Errors
/// [`FileError::Remove`] naming the path.
pub fn withdraw(dir: &Path, env: &EnvRef) -> Result<bool, FileError> {
    let path = path_of(dir, env);
    let removed = match fs_err::remove_file(&path) {
        Ok(()) => sync_directory(dir).map(|()| true),
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(false),
        Err(e) => Err(e),
    };
    // What a `publish` that was killed half-way left behind.
    for leftover in entries(dir).unwrap_or_default() {
        let name = leftover
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        if name.starts_with(&temporary_prefix(env)) && name.ends_with(TEMPORARY_SUFFIX) {
            // Another `withdraw` may have been faster, and a leftover is harmless.
            fs_err::remove_file(&leftover).ok();
        }
    }
    removed.map_err(|source| FileError::Remove { path, source })
}

/// Reads every zone in the directory, in the order of the file names, and what was wrong with the rest.
#[must_use]
pub fn read_all(dir: &Path) -> (Vec<Zone>, Vec<ZoneProblem>) {
    let (stored, problems) = read_stored(dir);
    (stored.into_iter().map(|stored| stored.zone).collect(), problems)
}

pub(crate) fn read_stored(dir: &Path) -> (Vec<StoredZone>, Vec<ZoneProblem>) {
    let paths = match entries(dir) {
        Ok(paths) => paths,
        Err(e) if e.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(source) => {
            return (
                Vec::new(),
                vec![ZoneProblem::List {
                    path: dir.to_owned(),
                    source,
                }],
            );
        }
    };
    let mut zones = Vec::new();
    let mut problems = Vec::new();
    for path in paths.into_iter().filter(|path| is_zone_file(path)) {
        match read_one(path) {
            Ok(Some(zone)) => zones.push(zone),
            Ok(None) => {}
            Err(problem) => problems.push(problem),
        }
    }
    (zones, problems)
}

/// Whether a path in the directory is a zone, as opposed to a temporary file.
pub(crate) fn is_zone_file(path: &Path) -> bool {
    let hidden = path
        .file_name()
        .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    !hidden && path.extension().is_some_and(|extension| extension == "json")
}

/// The file of an environment. `_` is in no name, so no two environments share one.
pub(crate) fn path_of(dir: &Path, env: &EnvRef) -> PathBuf {
    dir.join(format!("{}_{}.json", env.project, env.env))
}

/// The digest that stands for a zone's content, in hexadecimal.
pub(crate) fn digest(zone: &Zone) -> String {
    digest_of(&encode(zone))
}

fn encode(zone: &Zone) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(&FileOut {
        version: VERSION,
        zone,
    })
    .expect("strings, numbers and addresses are always JSON");
    bytes.push(b'\n');
    bytes
}

fn digest_of(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn read_one(path: PathBuf) -> Result<Option<StoredZone>, ZoneProblem> {
    let bytes = match fs_err::read(&path) {
        Ok(bytes) => bytes,
        // Withdrawn since the directory was listed.
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(ZoneProblem::Read { path, source }),
    };
    let FileVersion { version } = match serde_json::from_slice(&bytes) {
        Ok(version) => version,
        Err(source) => return Err(ZoneProblem::Damaged { path, source }),
    };
    if version != VERSION {
        return Err(ZoneProblem::Version { path, found: version });
    }
    let zone: Zone = match serde_json::from_slice(&bytes) {
        Ok(zone) => zone,
        Err(source) => return Err(ZoneProblem::Damaged { path, source }),
    };
    if path.file_name() != path_of(Path::new(""), &zone.env).file_name() {
        return Err(ZoneProblem::Misplaced { path, env: zone.env });
    }
    Ok(Some(StoredZone {
        zone,
        digest: digest_of(&bytes),
    }))
}

fn entries(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = fs_err::read_dir(dir)?
        .map(|entry| Ok(entry?.path()))
        .collect::<io::Result<Vec<PathBuf>>>()?;
    paths.sort();
    Ok(paths)
}

const TEMPORARY_SUFFIX: &str = ".tmp";

fn temporary_prefix(env: &EnvRef) -> String {
    format!(".{}_{}.", env.project, env.env)
}

fn replace(dir: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let mut file = tempfile::Builder::new()
        .prefix(&format!(".{stem}."))
        .suffix(TEMPORARY_SUFFIX)
        .tempfile_in(dir)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|e| e.error)?;
    sync_directory(dir)
}

/// A rename or removal is on disk only when its directory is.
fn sync_directory(dir: &Path) -> io::Result<()> {
    fs_err::File::open(dir)?.sync_all()
}

// SPDX-License-Identifier: MIT
//! Build contexts: a folder as an archive, packed while it is sent.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use cilo_spec::model::Build;
use fs_err as fs;

use super::ignored::Ignored;
use super::stream::{self, Packing};
use crate::error::RuntimeError;

/// The name under which a Dockerfile that is not in the context is sent.
const GIVEN: &str = ".cilo.Dockerfile";
/// The ignore file next to the context's root.
const IGNORE_FILE: &str = ".dockerignore";
/// What a build starts from.
#[derive(Debug)]
pub(super) struct Context {
    place: Place,
    dockerfile: Dockerfile,
}

#[derive(Debug)]
enum Place {
    Folder { root: PathBuf, ignored: Ignored },
    Remote(String),
}

/// Where the Dockerfile comes from.
#[derive(Debug)]
pub(super) enum Dockerfile {
    /// A file of the context, by its path in it.
    Inside(String),
    /// A text that is added under a name of ours.
    Given { name: String, text: Vec<u8> },
}

impl Context {
    /// Reads what is needed before anything can be sent.
    pub(super) async fn open(build: &Build) -> Result<Self, RuntimeError> {
        let build = build.clone();
        blocking(move || Self::open_now(&build)).await
    }

    fn open_now(build: &Build) -> Result<Self, RuntimeError> {
        let inline =
            (!build.dockerfile_inline.is_empty()).then(|| given(build.dockerfile_inline.clone().into()));
        if !build.context.starts_with('/') {
            return Ok(Self {
                place: Place::Remote(build.context.clone()),
                dockerfile: inline.unwrap_or_else(|| Dockerfile::Inside(build.dockerfile.clone())),
            });
        }
        let root = PathBuf::from(&build.context);
        let path = root.join(if build.dockerfile.is_empty() {
            "Dockerfile"
        } else {
            &build.dockerfile
        });
        let dockerfile = match inline {
            Some(inline) => inline,
            None => match path.strip_prefix(&root) {
                Ok(inside) if !inside.starts_with("..") => {
                    fs::metadata(&path).map_err(|source| failed("find the Dockerfile", &path, source))?;
                    Dockerfile::Inside(slashes(inside))
                }
                _ => given(fs::read(&path).map_err(|source| failed("read the Dockerfile", &path, source))?),
            },
        };
        let ignored = ignore_file(&root, &path)?;
        Ok(Self {
            place: Place::Folder { root, ignored },
            dockerfile,
        })
    }

    pub(super) fn dockerfile(&self) -> &Dockerfile {
        &self.dockerfile
    }

    /// The URL, when the engine fetches the context itself.
    pub(super) fn remote(&self) -> Option<&str> {
        match &self.place {
            Place::Remote(url) => Some(url),
            Place::Folder { .. } => None,
        }
    }

    /// The archive piece by piece, and the packing behind it.
    pub(super) fn stream(
        self: &Arc<Self>,
    ) -> (
        impl futures_util::Stream<Item = Result<Bytes, io::Error>> + Send + use<>,
        Packing,
    ) {
        let context = Arc::clone(self);
        stream::packed(move |pipe| context.pack(pipe))
    }

    /// The archive in memory.
    pub(super) async fn whole(self: &Arc<Self>) -> Result<Vec<u8>, RuntimeError> {
        let context = Arc::clone(self);
        blocking(move || {
            let mut archive = Vec::new();
            context.pack(&mut archive)?;
            Ok(archive)
        })
        .await
    }

    fn pack(&self, out: impl Write) -> Result<(), RuntimeError> {
        let mut archive = tar::Builder::new(out);
        archive.follow_symlinks(false);
        archive.mode(tar::HeaderMode::Complete);
        if let Place::Folder { root, ignored } = &self.place {
            self.add_folder(&mut archive, root, "", ignored)?;
        }
        if let Dockerfile::Given { name, text } = &self.dockerfile {
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_mode(0o644);
            archive
                .append_data(&mut header, name, text.as_slice())
                .map_err(|source| failed("pack the build context", Path::new(name), source))?;
        }
        let finish = |source| failed("send the build context", Path::new(""), source);
        archive.into_inner().map_err(finish)?.flush().map_err(finish)
    }

    fn add_folder(
        &self,
        archive: &mut tar::Builder<impl Write>,
        root: &Path,
        below: &str,
        ignored: &Ignored,
    ) -> Result<(), RuntimeError> {
        let folder = root.join(below);
        let pack = |path: &Path, source| failed("pack the build context", path, source);
        let mut entries = fs::read_dir(&folder)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|source| pack(&folder, source))?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            let name = if below.is_empty() {
                name
            } else {
                format!("{below}/{name}")
            };
            let kind = entry.file_type().map_err(|source| pack(&path, source))?;
            let out = ignored.leaves_out(&name) && !self.is_needed(&name);
            if kind.is_dir() {
                if !out {
                    archive
                        .append_dir(&name, &path)
                        .map_err(|source| pack(&path, source))?;
                }
                let skip = out && ignored.leaves_out_all_below(&name) && !self.is_needed_below(&name);
                if !skip {
                    self.add_folder(archive, root, &name, ignored)?;
                }
            } else if !out && (kind.is_file() || kind.is_symlink()) {
                match archive.append_path_with_name(&path, &name) {
                    // It went away while the folder was read.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    other => other.map_err(|source| pack(&path, source))?,
                }
            }
        }
        Ok(())
    }

    /// The builder reads these itself, whatever is ignored.
    fn is_needed(&self, name: &str) -> bool {
        name == IGNORE_FILE || matches!(&self.dockerfile, Dockerfile::Inside(path) if path == name)
    }

    fn is_needed_below(&self, folder: &str) -> bool {
        matches!(&self.dockerfile, Dockerfile::Inside(path)
            if path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')))
    }
}

fn given(text: Vec<u8>) -> Dockerfile {
    Dockerfile::Given {
        name: GIVEN.to_owned(),
        text,
    }
}

/// `<Dockerfile>.dockerignore` wins over the one in the root.
fn ignore_file(root: &Path, dockerfile: &Path) -> Result<Ignored, RuntimeError> {
    let mut own = dockerfile.as_os_str().to_owned();
    own.push(IGNORE_FILE);
    for path in [PathBuf::from(own), root.join(IGNORE_FILE)] {
        match fs::read_to_string(&path) {
            Ok(text) => return Ok(Ignored::read(&text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(failed("read the ignore file", &path, source)),
        }
    }
    Ok(Ignored::default())
}

fn slashes(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

fn failed(action: &str, path: &Path, source: io::Error) -> RuntimeError {
    RuntimeError::File {
        action: action.to_owned(),
        path: path.to_owned(),
        source,
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, RuntimeError> + Send + 'static,
) -> Result<T, RuntimeError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(stopped) => Err(failed(
            "read the build context",
            Path::new(""),
            io::Error::other(stopped),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn names(build: Build) -> Vec<String> {
        let context = Arc::new(Context::open(&build).await.unwrap());
        let packed = context.whole().await.unwrap();
        let mut archive = tar::Archive::new(packed.as_slice());
        let entries = archive.entries().unwrap();
        entries
            .map(|entry| entry.unwrap().path().unwrap().to_string_lossy().into_owned())
            .collect()
    }

    #[tokio::test]
    async fn ignored_files_stay_and_the_dockerfile_goes() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("Dockerfile", "FROM x");
        write("src/a.txt", "a");
        write("node_modules/b.js", "b");
        write(".dockerignore", "node_modules\nDockerfile\n.dockerignore\n");
        std::os::unix::fs::symlink("nowhere", folder.path().join("link")).unwrap();
        let build = Build {
            context: folder.path().to_string_lossy().into_owned(),
            dockerfile: "Dockerfile".to_owned(),
            ..Build::default()
        };
        assert_eq!(
            names(build.clone()).await,
            [".dockerignore", "Dockerfile", "link", "src", "src/a.txt"]
        );
        let inline = Build {
            dockerfile_inline: "FROM y".to_owned(),
            ..build.clone()
        };
        assert!(names(inline).await.contains(&GIVEN.to_owned()));
        write("Dockerfile.dockerignore", "src\n");
        assert!(!names(build).await.iter().any(|name| name.starts_with("src")));
    }

    #[tokio::test]
    async fn a_missing_dockerfile_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let build = Build {
            context: folder.path().to_string_lossy().into_owned(),
            dockerfile: "No.dockerfile".to_owned(),
            ..Build::default()
        };
        let message = Context::open(&build).await.unwrap_err().to_string();
        assert!(message.starts_with("find the Dockerfile: `"), "{message}");
        assert!(message.contains("No.dockerfile"), "{message}");
    }
}

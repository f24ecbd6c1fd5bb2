// SPDX-License-Identifier: MIT
//! `cargo xtask images`: the images that the examples and tests name, pulled or built from the distribution's packages.

use std::io::BufRead;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::api::{self, Endpoint};
use crate::sh::{self, Sh};
use crate::{engine, packages, say, settings};

mod base;

/// How long the first answer to a pull may take before a registry counts as out of reach.
const REGISTRY_PATIENCE: Duration = Duration::from_secs(10);
/// How long a registry that was out of reach is not asked again.
const REGISTRY_MEMORY: Duration = Duration::from_secs(60 * 60);
/// How long the engine may take to read a tar before it answers.
const TAR_PATIENCE: Duration = Duration::from_secs(300);
/// Marks an image that was built here in place of the official one.
const STANDIN_LABEL: &str = "dev.cilo.standin";

/// One image that examples or tests name.
struct Image {
    /// As projects name it, with its tag.
    reference: &'static str,
    /// What stands in for it where it cannot be pulled.
    standin: Standin,
}

/// How a stand-in is made.
#[derive(Clone, Copy)]
enum Standin {
    /// `debootstrap` from the distribution's mirror.
    Debootstrap,
    /// A folder of `xtask/images`, built on an image further up in the table.
    Folder(&'static str),
}

/// Every image, each after those it is built on.
const IMAGES: &[Image] = &[
    Image {
        reference: "debian:bookworm-slim",
        standin: Standin::Debootstrap,
    },
    Image {
        reference: "busybox:latest",
        standin: Standin::Folder("busybox"),
    },
    Image {
        reference: "postgres:15-alpine",
        standin: Standin::Folder("postgres"),
    },
    Image {
        reference: "redis:7-alpine",
        standin: Standin::Folder("redis"),
    },
    Image {
        reference: "nginx:1-alpine",
        standin: Standin::Folder("nginx"),
    },
];

/// Provide the images that the examples and tests use
///
/// Pulled where a registry answers; elsewhere stand-ins are built from Debian's packages (debootstrap) and
/// labelled `dev.cilo.standin=true`. Images that are there already are left alone.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Never ask a registry: build the stand-ins
    #[arg(long)]
    offline: bool,
}

/// Why an image is missing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Engine(#[from] engine::Error),
    #[error("the image {reference} could be neither pulled nor built here")]
    Image {
        reference: &'static str,
        #[source]
        source: Box<Self>,
    },
    #[error("the container engine did not do its part")]
    Api(#[from] api::Error),
    #[error("the container engine reported: {0}")]
    Reported(String),
    #[error(transparent)]
    Packages(#[from] packages::Error),
    #[error(transparent)]
    Sh(#[from] sh::Error),
    #[error("the container engine's answer broke off")]
    Stream(#[source] std::io::Error),
    #[error("cannot keep files under target/xtask")]
    Scratch(#[from] std::io::Error),
}

/// Provides an engine, then the images.
pub(crate) fn run(args: &Args) -> Result<(), Error> {
    let endpoint = engine::provide()?;
    if args.offline {
        provide_with(&endpoint, Source::Build)
    } else {
        provide(&endpoint)
    }
}

/// Makes sure that every image of the table is in the engine; one question per image when they are.
pub(crate) fn provide(endpoint: &Endpoint) -> Result<(), Error> {
    provide_with(endpoint, Source::Either)
}

/// What [`provide`] would do; `None` when every image is there.
pub(crate) fn plan() -> Option<String> {
    let endpoint = Endpoint::current().ok();
    let here = |image: &&Image| {
        endpoint
            .as_ref()
            .is_some_and(|e| present(e, image.reference).unwrap_or(false))
    };
    let missing = IMAGES.len() - IMAGES.iter().filter(here).count();
    (missing > 0).then(|| {
        format!("pulls {missing} images, or without a registry installs debootstrap and builds them from Debian's packages")
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    Either,
    Build,
}

fn provide_with(endpoint: &Endpoint, source: Source) -> Result<(), Error> {
    let mut source = source;
    let mut guard = None;
    for image in IMAGES {
        if present(endpoint, image.reference)? {
            continue;
        }
        if guard.is_none() {
            // Two runs at once would bootstrap the same base twice; the second finds the first one's work.
            guard = Some(lock()?);
            if present(endpoint, image.reference)? {
                continue;
            }
        }
        let missing = |inner| Error::Image {
            reference: image.reference,
            source: Box::new(inner),
        };
        obtain(endpoint, image, &mut source).map_err(missing)?;
    }
    say::step(&format!("images: {} are there", IMAGES.len()));
    Ok(())
}

fn obtain(endpoint: &Endpoint, image: &Image, source: &mut Source) -> Result<(), Error> {
    if *source == Source::Either && !registry_was_away() {
        say::step(&format!("images: pulling {}", image.reference));
        match pull(endpoint, image.reference) {
            Ok(()) => return Ok(()),
            Err(error) => {
                say::step(&format!(
                    "images: no registry ({}); building stand-ins",
                    innermost(&error)
                ));
                fs_err::write(memory(), "")?;
            }
        }
    }
    *source = Source::Build;
    say::step(&format!("images: building a stand-in for {}", image.reference));
    match image.standin {
        Standin::Debootstrap => base::import(endpoint, image.reference),
        Standin::Folder(folder) => build(endpoint, image.reference, folder),
    }
}

fn present(endpoint: &Endpoint, reference: &str) -> Result<bool, Error> {
    match endpoint.call(
        "GET",
        &format!("/images/{reference}/json"),
        &[],
        None,
        REGISTRY_PATIENCE,
    ) {
        Ok(_) => Ok(true),
        Err(api::Error::Refused { status: 404, .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn pull(endpoint: &Endpoint, reference: &str) -> Result<(), Error> {
    let (name, tag) = split(reference);
    let query = [("fromImage", name), ("tag", tag)];
    let answer = endpoint.call("POST", "/images/create", &query, None, REGISTRY_PATIENCE)?;
    finish(answer, &mut String::new())
}

fn build(endpoint: &Endpoint, reference: &str, folder: &str) -> Result<(), Error> {
    fs_err::create_dir_all(settings::scratch())?;
    let context = settings::scratch().join(format!("{folder}.tar"));
    let source = settings::root().join("xtask/images").join(folder);
    Sh::new("tar")
        .args(["--create", "--file"])
        .arg(&context)
        .arg("--directory")
        .arg(source)
        .arg(".")
        .quiet()?;
    let label = format!("{{\"{STANDIN_LABEL}\":\"true\"}}");
    let proxies = serde_json::Value::from(proxy_arguments()).to_string();
    let query = [
        ("t", reference),
        ("labels", &label),
        ("buildargs", &proxies),
        // The host's network: its resolver and proxies may listen on the loopback only.
        ("networkmode", "host"),
        ("rm", "1"),
        ("forcerm", "1"),
    ];
    let answer = endpoint.call("POST", "/build", &query, Some(&context), TAR_PATIENCE)?;
    let mut output = String::new();
    let result = finish(answer, &mut output);
    if result.is_err() {
        say::step(output.trim_end());
    }
    fs_err::remove_file(context)?;
    result
}

/// Reads the engine's stream of JSON lines to its end; an `error` line is the failure.
fn finish(answer: impl BufRead, output: &mut String) -> Result<(), Error> {
    for line in answer.lines() {
        let json: serde_json::Value = serde_json::from_str(&line.map_err(Error::Stream)?).unwrap_or_default();
        if let Some(error) = json.get("error").and_then(|e| e.as_str()) {
            return Err(Error::Reported(error.trim().to_owned()));
        }
        if let Some(text) = json.get("stream").and_then(|s| s.as_str()) {
            output.push_str(text);
        }
    }
    Ok(())
}

fn split(reference: &str) -> (&str, &str) {
    reference.rsplit_once(':').unwrap_or((reference, "latest"))
}

fn proxy_arguments() -> serde_json::Map<String, serde_json::Value> {
    [
        "http_proxy",
        "https_proxy",
        "no_proxy",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "NO_PROXY",
    ]
    .iter()
    .filter_map(|name| Some(((*name).to_owned(), settings::text(name)?.into())))
    .collect()
}

fn memory() -> PathBuf {
    settings::scratch().join("no-registry")
}

fn registry_was_away() -> bool {
    is_recent(&memory())
}

fn is_recent(path: &Path) -> bool {
    let modified = fs_err::metadata(path).and_then(|m| m.modified());
    modified.is_ok_and(|at| {
        SystemTime::now()
            .duration_since(at)
            .is_ok_and(|age| age < REGISTRY_MEMORY)
    })
}

fn lock() -> Result<fs_err::File, Error> {
    fs_err::create_dir_all(settings::scratch())?;
    let file = fs_err::File::create(settings::scratch().join("images.lock"))?;
    file.lock()?;
    Ok(file)
}

fn innermost(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(inner) = last.source() {
        last = inner;
    }
    last.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_in_the_stream_is_the_failure() {
        let mut output = String::new();
        let lines = &b"{\"stream\":\"Step 1\\n\"}\n{\"error\":\"no such package\\n\"}\n"[..];
        let error = finish(lines, &mut output).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the container engine reported: no such package"
        );
        assert_eq!(output, "Step 1\n");
    }

    #[test]
    fn every_image_of_the_table_has_a_tag_and_a_standin_that_is_there() {
        for image in IMAGES {
            let (name, tag) = split(image.reference);
            assert!(!name.is_empty() && !tag.is_empty(), "{}", image.reference);
            if let Standin::Folder(folder) = image.standin {
                let dockerfile = settings::root()
                    .join("xtask/images")
                    .join(folder)
                    .join("Dockerfile");
                assert!(dockerfile.is_file(), "{} is missing", dockerfile.display());
            }
        }
    }

    #[test]
    fn the_memory_of_a_missing_registry_fades() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("no-registry");
        assert!(!is_recent(&path));
        fs_err::write(&path, "").unwrap();
        assert!(is_recent(&path));
        let old = SystemTime::now() - 2 * REGISTRY_MEMORY;
        fs_err::File::open(&path)
            .unwrap()
            .file()
            .set_modified(old)
            .unwrap();
        assert!(!is_recent(&path));
    }
}

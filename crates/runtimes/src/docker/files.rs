// SPDX-License-Identifier: MIT
//! Secrets and configs: digests of their content, and archives of those that are copied into a container.

use std::collections::BTreeMap;
use std::path::Path;

use cilo_spec::IsolatedSpec;
use cilo_spec::model::{FileGrant, FileSource, Service};

use super::{hash, request};
use crate::error::RuntimeError;

/// The mode of a file that names none (Compose specification, "secrets", "configs").
const DEFAULT_MODE: u32 = 0o444;

/// Digests of what the service gets, by where it appears: a changed secret makes another container.
pub(super) async fn digests(
    spec: &IsolatedSpec,
    service: &Service,
) -> Result<BTreeMap<String, String>, RuntimeError> {
    let mut found = BTreeMap::new();
    for (source, _, target) in granted(spec, service) {
        let digest = if source.file.is_empty() {
            hash::bytes(content(source).as_bytes())
        } else {
            digest_of_file(Path::new(&source.file)).await?
        };
        found.insert(target, digest);
    }
    Ok(found)
}

/// An archive of the files to be copied into the container, from its root; `None` when there are none.
pub(super) fn archive(spec: &IsolatedSpec, service: &Service) -> Result<Option<Vec<u8>>, RuntimeError> {
    let mut archive = tar::Builder::new(Vec::new());
    let mut any = false;
    for (source, grant, target) in granted(spec, service) {
        if !source.file.is_empty() {
            continue;
        }
        any = true;
        let content = content(source);
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(mode(grant));
        header.set_uid(grant.uid.parse().unwrap_or(0));
        header.set_gid(grant.gid.parse().unwrap_or(0));
        header.set_entry_type(tar::EntryType::Regular);
        let path = target.trim_start_matches('/');
        archive
            .append_data(&mut header, path, content.as_bytes())
            .map_err(|source| packing(&target, source))?;
    }
    let packed = archive.into_inner().map_err(|source| packing("/", source))?;
    Ok(any.then_some(packed))
}

/// The service gets files that are not mounted.
pub(super) fn copies(spec: &IsolatedSpec, service: &Service) -> bool {
    granted(spec, service).any(|(source, ..)| source.file.is_empty())
}

fn granted<'a>(
    spec: &'a IsolatedSpec,
    service: &'a Service,
) -> impl Iterator<Item = (&'a FileSource, &'a FileGrant, String)> {
    let environment = spec.environment();
    let secrets = service.secrets.iter().filter_map(|grant| {
        let source = environment.secrets.get(&grant.source)?;
        Some((source, grant, request::secret_target(grant)))
    });
    let configs = service.configs.iter().filter_map(|grant| {
        let source = environment.configs.get(&grant.source)?;
        Some((source, grant, request::config_target(grant)))
    });
    secrets.chain(configs)
}

fn content(source: &FileSource) -> &str {
    if source.environment.is_empty() {
        &source.content
    } else {
        source.value.as_deref().unwrap_or_default()
    }
}

fn mode(grant: &FileGrant) -> u32 {
    grant
        .mode
        .as_deref()
        .and_then(|text| u32::from_str_radix(text.trim_start_matches("0o"), 8).ok())
        .unwrap_or(DEFAULT_MODE)
}

/// A folder is as good as a file here; it is mounted, and what is in it is not looked at.
async fn digest_of_file(path: &Path) -> Result<String, RuntimeError> {
    let failed = |source| RuntimeError::File {
        action: "read a secret or config".to_owned(),
        path: path.to_owned(),
        source,
    };
    if tokio::fs::metadata(path).await.map_err(failed)?.is_dir() {
        return Ok("folder".to_owned());
    }
    Ok(hash::bytes(&tokio::fs::read(path).await.map_err(failed)?))
}

fn packing(target: &str, source: std::io::Error) -> RuntimeError {
    RuntimeError::File {
        action: "pack a secret or config".to_owned(),
        path: target.into(),
        source,
    }
}

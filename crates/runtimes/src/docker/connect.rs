// SPDX-License-Identifier: MIT
//! Getting through to an engine.

use std::path::Path;
use std::sync::Arc;

use bollard::models::SystemVersion;

use super::Docker;
use super::dialect;
use crate::endpoint::{ConnectError, Endpoint};
use crate::runtime::Runtime;

/// Seconds one request may take until its answer begins. Creating and starting take long on a busy machine.
const TIMEOUT: u64 = 300;

/// Connects when what answers is Docker.
pub(super) async fn connect(endpoint: &Endpoint) -> Result<Option<Arc<dyn Runtime>>, ConnectError> {
    let (api, version) = dial(endpoint).await?;
    if !dialect::is_docker(&version) {
        return Ok(None);
    }
    Ok(Some(Arc::new(Docker::new(api, endpoint.clone(), version))))
}

/// A client, and what the engine says of itself.
async fn dial(endpoint: &Endpoint) -> Result<(bollard::Docker, SystemVersion), ConnectError> {
    let client = match endpoint {
        Endpoint::Unix(path) => {
            if !exists(path) {
                return Err(ConnectError::NoSocket {
                    endpoint: endpoint.clone(),
                });
            }
            bollard::Docker::connect_with_unix(&path.to_string_lossy(), TIMEOUT, bollard::API_DEFAULT_VERSION)
        }
        Endpoint::Tcp(address) => {
            bollard::Docker::connect_with_http(address, TIMEOUT, bollard::API_DEFAULT_VERSION)
        }
    };
    let refused = |error| refused(endpoint, error);
    let client = client.map_err(refused)?;
    // Requests carry no version: the engine speaks its newest, and this says which that is.
    let version = client.version().await.map_err(refused)?;
    let has = version.api_version.as_deref().unwrap_or_default();
    if parse_version(has) < parse_version(crate::MIN_API_VERSION) {
        return Err(ConnectError::TooOld {
            endpoint: endpoint.clone(),
            has: has.to_owned(),
        });
    }
    Ok((client, version))
}

/// A version as numbers that compare.
pub(super) fn parse_version(text: &str) -> (usize, usize) {
    let mut parts = text.split('.').map(|part| part.parse().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0))
}

fn exists(path: &Path) -> bool {
    path.try_exists().unwrap_or(true)
}

fn refused(endpoint: &Endpoint, error: bollard::errors::Error) -> ConnectError {
    let endpoint = endpoint.clone();
    if matches!(error, bollard::errors::Error::SocketNotFoundError(_)) {
        return ConnectError::NoSocket { endpoint };
    }
    if dialect::io_kind(&error) == Some(std::io::ErrorKind::PermissionDenied) {
        return ConnectError::PermissionDenied {
            endpoint,
            source: Box::new(error),
        };
    }
    ConnectError::NoAnswer {
        endpoint,
        source: Box::new(error),
    }
}

// SPDX-License-Identifier: MIT
//! Everything in which engines that speak Docker's API differ: words of errors, events and states.

use std::error::Error as _;
use std::io;

use bollard::errors::Error;
use bollard::models::{EventMessage, SystemInfo, SystemVersion};
use cilo_spec::Health;

use crate::error::{RuntimeError, Unavailable};
use crate::event::Happened;

/// The engine that answered is Docker, not another one behind the same API.
pub(super) fn is_docker(version: &SystemVersion) -> bool {
    let components = version.components.as_deref().unwrap_or_default();
    !components
        .iter()
        .any(|component| component.name.to_ascii_lowercase().contains("podman"))
}

pub(super) fn is_rootless(info: &SystemInfo) -> bool {
    let options = info.security_options.as_deref().unwrap_or_default();
    options.iter().any(|option| option.contains("rootless"))
}

/// Docker Desktop and its relatives run the engine in a machine of its own.
pub(super) fn is_desktop(info: &SystemInfo) -> bool {
    let system = info.operating_system.as_deref().unwrap_or_default();
    ["Docker Desktop", "OrbStack", "Rancher Desktop", "Colima"]
        .iter()
        .any(|name| system.contains(name))
}

/// What a refused request means. `action` says what was tried: `start container `x``.
pub(super) fn classify(action: impl Into<String>, error: Error) -> RuntimeError {
    let action = action.into();
    let kind = io_kind(&error);
    let source = Box::new(error);
    match (&*source, kind) {
        (_, Some(io::ErrorKind::PermissionDenied)) => RuntimeError::PermissionDenied { action, source },
        (
            _,
            Some(
                io::ErrorKind::ConnectionRefused
                | io::ErrorKind::NotFound
                | io::ErrorKind::ConnectionReset
                | io::ErrorKind::BrokenPipe
                | io::ErrorKind::UnexpectedEof,
            ),
        )
        | (
            Error::RequestTimeoutError | Error::HyperResponseError { .. } | Error::SocketNotFoundError(_),
            _,
        ) => RuntimeError::Unreachable { action, source },
        (Error::DockerResponseServerError { status_code: 404, .. }, _) => {
            RuntimeError::NotFound { action, source }
        }
        (Error::DockerResponseServerError { status_code: 409, .. }, _) => {
            RuntimeError::Conflict { action, source }
        }
        _ => RuntimeError::Engine { action, source },
    }
}

/// The engine's own error in a pull, sorted.
pub(super) fn unavailable(image: &str, error: Error) -> RuntimeError {
    let text = message(&error).to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let reason = if has(&[
        "no such host",
        "dial tcp",
        "i/o timeout",
        "connection refused",
        "network is unreachable",
        "temporary failure in name resolution",
        "server misbehaving",
        "request canceled",
        "tls handshake",
        "proxyconnect",
        "context deadline exceeded",
    ]) {
        Unavailable::Offline
    } else if has(&["no matching manifest", "does not match the specified platform"]) {
        Unavailable::Platform
    } else if has(&["unauthorized", "authentication required", "no basic auth"]) {
        Unavailable::Denied
    } else if has(&[
        "not found",
        "manifest unknown",
        "does not exist",
        "access denied",
        "name unknown",
        "denied",
    ]) {
        Unavailable::Unknown
    } else {
        Unavailable::Other
    };
    if matches!(io_kind(&error), Some(kind) if kind != io::ErrorKind::Other) {
        return classify(format!("pull image `{image}`"), error);
    }
    RuntimeError::ImageUnavailable {
        image: image.to_owned(),
        reason,
        source: Some(Box::new(error)),
    }
}

/// The engine refused a subnet because something else uses it.
pub(super) fn is_pool_overlap(error: &Error) -> bool {
    let text = message(error);
    text.contains("Pool overlaps") || text.contains("is already used on the host")
}

/// The thing is not there.
pub(super) fn is_missing(error: &Error) -> bool {
    matches!(error, Error::DockerResponseServerError { status_code: 404, .. })
}

/// What was asked for is so already: started, stopped, connected, or being removed by someone else.
pub(super) fn is_so_already(error: &Error) -> bool {
    let Error::DockerResponseServerError { status_code, message } = error else {
        return false;
    };
    *status_code == 304
        || (*status_code == 409 && message.contains("already in progress"))
        || message.contains("already exists in network")
        || (*status_code == 409 && message.contains("is not running"))
        || message.contains("same name as its current name")
}

/// A volume that a container has.
pub(super) fn is_in_use(error: &Error) -> bool {
    matches!(error, Error::DockerResponseServerError { status_code: 409, .. })
}

/// The container is not in the network it was to leave.
pub(super) fn is_not_connected(error: &Error) -> bool {
    message(error).contains("is not connected")
}

/// The builder inside the engine cannot be used at all.
pub(super) fn lacks_buildkit(error: &Error) -> bool {
    let text = message(error);
    text.contains("BuildKit is not supported")
        || text.contains("buildkit not supported")
        || text.contains("/session")
        || text.contains("unknown builder version")
}

/// The words of an error, for sorting it.
fn message(error: &Error) -> String {
    match error {
        Error::DockerResponseServerError { message, .. } => message.clone(),
        Error::DockerStreamError { error } => error.clone(),
        other => other.to_string(),
    }
}

/// The system's error underneath, if there is one.
pub(super) fn io_kind(error: &Error) -> Option<io::ErrorKind> {
    let mut next: Option<&(dyn std::error::Error + 'static)> = match error {
        // These two pass their source's own sources on and hide the source itself.
        Error::IOError { err } => return Some(err.kind()),
        Error::HyperLegacyError { err } => Some(err),
        other => other.source(),
    };
    while let Some(current) = next {
        if let Some(io) = current.downcast_ref::<io::Error>() {
            return Some(io.kind());
        }
        next = current.source();
    }
    None
}

/// What an event means; `None` when nobody waits for it.
pub(super) fn happened(event: &EventMessage) -> Option<Happened> {
    let action = event.action.as_deref()?;
    Some(match action {
        "create" => Happened::Created,
        "start" => Happened::Started,
        "pause" => Happened::Paused,
        "unpause" => Happened::Unpaused,
        "destroy" | "remove" => Happened::Removed,
        "die" => {
            let attributes = event.actor.as_ref()?.attributes.as_ref()?;
            let code = attributes
                .get("exitCode")
                .or_else(|| attributes.get("containerExitCode"));
            Happened::Died(code.and_then(|code| code.parse().ok()).unwrap_or(-1))
        }
        other => match other
            .strip_prefix("health_status")?
            .trim_start_matches(':')
            .trim()
        {
            "healthy" => Happened::Healthy,
            "unhealthy" => Happened::Unhealthy,
            _ => return None,
        },
    })
}

/// The health that the status text of a container list tells: `Up 2 minutes (healthy)`.
pub(super) fn health_of_status(status: &str) -> Option<Health> {
    let inner = status.rsplit_once('(')?.1.trim_end_matches(')');
    match inner {
        "healthy" => Some(Health::Healthy),
        "unhealthy" => Some(Health::Unhealthy),
        "health: starting" | "starting" => Some(Health::Starting),
        _ => None,
    }
}

/// The exit code that the status text of a container list tells: `Exited (7) 2 minutes ago`.
pub(super) fn exit_code_of_status(status: &str) -> Option<i64> {
    let rest = status
        .strip_prefix("Exited (")
        .or_else(|| status.strip_prefix("Restarting ("))?;
    rest.split_once(')')?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use bollard::models::EventActor;

    use super::*;

    #[test]
    fn status_texts() {
        for (text, health, exit) in [
            ("Up 2 minutes (healthy)", Some(Health::Healthy), None),
            ("Up 1 second (health: starting)", Some(Health::Starting), None),
            ("Up About a minute (unhealthy)", Some(Health::Unhealthy), None),
            ("Up 3 hours (Paused)", None, None),
            ("Exited (137) 5 days ago", None, Some(137)),
            ("Restarting (1) 2 seconds ago", None, Some(1)),
            ("Created", None, None),
            ("", None, None),
        ] {
            assert_eq!(health_of_status(text), health, "{text}");
            assert_eq!(exit_code_of_status(text), exit, "{text}");
        }
    }

    #[test]
    fn events_of_both_families_mean_the_same() {
        let event = |action: &str, attributes: &[(&str, &str)]| EventMessage {
            action: Some(action.to_owned()),
            actor: Some(EventActor {
                id: None,
                attributes: Some(
                    attributes
                        .iter()
                        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                        .collect(),
                ),
            }),
            ..EventMessage::default()
        };
        assert_eq!(
            happened(&event("die", &[("exitCode", "7")])),
            Some(Happened::Died(7))
        );
        assert_eq!(
            happened(&event("die", &[("containerExitCode", "3")])),
            Some(Happened::Died(3))
        );
        assert_eq!(
            happened(&event("health_status: healthy", &[])),
            Some(Happened::Healthy)
        );
        assert_eq!(
            happened(&event("health_status: unhealthy", &[])),
            Some(Happened::Unhealthy)
        );
        assert_eq!(happened(&event("destroy", &[])), Some(Happened::Removed));
        assert_eq!(happened(&event("remove", &[])), Some(Happened::Removed));
        assert_eq!(happened(&event("exec_create: ls", &[])), None);
    }

    #[test]
    fn errors_are_sorted_by_what_to_do() {
        let stream = |error: &str| Error::DockerStreamError {
            error: error.to_owned(),
        };
        let reason = |error: Error| match unavailable("x", error) {
            RuntimeError::ImageUnavailable { reason, .. } => reason,
            other => panic!("{other}"),
        };
        assert_eq!(
            reason(stream(
                "Get https://registry/v2/: dial tcp: lookup registry: no such host"
            )),
            Unavailable::Offline
        );
        assert_eq!(
            reason(stream("manifest for x:1 not found: manifest unknown")),
            Unavailable::Unknown
        );
        assert_eq!(
            reason(stream(
                "no matching manifest for linux/arm64 in the manifest list"
            )),
            Unavailable::Platform
        );
        let overlap = Error::DockerResponseServerError {
            status_code: 403,
            message: "Pool overlaps with other one on this address space".to_owned(),
        };
        assert!(is_pool_overlap(&overlap));
        let gone = Error::DockerResponseServerError {
            status_code: 404,
            message: String::new(),
        };
        assert!(matches!(classify("x", gone), RuntimeError::NotFound { .. }));
    }
}

// SPDX-License-Identifier: MIT
//! Image references (OCI distribution specification; the short forms are Docker's).

/// The reference with a tag: without one an engine pulls every tag there is.
pub(in crate::docker) fn full(reference: &str) -> String {
    let last = reference.rsplit('/').next().unwrap_or(reference);
    if last.contains(':') || reference.contains('@') {
        reference.to_owned()
    } else {
        format!("{reference}:latest")
    }
}

/// The host of the registry; Docker Hub is `docker.io`.
pub(in crate::docker) fn registry(reference: &str) -> &str {
    match reference.split_once('/') {
        Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => host,
        _ => "docker.io",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_forms() {
        for (text, long, host) in [
            ("nginx", "nginx:latest", "docker.io"),
            ("nginx:1", "nginx:1", "docker.io"),
            ("me/app", "me/app:latest", "docker.io"),
            (
                "localhost:5000/app",
                "localhost:5000/app:latest",
                "localhost:5000",
            ),
            ("ghcr.io/a/b:2", "ghcr.io/a/b:2", "ghcr.io"),
            ("a@sha256:00", "a@sha256:00", "docker.io"),
        ] {
            assert_eq!(full(text), long);
            assert_eq!(registry(text), host);
        }
    }
}

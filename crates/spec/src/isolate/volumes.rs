// SPDX-License-Identifier: MIT
//! Volumes, binds, secrets, configs and build contexts: data of the environment's own.

use std::collections::BTreeMap;

use super::paths::{Place, moved, place};
use super::{Draft, Isolation, Report, WarningKind};
use crate::model::{Build, Mount, MountKind};
use crate::{labels, names};

/// Host paths that say something about the host and are only read.
const HARMLESS: &[&str] = &[
    "/etc/localtime",
    "/etc/timezone",
    "/usr/share/zoneinfo",
    "/lib/modules",
    "/etc/ssl/certs",
    "/dev/null",
];

/// Sockets that give control over the engine, and so over everything.
const ENGINE_SOCKETS: &[&str] = &[
    "/var/run/docker.sock",
    "/run/docker.sock",
    "/run/podman/podman.sock",
    "/var/run/podman/podman.sock",
];

/// Gives volumes their names and moves every path of the project into the workspace.
pub(super) fn rewrite(draft: &mut Draft<'_>) {
    rename_volumes(draft);
    let isolation = draft.isolation;
    for (kind, sources) in [
        ("secrets", &mut draft.spec.secrets),
        ("configs", &mut draft.spec.configs),
    ] {
        for (key, source) in sources.iter_mut() {
            if source.external {
                let what = format!("`{key}` is external: it is shared and not made here");
                draft
                    .report
                    .warn(format!("{kind}.{key}"), WarningKind::External, what);
            } else if !source.file.is_empty() {
                source.file = moved(isolation, &source.file);
            }
        }
    }
    for (name, service) in &mut draft.spec.services {
        for mount in &mut service.volumes {
            if mount.kind == MountKind::Bind {
                rewrite_bind(isolation, name, mount, &mut draft.report);
            }
        }
        if let Some(build) = &mut service.build {
            rewrite_build(isolation, name, build, &mut draft.report);
        }
        for rule in service.develop.iter_mut().flat_map(|develop| &mut develop.watch) {
            rule.path = moved(isolation, &rule.path);
        }
    }
}

/// Two keys may name one volume; they still do afterwards.
fn rename_volumes(draft: &mut Draft<'_>) {
    let identity = &draft.isolation.identity;
    let mut first_key_of: BTreeMap<String, String> = BTreeMap::new();
    for (key, volume) in &mut draft.spec.volumes {
        let at = format!("volumes.{key}");
        if volume.external {
            let what = format!(
                "the external volume `{}` is shared with everything else that uses it",
                volume.name
            );
            draft.report.warn(at, WarningKind::External, what);
            continue;
        }
        let owner = if volume.name.is_empty() {
            key
        } else {
            first_key_of
                .entry(volume.name.clone())
                .or_insert_with(|| key.clone())
        };
        let name = names::volume(identity, owner);
        if !volume.name.is_empty() && volume.name != name {
            draft
                .report
                .change(format!("{at}.name"), &volume.name, &name, "a volume of its own");
        }
        volume.name = name;
        volume.labels.extend(labels::of(identity));
        if let Some(device) = volume.driver_opts.get_mut("device")
            && device.starts_with('/')
        {
            match place(draft.isolation, device) {
                Place::Project { workspace, source } => {
                    draft.report.change(
                        format!("{at}.driver_opts.device"),
                        source,
                        &workspace,
                        "the environment's own copy",
                    );
                    *device = workspace;
                }
                Place::Host => draft.report.warn(
                    format!("{at}.driver_opts.device"),
                    WarningKind::HostPath,
                    format!("`{device}` is shared with the host and with every other environment"),
                ),
            }
        }
    }
}

fn rewrite_bind(isolation: &Isolation, service: &str, mount: &mut Mount, report: &mut Report) {
    let at = format!("services.{service}.volumes");
    if let Place::Project { workspace, source } = place(isolation, &mount.source) {
        report.change(at, source, &workspace, "the environment's own copy");
        mount.source = workspace;
        return;
    }
    let clean = mount.source.trim_end_matches('/');
    if reaches_engine_socket(clean) {
        let what = format!(
            "`{}` lets the service control the engine and every other environment",
            mount.source
        );
        report.warn(at, WarningKind::EngineSocket, what);
    } else if !(HARMLESS.contains(&clean) || clean.starts_with("/usr/share/zoneinfo/")) {
        let read_only = if mount.read_only { " (read-only)" } else { "" };
        let what = format!(
            "`{}`{read_only} is shared with the host and with every other environment",
            mount.source
        );
        report.warn(at, WarningKind::HostPath, what);
    }
}

/// The path is an engine's socket, or a folder that one is in.
fn reaches_engine_socket(path: &str) -> bool {
    path.ends_with("/docker.sock")
        || path.ends_with("/podman.sock")
        || ENGINE_SOCKETS.iter().any(|socket| {
            socket
                .strip_prefix(path)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
}

fn rewrite_build(isolation: &Isolation, service: &str, build: &mut Build, report: &mut Report) {
    build.context = moved(isolation, &build.context);
    build.dockerfile = moved(isolation, &build.dockerfile);
    for context in build.additional_contexts.values_mut() {
        *context = moved(isolation, context);
    }
    for tag in std::mem::take(&mut build.tags) {
        report.change(
            format!("services.{service}.build.tags"),
            tag,
            "",
            "another copy's build would take it over",
        );
    }
    build.labels.extend(labels::of(&isolation.identity));
    build
        .labels
        .insert(labels::SERVICE.to_owned(), service.to_owned());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engine_sockets_are_seen_in_every_spelling() {
        for path in [
            "/var/run/docker.sock",
            "/run",
            "/var/run",
            "/var",
            "",
            "/run/user/1000/podman/podman.sock",
        ] {
            assert!(reaches_engine_socket(path), "{path}");
        }
        for path in ["/srv", "/run/secrets", "/var/runner"] {
            assert!(!reaches_engine_socket(path), "{path}");
        }
    }
}

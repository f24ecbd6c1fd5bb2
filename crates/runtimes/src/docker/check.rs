// SPDX-License-Identifier: MIT
//! What an application asks for, held against what the engine can do, before anything is changed.

use cilo_spec::IsolatedSpec;
use cilo_spec::model::{FileSource, MountKind, Service};

use super::Docker;
use crate::error::Unsupported;

/// What is not honoured and does not stop the application.
#[derive(Debug)]
pub(super) struct Note {
    pub(super) service: String,
    pub(super) text: String,
}

/// Collects what stands against running `services`.
pub(super) fn check(
    docker: &Docker,
    spec: &IsolatedSpec,
    services: &[&str],
) -> Result<Vec<Note>, Vec<Unsupported>> {
    let mut checker = Checker {
        version: docker.version,
        refused: Vec::new(),
        notes: Vec::new(),
    };
    let environment = spec.environment();
    for name in services {
        let Some(service) = environment.services.get(*name) else {
            continue;
        };
        checker.service(name, service);
        for (kind, grants, sources) in [
            ("secrets", &service.secrets, &environment.secrets),
            ("configs", &service.configs, &environment.configs),
        ] {
            for grant in grants {
                match sources.get(&grant.source) {
                    Some(source) => checker.source(name, kind, (&grant.source, source), service),
                    None => checker.refuse(
                        format!("services.{name}.{kind}.{}", grant.source),
                        "is not declared at the top level".to_owned(),
                    ),
                }
            }
        }
        if let Some(build) = &service.build {
            checker.build(name, build);
        }
    }
    if checker.refused.is_empty() {
        Ok(checker.notes)
    } else {
        Err(checker.refused)
    }
}

struct Checker {
    version: (usize, usize),
    refused: Vec<Unsupported>,
    notes: Vec<Note>,
}

impl Checker {
    fn refuse(&mut self, at: String, why: String) {
        self.refused.push(Unsupported { at, why });
    }

    fn note(&mut self, service: &str, text: impl Into<String>) {
        self.notes.push(Note {
            service: service.to_owned(),
            text: text.into(),
        });
    }

    fn needs(&mut self, at: String, minor: usize, used: bool) {
        if used && self.version < (1, minor) {
            let (major, has) = self.version;
            let why = format!("needs engine API 1.{minor}, this engine has {major}.{has}");
            self.refuse(at, why);
        }
    }

    fn service(&mut self, name: &str, service: &Service) {
        let at = |key: &str| format!("services.{name}.{key}");
        if let Some(provider) = &service.provider {
            self.note(
                name,
                format!("is supplied by the plug-in `{}`, which is not run", provider.kind),
            );
            return;
        }
        if service.image.is_empty() {
            self.refuse(at("image"), "has neither an image nor a build".to_owned());
        }
        if service.use_api_socket {
            self.note(name, "gets the engine's socket and no registry logins");
        }
        if service.credential_spec.is_some() {
            self.refuse(
                at("credential_spec"),
                "works on Windows only and is not supported".to_owned(),
            );
        }
        if !service.models.is_empty() {
            self.note(name, "uses AI models, which are not provided here");
        }
        let check = service.healthcheck.as_ref();
        self.needs(
            at("healthcheck.start_interval"),
            44,
            check.is_some_and(|check| check.start_interval.is_some()),
        );
        for mount in &service.volumes {
            let place = format!("services.{name}.volumes.{}", mount.target);
            self.needs(place.clone(), 48, mount.kind == MountKind::Image);
            let subpath = mount
                .volume
                .as_ref()
                .is_some_and(|volume| !volume.subpath.is_empty());
            self.needs(place.clone(), 45, subpath);
            let recursive = mount
                .bind
                .as_ref()
                .map(|bind| bind.recursive.as_str())
                .unwrap_or_default();
            self.needs(place.clone(), 44, matches!(recursive, "writable" | "readonly"));
            if mount.kind == MountKind::Cluster {
                self.refuse(place, "is a cluster volume, which needs a swarm".to_owned());
            }
        }
        let endpoints = service
            .networks
            .iter()
            .filter_map(|(key, endpoint)| Some((key, endpoint.as_ref()?)));
        let mut secondary_mac = false;
        for (key, endpoint) in endpoints {
            let place = format!("services.{name}.networks.{key}.interface_name");
            self.needs(place, 49, !endpoint.interface_name.is_empty());
            secondary_mac |= !endpoint.mac_address.is_empty();
            if endpoint.gw_priority != 0 && self.version < (1, 48) {
                self.note(name, "gw_priority has no effect: it needs engine API 1.48");
            }
        }
        if secondary_mac && self.version < (1, 44) {
            self.note(
                name,
                "networks.*.mac_address has no effect: it needs engine API 1.44",
            );
        }
        if !service.annotations.is_empty() && self.version < (1, 43) {
            self.note(name, "annotations have no effect: they need engine API 1.43");
        }
    }

    fn source(&mut self, name: &str, kind: &str, (key, source): (&str, &FileSource), service: &Service) {
        let at = format!("services.{name}.{kind}.{key}");
        if source.external {
            self.refuse(at, "is external, and this engine holds none".to_owned());
        } else if !source.driver.is_empty() || !source.template_driver.is_empty() {
            self.refuse(at, "has a driver, which needs a swarm".to_owned());
        } else if source.file.is_empty() && service.read_only {
            let why = "is copied into the container, and its file system is read-only; use a file";
            self.refuse(at, why.to_owned());
        } else if !source.environment.is_empty() && source.value.is_none() {
            let why = format!("needs the variable `{}`, which is not set", source.environment);
            self.refuse(at, why);
        }
    }

    fn build(&mut self, name: &str, build: &cilo_spec::model::Build) {
        let at = |key: &str| format!("services.{name}.build.{key}");
        for (key, used) in [
            ("ssh", !build.ssh.is_empty()),
            ("entitlements", !build.entitlements.is_empty()),
            ("privileged", build.privileged),
            ("ulimits", !build.ulimits.is_empty()),
            ("no_cache_filter", !build.no_cache_filter.is_empty()),
            ("cache_to", !build.cache_to.is_empty()),
        ] {
            if used {
                self.refuse(
                    at(key),
                    "is not supported by the builder inside the engine".to_owned(),
                );
            }
        }
        if !build.context.starts_with('/') && !build.dockerfile_inline.is_empty() {
            let why = "goes with a context that is a folder only";
            self.refuse(at("dockerfile_inline"), why.to_owned());
        }
        if build.platforms.len() > 1 {
            self.refuse(
                at("platforms"),
                "names several, and the builder inside the engine builds for one".to_owned(),
            );
        }
        for (context, path) in &build.additional_contexts {
            let remote = path.contains("://") || path.starts_with("service:");
            let place = format!("services.{name}.build.additional_contexts.{context}");
            if remote {
                self.needs(place, 42, true);
            } else {
                self.refuse(
                    place,
                    "is a folder, which the builder inside the engine cannot take".to_owned(),
                );
            }
        }
        for (key, value) in [("provenance", &build.provenance), ("sbom", &build.sbom)] {
            if !matches!(value.as_str(), "" | "false") {
                self.note(
                    name,
                    format!("build.{key} has no effect with the builder inside the engine"),
                );
            }
        }
    }
}

// SPDX-License-Identifier: MIT
//! Binds, volumes, tmpfs and files of secrets and configs.

use std::collections::BTreeSet;

use bollard::models::{
    Mount, MountBindOptions, MountBindOptionsPropagationEnum, MountImageOptions, MountTmpfsOptions,
    MountType, MountVolumeOptions,
};
use cilo_spec::model::{self, BindOptions, MountKind, VolumeOptions};

use super::{Wanted, number, said, text};

const SECRETS: &str = "/run/secrets/";
/// The engine's socket, on its host and in a container that asks for it.
const API_SOCKET: &str = "/var/run/docker.sock";

/// The plain mounts as `source:target:options`, which makes missing host folders, and those that need more words.
pub(super) fn all(wanted: &Wanted<'_>) -> (Vec<String>, Vec<Mount>) {
    let mut binds = Vec::new();
    let mut mounts = Vec::new();
    let mut targets = BTreeSet::new();
    for mount in &wanted.service.volumes {
        targets.insert(mount.target.clone());
        let source = source(wanted, mount);
        if is_plain(mount, source.as_deref()) {
            binds.push(bind(mount, source.as_deref().unwrap_or_default()));
        } else {
            mounts.push(full(mount, source));
        }
    }
    if wanted.service.use_api_socket {
        binds.push(format!("{API_SOCKET}:{API_SOCKET}:rw"));
    }
    for file in files(wanted) {
        if targets.insert(file.target.clone().unwrap_or_default()) {
            mounts.push(file);
        }
    }
    mounts.extend(inherited(wanted, &targets));
    (binds, mounts)
}

/// `volumes_from` with containers in place of services.
pub(super) fn from_others(wanted: &Wanted<'_>) -> Vec<String> {
    let mut all = Vec::new();
    for source in &wanted.service.volumes_from {
        if let Some(container) = source.strip_prefix("container:") {
            all.push(container.to_owned());
            continue;
        }
        let (service, mode) = source.split_once(':').unwrap_or((source, ""));
        for id in wanted.resolved.containers.get(service).into_iter().flatten() {
            let mode = if mode.is_empty() {
                String::new()
            } else {
                format!(":{mode}")
            };
            all.push(format!("{id}{mode}"));
        }
    }
    all
}

/// Where a secret appears in the container.
pub(in crate::docker) fn secret_target(grant: &model::FileGrant) -> String {
    match grant.target.as_str() {
        "" => format!("{SECRETS}{}", grant.source),
        absolute if absolute.starts_with('/') => absolute.to_owned(),
        relative => format!("{SECRETS}{relative}"),
    }
}

/// Where a config appears in the container.
pub(in crate::docker) fn config_target(grant: &model::FileGrant) -> String {
    match grant.target.as_str() {
        "" => format!("/{}", grant.source),
        absolute if absolute.starts_with('/') => absolute.to_owned(),
        relative => format!("/{relative}"),
    }
}

/// What the engine calls the source; `None` for a new anonymous volume and for tmpfs.
fn source(wanted: &Wanted<'_>, mount: &model::Mount) -> Option<String> {
    if mount.source.is_empty() {
        let inherited = wanted.resolved.inherited.iter();
        return inherited
            .filter(|_| mount.kind == MountKind::Volume)
            .find(|volume| volume.target == mount.target)
            .map(|volume| volume.name.clone());
    }
    let named = (mount.kind == MountKind::Volume)
        .then(|| wanted.spec.environment().volumes.get(&mount.source))
        .flatten();
    Some(named.map_or_else(|| mount.source.clone(), |volume| volume.name.clone()))
}

fn is_plain(mount: &model::Mount, source: Option<&str>) -> bool {
    if source.is_none() || mount.source.is_empty() {
        return false;
    }
    match mount.kind {
        MountKind::Bind => mount.bind.as_ref().is_none_or(|bind| {
            bind.create_host_path != Some(false) && bind.propagation.is_empty() && bind.recursive.is_empty()
        }),
        MountKind::Volume => mount
            .volume
            .as_ref()
            .is_none_or(|volume| volume.labels.is_empty() && volume.subpath.is_empty() && !volume.nocopy),
        _ => false,
    }
}

fn bind(mount: &model::Mount, source: &str) -> String {
    let access = if mount.read_only { "ro" } else { "rw" };
    let selinux = mount.bind.as_ref().map_or("", |bind| bind.selinux.as_str());
    let mut options = vec![access];
    options.extend((!selinux.is_empty()).then_some(selinux));
    format!("{source}:{}:{}", mount.target, options.join(","))
}

fn full(mount: &model::Mount, source: Option<String>) -> Mount {
    Mount {
        typ: Some(match mount.kind {
            MountKind::Volume => MountType::VOLUME,
            MountKind::Bind => MountType::BIND,
            MountKind::Tmpfs => MountType::TMPFS,
            MountKind::Npipe => MountType::NPIPE,
            MountKind::Cluster => MountType::CLUSTER,
            MountKind::Image => MountType::IMAGE,
        }),
        source,
        target: Some(mount.target.clone()),
        read_only: mount.read_only.then_some(true),
        consistency: text(&mount.consistency),
        bind_options: mount.bind.as_ref().map(bind_options),
        volume_options: mount.volume.as_ref().map(volume_options),
        tmpfs_options: mount.tmpfs.as_ref().map(|tmpfs| MountTmpfsOptions {
            size_bytes: number(tmpfs.size.0),
            mode: number(i64::from(tmpfs.mode)),
            options: None,
        }),
        image_options: mount.image.as_ref().map(|image| MountImageOptions {
            subpath: text(&image.subpath),
        }),
    }
}

fn bind_options(bind: &BindOptions) -> MountBindOptions {
    MountBindOptions {
        propagation: bind.propagation.parse::<Propagation>().ok().map(|found| found.0),
        create_mountpoint: (bind.create_host_path != Some(false)).then_some(true),
        non_recursive: (bind.recursive == "disabled").then_some(true),
        read_only_non_recursive: (bind.recursive == "writable").then_some(true),
        read_only_force_recursive: (bind.recursive == "readonly").then_some(true),
    }
}

struct Propagation(MountBindOptionsPropagationEnum);

impl std::str::FromStr for Propagation {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        use MountBindOptionsPropagationEnum as Theirs;
        Ok(Self(match text {
            "private" => Theirs::PRIVATE,
            "rprivate" => Theirs::RPRIVATE,
            "shared" => Theirs::SHARED,
            "rshared" => Theirs::RSHARED,
            "slave" => Theirs::SLAVE,
            "rslave" => Theirs::RSLAVE,
            _ => return Err(()),
        }))
    }
}

fn volume_options(volume: &VolumeOptions) -> MountVolumeOptions {
    MountVolumeOptions {
        no_copy: volume.nocopy.then_some(true),
        labels: said(volume.labels.clone()),
        driver_config: None,
        subpath: text(&volume.subpath),
    }
}

/// Secrets and configs that are files of the host; the others are copied in later.
fn files(wanted: &Wanted<'_>) -> Vec<Mount> {
    let environment = wanted.spec.environment();
    let secrets = wanted.service.secrets.iter().filter_map(|grant| {
        let source = environment.secrets.get(&grant.source)?;
        Some((source, secret_target(grant)))
    });
    let configs = wanted.service.configs.iter().filter_map(|grant| {
        let source = environment.configs.get(&grant.source)?;
        Some((source, config_target(grant)))
    });
    secrets
        .chain(configs)
        .filter(|(source, _)| !source.file.is_empty())
        .map(|(source, target)| Mount {
            typ: Some(MountType::BIND),
            source: Some(source.file.clone()),
            target: Some(target),
            read_only: Some(true),
            ..Mount::default()
        })
        .collect()
}

/// Anonymous volumes of the container that is replaced, where the new one would get empty ones.
fn inherited<'a>(wanted: &'a Wanted<'_>, targets: &'a BTreeSet<String>) -> impl Iterator<Item = Mount> + 'a {
    wanted
        .resolved
        .inherited
        .iter()
        .filter(|volume| !targets.contains(&volume.target))
        .map(|volume| Mount {
            typ: Some(MountType::VOLUME),
            source: Some(volume.name.clone()),
            target: Some(volume.target.clone()),
            read_only: (!volume.writable).then_some(true),
            ..Mount::default()
        })
}

// SPDX-License-Identifier: MIT
//! Images that the project builds: names of its own for them, wherever they are used.

use std::collections::BTreeMap;

use super::Draft;
use crate::model::{EnvironmentSpec, MountKind};
use crate::{Identity, names};

/// Images that are built, by the name they had, and the name they have now.
type Built = BTreeMap<String, String>;

/// Renames built images. Services that share one, by naming the image another one builds, still share it.
///
/// `project` is the name the project had: it is part of the name of an image that is built and not named.
pub(super) fn rename(draft: &mut Draft<'_>, project: &str) {
    let built = built(&draft.spec, &draft.isolation.identity, project);
    for (name, service) in &mut draft.spec.services {
        let at = format!("services.{name}.image");
        let renamed = built.get(&tagged(&image_of(&service.image, project, name)));
        if let Some(renamed) = renamed
            && (service.build.is_some() || !service.image.is_empty())
        {
            if !service.image.is_empty() && &service.image != renamed {
                let why = "another copy's build would take it over";
                draft.report.change(at, &service.image, renamed, why);
            }
            service.image.clone_from(renamed);
        }
        let hooks = service.pre_start.iter_mut().map(|hook| &mut hook.image);
        let mounts = service
            .volumes
            .iter_mut()
            .filter(|mount| mount.kind == MountKind::Image);
        for image in hooks.chain(mounts.map(|mount| &mut mount.source)) {
            if let Some(renamed) = built.get(&tagged(image)) {
                image.clone_from(renamed);
            }
        }
    }
}

fn built(spec: &EnvironmentSpec, identity: &Identity, project: &str) -> Built {
    let mut built = Built::new();
    for (name, service) in spec
        .services
        .iter()
        .filter(|(_, service)| service.build.is_some())
    {
        let image = tagged(&image_of(&service.image, project, name));
        built.entry(image).or_insert_with(|| names::image(identity, name));
    }
    built
}

/// The name a service's image has: what it says, else the one Compose gives to what it builds.
fn image_of(image: &str, project: &str, service: &str) -> String {
    if image.is_empty() {
        format!("{project}-{service}")
    } else {
        image.to_owned()
    }
}

/// A reference without a tag or digest means the tag `latest`.
fn tagged(image: &str) -> String {
    let last = image.rsplit('/').next().unwrap_or(image);
    if last.contains([':', '@']) {
        image.to_owned()
    } else {
        format!("{image}:latest")
    }
}

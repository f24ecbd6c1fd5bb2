// SPDX-License-Identifier: MIT
//! Images: whether they are there, and getting them.

mod policy;
mod progress;
mod reference;

use bollard::auth::DockerCredentials;
use bollard::models::ImageInspect;
use bollard::query_parameters::CreateImageOptionsBuilder;
use cilo_spec::model::Service;
use futures_util::StreamExt;

use super::{Docker, dialect};
use crate::error::{RuntimeError, Unavailable};
use crate::event::PullProgress;
use crate::options::{Credentials, Pull, UpOptions};
use progress::Layers;

pub(super) use policy::of as policy;
pub(super) use reference::{full, registry};

/// An image that is there.
#[derive(Clone, Debug, Default)]
pub(super) struct Image {
    pub(super) id: String,
    /// Folders it declares as volumes.
    pub(super) volumes: Vec<String>,
    /// When it last got its name, in seconds since 1970.
    named: Option<i64>,
}

impl Docker {
    /// The image, when it is there for `platform` (empty: any).
    pub(super) async fn image(&self, name: &str, platform: &str) -> Result<Option<Image>, RuntimeError> {
        match self.api.inspect_image(name).await {
            Ok(found) if fits(&found, platform) => Ok(Some(Image {
                named: found
                    .metadata
                    .as_ref()
                    .and_then(|metadata| metadata.last_tag_time)
                    .map(|time| time.unix_timestamp()),
                volumes: found.config.and_then(|config| config.volumes).unwrap_or_default(),
                id: found.id.unwrap_or_default(),
            })),
            Ok(_) => Ok(None),
            Err(error) if dialect::is_missing(&error) => Ok(None),
            Err(error) => Err(dialect::classify(format!("look for image `{name}`"), error)),
        }
    }

    /// Pulls an image; `progress` is told whenever something changed.
    pub(super) async fn pull(
        &self,
        name: &str,
        platform: &str,
        credentials: Option<&Credentials>,
        progress: &(dyn Fn(PullProgress) + Sync),
    ) -> Result<(), RuntimeError> {
        let full = full(name);
        let mut options = CreateImageOptionsBuilder::default().from_image(&full);
        if !platform.is_empty() {
            options = options.platform(platform);
        }
        let login = credentials.map(|credentials| login(registry(name), credentials));
        let mut steps = self.api.create_image(Some(options.build()), None, login);
        let mut layers = Layers::default();
        progress(PullProgress::default());
        while let Some(step) = steps.next().await {
            let step = step.map_err(|error| dialect::unavailable(name, error))?;
            if let Some(now) = layers.read(&step) {
                progress(now);
            }
        }
        Ok(())
    }
}

/// Whether `image` has to be pulled: it is there (`found`) or not, and `service` and the user have a say.
pub(super) fn wants_pull(
    service: &Service,
    options: &UpOptions,
    found: Option<&Image>,
    now: i64,
) -> Result<bool, RuntimeError> {
    let policy = policy(service, options);
    Ok(match (policy, found) {
        (Pull::Always, _) => true,
        (Pull::Never, None) => {
            return Err(RuntimeError::ImageUnavailable {
                image: service.image.clone(),
                reason: Unavailable::Never,
                source: None,
            });
        }
        (Pull::Missing | Pull::Every(_), None) => true,
        (Pull::Missing | Pull::Never, Some(_)) => false,
        (Pull::Every(span), Some(image)) => image.named.is_none_or(|named| {
            u64::try_from(now.saturating_sub(named)).is_ok_and(|age| age > span.as_secs())
        }),
    })
}

fn login(registry: &str, credentials: &Credentials) -> DockerCredentials {
    let server = Some(registry.to_owned());
    match credentials {
        Credentials::Password { user, password } => DockerCredentials {
            username: Some(user.clone()),
            password: Some(password.clone()),
            serveraddress: server,
            ..DockerCredentials::default()
        },
        Credentials::IdentityToken(token) => DockerCredentials {
            identitytoken: Some(token.clone()),
            serveraddress: server,
            ..DockerCredentials::default()
        },
    }
}

/// The image is for `platform`, `os[/arch[/variant]]`; what the image does not say is taken to fit.
fn fits(image: &ImageInspect, platform: &str) -> bool {
    let theirs = [&image.os, &image.architecture, &image.variant];
    platform
        .split('/')
        .filter(|part| !part.is_empty())
        .zip(theirs)
        .all(|(wanted, has)| {
            let has = has.as_deref().unwrap_or_default();
            has.is_empty() || has == architecture(wanted)
        })
}

/// Names that platforms have besides the usual ones.
fn architecture(name: &str) -> &str {
    match name {
        "x86_64" | "x86-64" => "amd64",
        "aarch64" => "arm64",
        "armhf" | "armel" => "arm",
        "i386" => "386",
        other => other,
    }
}

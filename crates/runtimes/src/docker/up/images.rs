// SPDX-License-Identifier: MIT
//! The images of a run: each is looked for, pulled or built once, however many services use it.

use std::collections::BTreeMap;
use std::time::{Instant, SystemTime};

use cilo_spec::model::Service;
use futures_util::future::FutureExt;

use super::Part;
use super::run::{Run, Stopped};
use crate::docker::build::Order;
use crate::docker::image::{self, Image};
use crate::error::{RuntimeError, Unavailable};
use crate::event::Event;
use crate::options::Pull;
use crate::report::Step;

/// What makes two services' images the same one.
pub(super) type Key = (String, String);

/// The key of a service's image.
pub(super) fn key(service: &Service) -> Key {
    (service.image.clone(), service.platform.clone())
}

/// The images of `services`, each a promise.
pub(super) fn images<'a>(run: &'a Run<'_>, services: &[&str]) -> BTreeMap<Key, Part<'a, Image>> {
    let mut users: BTreeMap<Key, Vec<(&'a str, &'a Service)>> = BTreeMap::new();
    for name in services {
        if let Some((name, service)) = run.spec.environment().services.get_key_value(*name)
            && service.provider.is_none()
        {
            users.entry(key(service)).or_default().push((name, service));
        }
    }
    let mut images: BTreeMap<Key, Part<'a, Image>> = BTreeMap::new();
    // In the order of the services, so that an image built on another one's finds it.
    for name in services {
        let Some(service) = run.spec.environment().services.get(*name) else {
            continue;
        };
        let key = key(service);
        let Some(users) = users.remove(&key) else { continue };
        let before = built_on(run, &users, &images);
        images.insert(key, get(run, users, before).boxed().shared());
    }
    images
}

/// The images that the build of one of `users` takes as contexts.
fn built_on<'a>(
    run: &Run<'_>,
    users: &[(&str, &Service)],
    images: &BTreeMap<Key, Part<'a, Image>>,
) -> Vec<Part<'a, Image>> {
    users
        .iter()
        .filter_map(|(_, service)| service.build.as_ref())
        .flat_map(|build| build.additional_contexts.values())
        .filter_map(|path| {
            run.spec
                .environment()
                .services
                .get(path.strip_prefix("service:")?)
        })
        .filter_map(|service| images.get(&key(service)).cloned())
        .collect()
}

async fn get(
    run: &Run<'_>,
    users: Vec<(&str, &Service)>,
    before: Vec<Part<'_, Image>>,
) -> Result<Image, Stopped> {
    let Some((_, service)) = users.first() else {
        return Err(Stopped);
    };
    let found = run.unless_stopped(look(run, service)).await??;
    let builder = users.iter().find(|(_, service)| service.build.is_some());
    if let Some((name, service)) = builder {
        let asked = run.options.build || service.pull_policy == "build";
        return match found {
            Some(image) if !asked => Ok(image),
            _ => {
                for part in before {
                    part.await?;
                }
                build(run, name, service).await
            }
        };
    }
    let mut pull = false;
    for (_, service) in &users {
        pull |= image::wants_pull(service, run.options, found.as_ref(), now())
            .map_err(|error| run.fail(error))?;
    }
    if !pull && let Some(image) = found {
        return Ok(image);
    }
    let pulled = run.unless_stopped(pull_it(run, service)).await?;
    match (pulled, found) {
        (Ok(()), _) => there_now(run, service).await,
        // An old image is better than none; only `always` insists.
        (Err(error), Some(image)) if matches!(image::policy(service, run.options), Pull::Every(_)) => {
            run.tell(Event::Warning {
                service: None,
                text: format!("{error}; the older one that is there is used"),
            });
            Ok(image)
        }
        (Err(error), _) => Err(run.fail(error)),
    }
}

async fn look(run: &Run<'_>, service: &Service) -> Result<Option<Image>, Stopped> {
    let found = run.docker.image(&service.image, &service.platform).await;
    found.map_err(|error| run.fail(error))
}

async fn there_now(run: &Run<'_>, service: &Service) -> Result<Image, Stopped> {
    look(run, service).await?.ok_or_else(|| {
        run.fail(RuntimeError::ImageUnavailable {
            image: service.image.clone(),
            reason: Unavailable::Platform,
            source: None,
        })
    })
}

async fn pull_it(run: &Run<'_>, service: &Service) -> Result<(), RuntimeError> {
    let begin = Instant::now();
    let image = service.image.clone();
    let credentials = run.options.credentials.get(image::registry(&image));
    let progress = |progress| {
        run.tell(Event::PullProgress {
            image: image.clone(),
            progress,
        });
    };
    run.docker
        .pull(&service.image, &service.platform, credentials, &progress)
        .await?;
    let took = run.timed(Step::Pull, &service.image, begin);
    run.tell(Event::Pulled { image, took });
    Ok(())
}

async fn build(run: &Run<'_>, name: &str, service: &Service) -> Result<Image, Stopped> {
    let Some(build) = &service.build else {
        return Err(Stopped);
    };
    let begin = Instant::now();
    run.tell(Event::BuildStarted {
        service: name.to_owned(),
    });
    let order = Order {
        spec: run.spec,
        name,
        service,
        build,
        pull: run.options.pull == Some(Pull::Always),
    };
    let events = |event| run.tell(event);
    let built = run.unless_stopped(run.docker.build(&order, &events)).await?;
    built.map_err(|error| run.fail(error))?;
    let image = there_now(run, service).await?;
    let took = run.timed(Step::Build, name, begin);
    run.tell(Event::Built {
        service: name.to_owned(),
        image: service.image.clone(),
        took,
    });
    Ok(image)
}

fn now() -> i64 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .ok()
        .and_then(|since| i64::try_from(since.as_secs()).ok())
        .unwrap_or(0)
}

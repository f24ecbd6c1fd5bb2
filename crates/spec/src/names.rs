// SPDX-License-Identifier: MIT
//! Names that things have in an engine and in DNS, made from an environment's identity.
//!
//! Engine names are injective: project and environment hold no `_`, so the first three and, for containers, the
//! last `_` of a name can only be ours, whatever a service or volume is called.

use sha2::{Digest, Sha256};

use crate::{DnsSuffix, EnvName, Identity};

/// The environment's project name in the engine, which is also its Compose project name.
#[must_use]
pub fn engine_project(identity: &Identity) -> String {
    format!("cilo_{}_{}", identity.project, identity.env)
}

/// The name of the `number`th container of a service, counted from 1.
#[must_use]
pub fn container(identity: &Identity, service: &str, number: u32) -> String {
    format!("{}_{service}_{number}", engine_project(identity))
}

/// The name of a network, by its key in the project.
#[must_use]
pub fn network(identity: &Identity, key: &str) -> String {
    format!("{}_{key}", engine_project(identity))
}

/// The name of a volume, by its key in the project.
#[must_use]
pub fn volume(identity: &Identity, key: &str) -> String {
    format!("{}_{key}", engine_project(identity))
}

/// The reference of the image that is built for a service.
///
/// An image's name allows less than a service's (OCI distribution specification, "Pulling manifests"); what it does
/// not allow is replaced, and a digest of the true name keeps two services apart.
#[must_use]
pub fn image(identity: &Identity, service: &str) -> String {
    let project = engine_project(identity);
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let fits = service.starts_with(plain)
        && service.ends_with(plain)
        && service.chars().all(|c| plain(c) || c == '-');
    if fits {
        return format!("{project}_{service}");
    }
    let mapped: String = service
        .chars()
        .map(|c| c.to_ascii_lowercase())
        .filter(|c| plain(*c))
        .take(40)
        .collect();
    format!("{project}_{}.s{mapped}", short_digest(service))
}

/// A name that is one or more DNS labels (RFC 1123 section 2.1), in lower case; `None` when it cannot be one.
#[must_use]
pub fn host(name: &str) -> Option<String> {
    let lower = name.trim().to_ascii_lowercase();
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    (lower.len() <= 200 && lower.split('.').all(label)).then_some(lower)
}

/// The host names of a service relative to the environment: its own, and with `_` also the form with `-`,
/// because many programs refuse `_` in a host name.
#[must_use]
pub fn service_hosts(service: &str) -> Vec<String> {
    let Some(name) = host(service) else {
        return Vec::new();
    };
    let dashed = name.replace('_', "-");
    if dashed == name {
        vec![name]
    } else {
        host(&dashed).into_iter().chain([name]).collect()
    }
}

/// `host` in an environment, in full: `api.agent-1.test`.
#[must_use]
pub fn fqdn(host: &str, env: &EnvName, suffix: &DnsSuffix) -> String {
    format!("{host}.{env}.{suffix}")
}

pub(crate) fn short_digest(text: &str) -> String {
    Sha256::digest(text.as_bytes())
        .iter()
        .take(5)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn identity(project: &str, env: &str) -> Identity {
        Identity {
            project: project.parse().unwrap(),
            env: env.parse().unwrap(),
            id: "0".parse().unwrap(),
        }
    }

    #[test]
    fn names_read_well() {
        let shop = identity("shop", "agent-1");
        assert_eq!(container(&shop, "api", 2), "cilo_shop_agent-1_api_2");
        assert_eq!(image(&shop, "api"), "cilo_shop_agent-1_api");
        assert_eq!(
            image(&shop, "My_Api"),
            format!("cilo_shop_agent-1_{}.smyapi", short_digest("My_Api"))
        );
        assert_eq!(service_hosts("my_api"), ["my-api", "my_api"]);
        assert_eq!(service_hosts("ends_"), ["ends_"]);
        assert!(service_hosts("").is_empty());
    }

    const NAME: &str = "[a-z0-9]([a-z0-9-]{0,4}[a-z0-9])?";
    const KEY: &str = "[a-zA-Z0-9._-]{1,5}";

    proptest! {
        #[test]
        fn two_things_never_share_a_name(
            a in (NAME, NAME, KEY, 1_u32..12),
            b in (NAME, NAME, KEY, 1_u32..12),
        ) {
            prop_assume!(a != b);
            let (one, two) = (identity(&a.0, &a.1), identity(&b.0, &b.1));
            prop_assert_ne!(container(&one, &a.2, a.3), container(&two, &b.2, b.3));
            if (&a.0, &a.1, &a.2) != (&b.0, &b.1, &b.2) {
                prop_assert_ne!(network(&one, &a.2), network(&two, &b.2));
                prop_assert_ne!(volume(&one, &a.2), volume(&two, &b.2));
                prop_assert_ne!(image(&one, &a.2), image(&two, &b.2));
            }
        }
    }
}

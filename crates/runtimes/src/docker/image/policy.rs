// SPDX-License-Identifier: MIT
//! When an image is pulled.

use std::time::Duration;

use cilo_spec::model::{Service, TimeSpan};

use crate::options::{Pull, UpOptions};

/// The user's word, else the service's `pull_policy` (Compose specification), else when it is missing.
pub(in crate::docker) fn of(service: &Service, options: &UpOptions) -> Pull {
    if let Some(pull) = options.pull {
        return pull;
    }
    let day = Duration::from_secs(24 * 60 * 60);
    match service.pull_policy.as_str() {
        "always" => Pull::Always,
        "never" => Pull::Never,
        "daily" => Pull::Every(day),
        "weekly" => Pull::Every(7 * day),
        "refresh" => Pull::Every(span(&service.pull_refresh_after).unwrap_or(day)),
        other => other
            .strip_prefix("every_")
            .and_then(span)
            .map_or(Pull::Missing, Pull::Every),
    }
}

fn span(text: &str) -> Option<Duration> {
    text.parse::<TimeSpan>().ok().map(TimeSpan::to_std)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies() {
        let read = |policy: &str| {
            let service = Service {
                pull_policy: policy.to_owned(),
                ..Service::default()
            };
            of(&service, &UpOptions::default())
        };
        assert_eq!(read(""), Pull::Missing);
        assert_eq!(read("if_not_present"), Pull::Missing);
        assert_eq!(read("build"), Pull::Missing);
        assert_eq!(read("always"), Pull::Always);
        assert_eq!(read("weekly"), Pull::Every(Duration::from_secs(604_800)));
        assert_eq!(read("every_12h"), Pull::Every(Duration::from_secs(43_200)));
    }
}

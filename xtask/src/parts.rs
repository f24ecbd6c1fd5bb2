// SPDX-License-Identifier: MIT
//! What the demo and the tests need besides Rust: programs, a container engine, images.

use crate::api::Endpoint;
use crate::{engine, images, packages, say, sh};

/// A program that the tests start, and the packages that bring it.
pub(crate) struct Part {
    program: &'static str,
    debian: &'static [&'static str],
    fedora: &'static [&'static str],
}

/// Every program that the tests need.
pub(crate) const PARTS: &[Part] = &[Part {
    program: "git",
    debian: &["git"],
    fedora: &["git"],
}];

/// Why something is missing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Engine(#[from] engine::Error),
    #[error(transparent)]
    Images(#[from] images::Error),
    #[error(transparent)]
    Packages(#[from] packages::Error),
}

/// Says in one line what is going to be installed for `chore`, then provides it.
pub(crate) fn provide(chore: &str) -> Result<Endpoint, Error> {
    let missing: Vec<&Part> = PARTS.iter().filter(|part| !sh::on_path(part.program)).collect();
    let programs = missing.iter().map(|part| format!("installs {}", part.program));
    let plan: Vec<String> = programs.chain(engine::plan()).chain(images::plan()).collect();
    say::step(&announcement(chore, &plan));
    for part in missing {
        packages::install(part.program, part.debian, part.fedora)?;
    }
    let endpoint = engine::provide()?;
    images::provide(&endpoint)?;
    Ok(endpoint)
}

fn announcement(chore: &str, plan: &[String]) -> String {
    if plan.is_empty() {
        return format!("{chore}: installs nothing; everything it needs is there");
    }
    format!("{chore}: {}", plan.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_announcement_is_one_line() {
        assert_eq!(
            announcement("test", &[]),
            "test: installs nothing; everything it needs is there"
        );
        let plan = ["installs git".to_owned(), "starts the engine".to_owned()];
        assert_eq!(
            announcement("demo", &plan),
            "demo: installs git; starts the engine"
        );
    }

    #[test]
    fn every_part_has_packages_for_every_family() {
        for part in PARTS {
            assert!(
                !part.debian.is_empty() && !part.fedora.is_empty(),
                "{}",
                part.program
            );
        }
    }
}

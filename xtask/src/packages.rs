// SPDX-License-Identifier: MIT
//! Installing the distribution's own packages: apt on Debian and Ubuntu, dnf on Fedora.

use crate::sh::{self, Sh};

/// Why nothing was installed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A system that the chores do not know how to install on.
    #[error(
        "{what} is needed, and this system ({system}) is none of Debian, Ubuntu, Fedora: install it and run this again"
    )]
    System { what: String, system: String },
    /// The package tool failed.
    #[error("{what} could not be installed from the distribution's packages")]
    Install {
        what: String,
        #[source]
        source: sh::Error,
    },
}

/// A package tool that the chores can drive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// `apt-get`.
    Debian,
    /// `dnf`.
    Fedora,
}

/// The package tool of this system, by what `os-release` says it is or is like.
pub(crate) fn family() -> Option<Family> {
    family_of(&os_release()?)
}

/// Installs the packages named for this system's family; the lists are fetched first when there are none.
pub(crate) fn install(what: &str, debian: &[&str], fedora: &[&str]) -> Result<(), Error> {
    let failed = |source| Error::Install {
        what: what.to_owned(),
        source,
    };
    match supported(what)? {
        Family::Debian => apt(debian).map_err(failed),
        Family::Fedora => {
            let dnf = Sh::new("dnf")
                .args(["install", "-y", "--setopt=install_weak_deps=False"])
                .args(fedora);
            dnf.privileged().and_then(|sh| sh.quiet()).map_err(failed)
        }
    }
}

/// The package tool of this system, or what to say to someone who has none that the chores know.
pub(crate) fn supported(what: &str) -> Result<Family, Error> {
    family().ok_or_else(|| Error::System {
        what: what.to_owned(),
        system: system_name(),
    })
}

/// The value of `key` in `/etc/os-release`, unquoted.
pub(crate) fn os_value(key: &str) -> Option<String> {
    value_of(&os_release()?, key)
}

fn apt(packages: &[&str]) -> Result<(), sh::Error> {
    let install = Sh::new("apt-get")
        .variable("DEBIAN_FRONTEND", "noninteractive")
        .args(["install", "-y", "-q", "--no-install-recommends"])
        .args(packages)
        .privileged()?;
    let update = Sh::new("apt-get").args(["update", "-q"]).privileged()?;
    if !have_lists() {
        update.quiet()?;
        return install.quiet();
    }
    // Lists that are there may name versions that the mirror no longer has.
    install.quiet().or_else(|_| {
        update.quiet()?;
        install.quiet()
    })
}

fn have_lists() -> bool {
    let Ok(lists) = fs_err::read_dir("/var/lib/apt/lists") else {
        return false;
    };
    lists
        .flatten()
        .any(|entry| entry.file_name().to_string_lossy().contains("_Packages"))
}

fn os_release() -> Option<String> {
    fs_err::read_to_string("/etc/os-release").ok()
}

fn system_name() -> String {
    os_value("PRETTY_NAME").unwrap_or_else(|| std::env::consts::OS.to_owned())
}

fn family_of(os_release: &str) -> Option<Family> {
    let like = value_of(os_release, "ID_LIKE").unwrap_or_default();
    let id = value_of(os_release, "ID").unwrap_or_default();
    id.split(' ').chain(like.split(' ')).find_map(|name| match name {
        "debian" | "ubuntu" => Some(Family::Debian),
        "fedora" => Some(Family::Fedora),
        _ => None,
    })
}

fn value_of(os_release: &str, key: &str) -> Option<String> {
    let line = os_release
        .lines()
        .find_map(|line| line.strip_prefix(key)?.strip_prefix('='))?;
    Some(line.trim_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_told_by_id_and_by_likeness() {
        assert_eq!(family_of("ID=debian\n"), Some(Family::Debian));
        assert_eq!(
            family_of("NAME=x\nID=linuxmint\nID_LIKE=\"ubuntu debian\"\n"),
            Some(Family::Debian)
        );
        assert_eq!(family_of("ID=fedora\n"), Some(Family::Fedora));
        assert_eq!(family_of("ID=alpine\n"), None);
        assert_eq!(family_of(""), None);
    }

    #[test]
    fn quoted_values_are_unquoted() {
        assert_eq!(
            value_of("A=1\nPRETTY_NAME=\"Some OS 1\"\n", "PRETTY_NAME").unwrap(),
            "Some OS 1"
        );
        assert_eq!(value_of("VERSION_ID=1\n", "ID"), None);
    }
}

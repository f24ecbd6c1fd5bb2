// SPDX-License-Identifier: MIT
//! The Debian base image made with debootstrap, from the mirror and with the settings that this machine's apt uses.

use std::path::{Path, PathBuf};

use super::{Error, STANDIN_LABEL, TAR_PATIENCE, finish, split};
use crate::api::Endpoint;
use crate::packages;
use crate::settings;
use crate::sh::{self, Sh};

const SUITE: &str = "bookworm";
const DEFAULT_MIRROR: &str = "http://deb.debian.org/debian";
const DEFAULT_SECURITY: &str = "http://deb.debian.org/debian-security";

/// The apt settings that decide how packages are reached; the rest of a machine's apt settings is its own affair.
const APT_SETTINGS: &[&str] = &[
    "Acquire::http::Proxy ",
    "Acquire::https::Proxy ",
    "Acquire::Check-Valid-Until ",
    "Acquire::Check-Date ",
    "Acquire::Retries ",
    "Acquire::ForceIPv4 ",
    "Acquire::ForceIPv6 ",
];

/// Bootstraps a minimal Debian and imports it as `reference`.
pub(super) fn import(endpoint: &Endpoint, reference: &str) -> Result<(), Error> {
    if !sh::on_path("debootstrap") {
        packages::install(
            "debootstrap",
            &["debootstrap", "debian-archive-keyring"],
            &["debootstrap", "debian-keyring"],
        )?;
    }
    let root = settings::scratch().join("debian-root");
    let tar = settings::scratch().join("debian.tar");
    let made = bootstrap(&root, &tar);
    let removed = remove(&root);
    made?;
    removed?;
    let (name, tag) = split(reference);
    let label = format!("LABEL {STANDIN_LABEL}=true");
    let query = [
        ("fromSrc", "-"),
        ("repo", name),
        ("tag", tag),
        ("changes", "CMD [\"bash\"]"),
        ("changes", label.as_str()),
    ];
    let answer = endpoint.call("POST", "/images/create", &query, Some(&tar), TAR_PATIENCE)?;
    finish(answer, &mut String::new())?;
    fs_err::remove_file(tar)?;
    Ok(())
}

fn bootstrap(root: &Path, tar: &Path) -> Result<(), Error> {
    remove(root)?;
    fs_err::create_dir_all(settings::scratch())?;
    let mirrors = Mirrors::of_this_machine();
    let debootstrap = Sh::new("debootstrap")
        .arg("--variant=minbase")
        .arg(SUITE)
        .arg(root)
        .arg(&mirrors.main);
    debootstrap.privileged()?.output()?;
    place(root, "etc/apt/sources.list", &mirrors.sources_list())?;
    place(root, "etc/apt/apt.conf.d/90-from-the-host", &apt_settings())?;
    // As the official slim image: no documentation, no lists, no downloaded packages.
    let noise = [
        "usr/share/doc",
        "usr/share/man",
        "usr/share/locale",
        "var/lib/apt/lists",
        "var/cache/apt/archives",
    ];
    Sh::new("rm")
        .arg("-rf")
        .args(noise.map(|folder| root.join(folder)))
        .privileged()?
        .quiet()?;
    let partial = ["var/lib/apt/lists/partial", "var/cache/apt/archives/partial"].map(|f| root.join(f));
    Sh::new("mkdir").arg("-p").args(partial).privileged()?.quiet()?;
    let pack = Sh::new("tar")
        .args(["--numeric-owner", "--one-file-system", "--create", "--file"])
        .arg(tar);
    pack.arg("--directory").arg(root).arg(".").privileged()?.quiet()?;
    Ok(())
}

/// Writes a file into a tree that belongs to root.
fn place(root: &Path, path: &str, text: &str) -> Result<(), Error> {
    let staged = settings::scratch().join("staged");
    fs_err::write(&staged, text)?;
    Sh::new("install")
        .args(["-m", "0644"])
        .arg(&staged)
        .arg(root.join(path))
        .privileged()?
        .quiet()?;
    Ok(())
}

fn remove(root: &Path) -> Result<(), Error> {
    if root.exists() {
        // A debootstrap that was killed leaves its /proc mounted in there.
        let proc: PathBuf = root.join("proc");
        if proc.join("self").exists() {
            Sh::new("umount").arg(proc).privileged()?.quiet()?;
        }
        Sh::new("rm")
            .args(["-rf", "--one-file-system"])
            .arg(root)
            .privileged()?
            .quiet()?;
    }
    Ok(())
}

/// Where Debian's packages come from.
struct Mirrors {
    main: String,
    security: String,
}

impl Mirrors {
    fn of_this_machine() -> Self {
        let targets = [
            "indextargets",
            "--format",
            "$(REPO_URI) $(RELEASE)",
            "Created-By: Packages",
        ];
        let is_debian = packages::os_value("ID").as_deref() == Some("debian");
        let targets = if is_debian {
            Sh::new("apt-get").args(targets).output().ok()
        } else {
            None
        };
        let codename = packages::os_value("VERSION_CODENAME").unwrap_or_default();
        Self::from_targets(&targets.unwrap_or_default(), &codename)
    }

    /// From lines of `URI SUITE`: the host's own release and its security suite tell the two mirrors.
    fn from_targets(targets: &str, codename: &str) -> Self {
        let of = |suite: String| {
            let mut lines = targets.lines().filter_map(|line| line.rsplit_once(' '));
            let uri = lines
                .find(|(_, release)| !codename.is_empty() && *release == suite)?
                .0;
            uri.starts_with("http")
                .then(|| uri.trim_end_matches('/').to_owned())
        };
        Self {
            main: of(codename.to_owned()).unwrap_or_else(|| DEFAULT_MIRROR.to_owned()),
            security: of(format!("{codename}-security")).unwrap_or_else(|| DEFAULT_SECURITY.to_owned()),
        }
    }

    fn sources_list(&self) -> String {
        let Self { main, security } = self;
        format!(
            "deb {main} {SUITE} main\ndeb {main} {SUITE}-updates main\ndeb {security} {SUITE}-security main\n"
        )
    }
}

fn apt_settings() -> String {
    let dump = Sh::new("apt-config").arg("dump").output().unwrap_or_default();
    chosen_settings(&dump)
}

fn chosen_settings(dump: &str) -> String {
    let wanted = |line: &&str| APT_SETTINGS.iter().any(|name| line.starts_with(name));
    dump.lines()
        .filter(wanted)
        .fold(String::new(), |all, line| all + line + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mirrors_are_the_hosts_and_else_debians() {
        let targets = "http://mirror.example/debian/ trixie\nhttp://mirror.example/debian/ trixie-updates\n\
                       http://safe.example/debian-security/ trixie-security\n";
        let mirrors = Mirrors::from_targets(targets, "trixie");
        assert_eq!(
            mirrors.sources_list(),
            "deb http://mirror.example/debian bookworm main\n\
             deb http://mirror.example/debian bookworm-updates main\n\
             deb http://safe.example/debian-security bookworm-security main\n"
        );
        let mirrors = Mirrors::from_targets("", "");
        assert_eq!(
            (mirrors.main.as_str(), mirrors.security.as_str()),
            (DEFAULT_MIRROR, DEFAULT_SECURITY)
        );
        let mirrors = Mirrors::from_targets("cdrom://disc bookworm\n", "bookworm");
        assert_eq!(mirrors.main, DEFAULT_MIRROR);
    }

    #[test]
    fn only_settings_about_reaching_packages_travel() {
        let dump = "APT::Install-Recommends \"1\";\nAcquire::http::Proxy \"http://proxy.example:3128\";\n\
                    Acquire::Check-Date \"false\";\nAcquire::GzipIndexes \"true\";\n";
        assert_eq!(
            chosen_settings(dump),
            "Acquire::http::Proxy \"http://proxy.example:3128\";\nAcquire::Check-Date \"false\";\n"
        );
    }
}

// SPDX-License-Identifier: MIT
//! `cargo xtask engine`: makes a container engine available, the one that answers or the distribution's.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use crate::api::{self, Endpoint};
use crate::packages::{self, Family};
use crate::sh::{self, Sh};
use crate::{say, settings, wait};

/// How long a started engine may take until it answers.
const START_LIMIT: Duration = Duration::from_secs(60);

/// Make a container engine available
///
/// Uses the one that answers at DOCKER_HOST or /var/run/docker.sock. Where none does, on Debian, Ubuntu and
/// Fedora, installs the distribution's engine and starts it, with root or sudo, after saying so.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only say whether an engine answers; exit code 1 when none does
    #[arg(long)]
    check: bool,
}

/// Why there is no engine.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Api(#[from] api::Error),
    #[error("no container engine answers: `cargo xtask engine` provides one")]
    None(#[source] api::Error),
    #[error(
        "DOCKER_HOST names {endpoint}, and nothing answers there: start that engine, or unset DOCKER_HOST"
    )]
    ChosenOneIsAway {
        endpoint: Endpoint,
        #[source]
        source: api::Error,
    },
    #[error(transparent)]
    Packages(#[from] packages::Error),
    #[error("the container engine could not be started")]
    Start(#[source] sh::Error),
    #[error("the container engine did not answer within {} s{}", START_LIMIT.as_secs(), log_tail(.log))]
    Silent { log: PathBuf },
    #[error("the container engine ended right after its start{}", log_tail(.log))]
    GaveUp { log: PathBuf },
    #[error("you may not use the engine at {DEFAULT}, and access could not be given", DEFAULT = api::DEFAULT_SOCKET)]
    Access(#[source] sh::Error),
    #[error("cannot write the engine's log")]
    Log(#[source] std::io::Error),
}

/// Reports the engine with `--check`, provides it otherwise.
pub(crate) fn run(args: &Args) -> Result<(), Error> {
    if args.check {
        let endpoint = Endpoint::current()?;
        let version = endpoint.version().map_err(Error::None)?;
        say::result(&format!("{version} answers at {endpoint}"));
        return Ok(());
    }
    provide().map(|_| ())
}

/// Makes sure that an engine answers; idempotent, and one ping when it does.
pub(crate) fn provide() -> Result<Endpoint, Error> {
    let endpoint = Endpoint::current()?;
    let source = match endpoint.version() {
        Ok(version) => {
            say::step(&format!("engine: {version} answers at {endpoint}"));
            return Ok(endpoint);
        }
        Err(source) => source,
    };
    if settings::variable("DOCKER_HOST").is_some() {
        return Err(Error::ChosenOneIsAway { endpoint, source });
    }
    let log = settings::scratch().join("dockerd.log");
    if !source.is_permission() {
        install_and_start(&log)?;
    }
    let version = answer_of(&endpoint, &log)?;
    say::step(&format!("engine: {version} answers at {endpoint}"));
    Ok(endpoint)
}

/// What [`provide`] would do; `None` when an engine answers already.
pub(crate) fn plan() -> Option<String> {
    if Endpoint::current()
        .and_then(|endpoint| endpoint.version())
        .is_ok()
    {
        return None;
    }
    Some(match packages::family() {
        _ if sh::on_path("dockerd") => "starts the installed container engine".to_owned(),
        Some(Family::Fedora) => "installs (dnf) and starts moby-engine".to_owned(),
        _ => "installs (apt-get) docker.io and iptables and starts the engine".to_owned(),
    })
}

fn install_and_start(log: &Path) -> Result<(), Error> {
    let how = if has_systemd() {
        "with systemd"
    } else {
        "in the background"
    };
    if sh::on_path("dockerd") {
        say::step(&format!("engine: none answers; starting the installed one {how}"));
    } else {
        packages::supported("a container engine")?;
        say::step(&format!(
            "engine: none answers; installing the distribution's and starting it {how}"
        ));
        packages::install("a container engine", &["docker.io", "iptables"], &["moby-engine"])?;
    }
    if !has_systemd() {
        return start_in_background(log);
    }
    let start = Sh::new("systemctl").args(["start", "docker"]).privileged();
    start.and_then(|sh| sh.quiet()).map_err(Error::Start)
}

/// Waits until the engine answers us, and gives us access where its socket is closed to us.
fn answer_of(endpoint: &Endpoint, log: &Path) -> Result<String, Error> {
    let mut access_given = false;
    let answer = wait::until(START_LIMIT, || match endpoint.version() {
        Ok(version) => Some(Ok(version)),
        Err(error) if error.is_permission() && !access_given => {
            access_given = true;
            grant_access().err().map(Err)
        }
        Err(_) if gave_up(log) => Some(Err(Error::GaveUp { log: log.to_owned() })),
        Err(_) => None,
    });
    answer.unwrap_or_else(|| Err(Error::Silent { log: log.to_owned() }))
}

/// PID 1 is systemd exactly when this folder exists (sd_booted(3)).
fn has_systemd() -> bool {
    Path::new("/run/systemd/system").is_dir()
}

fn start_in_background(log: &Path) -> Result<(), Error> {
    fs_err::create_dir_all(settings::scratch()).map_err(Error::Log)?;
    let out = fs_err::File::create(log).map_err(Error::Log)?.into_parts().0;
    let err = out.try_clone().map_err(Error::Log)?;
    // A session of its own: the engine outlives this command and its terminal.
    let dockerd = Sh::new("setsid")
        .args(["--fork", "dockerd"])
        .dir("/")
        .privileged()
        .map_err(Error::Start)?;
    let mut child = dockerd
        .spawn(Stdio::from(out), Stdio::from(err))
        .map_err(Error::Start)?;
    let status = child.wait().map_err(Error::Log)?;
    dockerd.checked(status, String::new()).map_err(Error::Start)
}

fn gave_up(log: &Path) -> bool {
    fs_err::read_to_string(log).is_ok_and(|text| text.contains("failed to start daemon"))
}

/// Gives the user who runs us the engine's socket: for good by its group, and for this login at once.
fn grant_access() -> Result<(), Error> {
    let user = settings::text("USER").unwrap_or_else(|| "root".to_owned());
    say::step(&format!(
        "engine: giving {user} access to it: group docker, and the socket for this login"
    ));
    let group = Sh::new("usermod")
        .args(["--append", "--groups", "docker"])
        .arg(&user);
    group
        .privileged()
        .and_then(|sh| sh.quiet())
        .map_err(Error::Access)?;
    let socket = Sh::new("chown").arg(&user).arg(api::DEFAULT_SOCKET);
    socket
        .privileged()
        .and_then(|sh| sh.quiet())
        .map_err(Error::Access)
}

fn log_tail(log: &Path) -> String {
    let Ok(text) = fs_err::read_to_string(log) else {
        return "; `journalctl -u docker` says why".to_owned();
    };
    let lines: Vec<&str> = text.lines().filter(|line| !line.contains("level=info")).collect();
    let from = lines.len().saturating_sub(6);
    let tail = lines[from..]
        .iter()
        .fold(String::new(), |all, line| all + "\n    " + line);
    format!("; from {}:{tail}", log.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_that_ended_is_explained_by_its_log() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("dockerd.log");
        fs_err::write(&log, "level=info msg=x\nfailed to start daemon: no iptables\n").unwrap();
        assert!(gave_up(&log));
        let text = Error::GaveUp { log }.to_string();
        assert!(
            text.starts_with("the container engine ended right after its start; from "),
            "{text}"
        );
        assert!(
            text.ends_with(":\n    failed to start daemon: no iptables"),
            "{text}"
        );
    }

    #[test]
    fn a_log_that_is_missing_points_to_the_journal() {
        let text = Error::Silent {
            log: "/no/such/log".into(),
        }
        .to_string();
        assert!(text.ends_with("`journalctl -u docker` says why"), "{text}");
    }
}

// SPDX-License-Identifier: MIT
//! Where the benchmarks work: one folder that only they use, and everything they make can be found again from it.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use super::{Error, dns, volume};
use crate::api::{self, Endpoint};
use crate::sh::Sh;
use crate::{say, settings};

/// Neither Cilo's own port nor the demo's.
pub(super) const DNS_PORT: u16 = 15355;
/// Environments get subnets of this.
const POOL: &str = "10.240.0.0/16";
/// On every container and network of the benchmarks, with the folder as its value.
pub(super) const LABEL: &str = "dev.cilo-bench";
/// How long the engine may take over one call.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// The folder, the `cilo` that is measured, and the engine it talks to.
pub(crate) struct Place {
    folder: PathBuf,
    cilo: PathBuf,
    endpoint: Endpoint,
    closed: std::cell::Cell<bool>,
    /// Held while a benchmark runs: two at once would measure each other.
    _lock: fs_err::File,
}

impl Place {
    /// Takes the folder and removes what an earlier run left, however it ended.
    pub(super) fn open(cilo: PathBuf, endpoint: Endpoint) -> Result<Self, Error> {
        fs_err::create_dir_all(settings::scratch())?;
        let lock = fs_err::File::create(settings::scratch().join("bench.lock"))?;
        if lock.file().try_lock().is_err() {
            return Err(Error::Busy);
        }
        let place = Self {
            folder: settings::scratch().join("bench"),
            cilo,
            endpoint,
            closed: std::cell::Cell::new(true),
            _lock: lock,
        };
        place.sweep()?;
        place.closed.set(false);
        Ok(place)
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The home that benchmarks of containers share.
    pub(super) fn home(&self) -> PathBuf {
        self.folder.join("home")
    }

    /// `cilo` with the benchmark's own home, port and subnets.
    pub(super) fn cilo(&self, args: &[&str]) -> Sh {
        self.cilo_in(&self.home(), args)
    }

    /// The same with another home.
    pub(super) fn cilo_in(&self, home: &Path, args: &[&str]) -> Sh {
        let cilo = Sh::new(&self.cilo).args(args).dir(&self.folder);
        cilo.variable("CILO_HOME", home)
            .variable("CILO_DNS_PORT", DNS_PORT.to_string())
            .variable("CILO_BASE_SUBNET", POOL)
    }

    /// What `cilo daemon status` knows.
    pub(super) fn daemon(&self) -> Result<Value, Error> {
        let said = self.cilo(&["daemon", "status", "--json"]).output()?;
        serde_json::from_str(&said).map_err(|_| Error::Unclear {
            program: "cilo daemon status --json",
            said,
        })
    }

    /// The most memory that the daemon ever had resident, in bytes.
    pub(super) fn daemon_peak(&self) -> Result<u64, Error> {
        let status = self.daemon()?;
        let unclear = || Error::Unclear {
            program: "cilo daemon status --json",
            said: status.to_string(),
        };
        let pid = status["pid"].as_u64().ok_or_else(unclear)?;
        let text = fs_err::read_to_string(format!("/proc/{pid}/status"))?;
        high_water(&text).ok_or_else(unclear)
    }

    /// The label's value.
    pub(super) fn mark(&self) -> String {
        self.folder.to_string_lossy().into_owned()
    }

    /// Removes everything with our label from the engine.
    pub(super) fn sweep_engine(&self) -> Result<(), api::Error> {
        let filters = serde_json::json!({ "label": [format!("{LABEL}={}", self.mark())] }).to_string();
        let list = |path: &str| -> Result<Vec<String>, api::Error> {
            let query = [("filters", filters.as_str()), ("all", "true")];
            let found = self.endpoint.json("GET", path, &query, &Value::Null, PATIENCE)?;
            let ids = found.as_array().into_iter().flatten();
            Ok(ids
                .filter_map(|one| one["Id"].as_str().map(ToOwned::to_owned))
                .collect())
        };
        for id in list("/containers/json")? {
            let (path, query) = (format!("/containers/{id}"), [("force", "true"), ("v", "true")]);
            gone(
                self.endpoint
                    .json("DELETE", &path, &query, &Value::Null, PATIENCE),
            )?;
        }
        for id in list("/networks")? {
            let path = format!("/networks/{id}");
            gone(self.endpoint.json("DELETE", &path, &[], &Value::Null, PATIENCE))?;
        }
        Ok(())
    }

    /// Back to an empty folder: environments, daemon, containers, networks and mounts go.
    pub(super) fn sweep(&self) -> Result<(), Error> {
        if self.home().join("state.json").is_file() {
            let destroy = ["destroy", "--all", "--everywhere", "--force"];
            // The label finds what this leaves.
            if let Err(error) = self.cilo(&destroy).quiet() {
                say::step(&crate::report(&error));
            }
        }
        if self.home().join("daemon").is_dir() {
            self.cilo(&["daemon", "stop"]).quiet()?;
        }
        dns::end_leftover(&self.folder)?;
        self.sweep_engine()?;
        volume::unmount_below(&self.folder)?;
        remove(&self.folder)?;
        Ok(fs_err::create_dir_all(&self.folder)?)
    }

    /// Removes everything.
    pub(super) fn close(self) -> Result<(), Error> {
        self.closed.set(true);
        self.sweep()?;
        Ok(remove(&self.folder)?)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.closed.get()
            && let Err(error) = self.sweep()
        {
            say::step(&crate::report(&error));
        }
    }
}

/// Removes a folder that may not be there.
pub(super) fn remove(folder: &Path) -> io::Result<()> {
    match fs_err::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn gone(answer: Result<Value, api::Error>) -> Result<(), api::Error> {
    match answer {
        Err(api::Error::Refused { status: 404, .. }) | Ok(_) => Ok(()),
        Err(error) => Err(error),
    }
}

/// `VmHWM` of proc_pid_status(5), in bytes.
fn high_water(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_high_water_mark_is_read_in_bytes() {
        assert_eq!(
            high_water("Name:\tcilo\nVmPeak:\t 99 kB\nVmHWM:\t    7312 kB\n"),
            Some(7_487_488)
        );
        assert_eq!(high_water("Name:\tkthreadd\n"), None);
    }
}

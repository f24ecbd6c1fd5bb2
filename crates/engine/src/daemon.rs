// SPDX-License-Identifier: MIT
//! The resident daemon: one per home, started on demand, holding nothing that is not in files.
//!
//! It serves the names of environments. Who it is, is asked of the DNS port itself, so that another user's daemon or
//! a foreign DNS server there is never taken for ours.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use cilo_dns::{About, BindError, DaemonIdentity, Occupant, ServeError, Server, identify};
use rustix::process::{Pid, Signal, kill_process};
use sha2::{Digest, Sha256};
use tokio::time::{Instant, sleep};

/// How long a daemon may take to answer, or to end.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a question to the port may take: it never leaves the machine.
const ASK: Duration = Duration::from_millis(500);
/// Between two looks at a process that is starting or ending.
const PAUSE: Duration = Duration::from_millis(5);

/// The daemon of one home: where it listens and how it is started.
#[derive(Clone, Debug)]
pub struct Daemon {
    /// Its folder.
    pub folder: PathBuf,
    /// Where it writes what it has to say.
    pub log: PathBuf,
    /// What it holds locked as long as it runs.
    pub lock: PathBuf,
    /// The folder of zone files it serves.
    pub zones: PathBuf,
    /// Where it listens.
    pub address: SocketAddr,
    /// The version of Cilo it should have.
    pub version: String,
    /// The program whose `daemon run --detach` it is; `None` cannot start one.
    pub program: Option<PathBuf>,
    /// The home it belongs to.
    pub home: PathBuf,
}

/// Whether the daemon runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DaemonStatus {
    /// It does, and answers.
    Running(DaemonIdentity),
    /// Nothing answers at its address.
    Stopped,
    /// Something else has its address.
    Taken(Occupant),
}

/// What a start came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Started {
    /// It ran already.
    Already,
    /// It was started.
    New,
    /// One of another version was replaced.
    Replaced,
}

/// Why the daemon cannot be started, served or stopped.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// Its address is in use by something else.
    #[error("Cilo's DNS address {address} is taken by {occupant}; choose another port with CILO_DNS_PORT")]
    Taken {
        /// The address.
        address: SocketAddr,
        /// By what.
        occupant: Occupant,
    },
    /// A daemon of this home runs already.
    #[error("the daemon of {} runs already", home.display())]
    AlreadyRunning {
        /// The home.
        home: PathBuf,
    },
    /// Its files cannot be made.
    #[error("cannot prepare the daemon's files in {}", folder.display())]
    Files {
        /// Its folder.
        folder: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The process could not be started.
    #[error("cannot start {}", program.display())]
    Spawn {
        /// The program.
        program: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// No program is known that could be it.
    #[error("the daemon does not run and this program cannot start it; run `cilo daemon start`")]
    NoProgram,
    /// It was started and ended, or does not answer.
    #[error("the daemon was started and does not serve at {address}; its log is {}{}", log.display(), last_words(.said))]
    Silent {
        /// Where it should.
        address: SocketAddr,
        /// Its log.
        log: PathBuf,
        /// The end of the log.
        said: String,
    },
    /// It does not end.
    #[error("the daemon (process {pid}) does not end")]
    Stubborn {
        /// Its process.
        pid: u32,
    },
    /// It cannot be signalled.
    #[error("cannot stop the daemon (process {pid})")]
    Signal {
        /// Its process.
        pid: u32,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// It cannot listen.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// It stopped serving by itself.
    #[error(transparent)]
    Serve(#[from] ServeError),
}

impl Daemon {
    /// Serves until `shutdown` is ready. `ready` is called once it listens.
    ///
    /// # Errors
    /// [`DaemonError::AlreadyRunning`], [`DaemonError::Bind`], [`DaemonError::Serve`].
    pub async fn run(
        &self,
        shutdown: impl Future<Output = ()>,
        ready: impl FnOnce(SocketAddr),
    ) -> Result<(), DaemonError> {
        let lock = self.hold_lock()?;
        let about = About {
            version: self.version.clone(),
            home: self.fingerprint(),
        };
        let server = Server::bind(self.address, &self.zones, about).await?;
        ready(server.local_addr());
        server.serve(shutdown).await?;
        drop(lock);
        Ok(())
    }

    /// Who answers at the daemon's address.
    pub async fn status(&self) -> DaemonStatus {
        match identify(self.address, ASK).await {
            Ok(Some(identity)) if identity.home == self.fingerprint() => DaemonStatus::Running(identity),
            Ok(Some(identity)) => DaemonStatus::Taken(Occupant::Cilo(identity)),
            Ok(None) => DaemonStatus::Taken(Occupant::OtherDns),
            Err(_) => DaemonStatus::Stopped,
        }
    }

    /// Makes sure that a daemon of this home and version serves.
    ///
    /// # Errors
    /// [`DaemonError`] when it cannot.
    pub async fn start(&self) -> Result<Started, DaemonError> {
        let started = match self.status().await {
            DaemonStatus::Running(identity) if identity.version == self.version => {
                return Ok(Started::Already);
            }
            DaemonStatus::Running(identity) => {
                self.end(identity.pid).await?;
                Started::Replaced
            }
            DaemonStatus::Taken(occupant) => {
                return Err(DaemonError::Taken {
                    address: self.address,
                    occupant,
                });
            }
            DaemonStatus::Stopped => Started::New,
        };
        let program = self.program.as_ref().ok_or(DaemonError::NoProgram)?;
        let mut child = self.spawn(program)?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.status().await {
                // Several commands may start one at once: the first to take the lock serves them all.
                DaemonStatus::Running(_) => return Ok(started),
                DaemonStatus::Taken(occupant) => {
                    return Err(DaemonError::Taken {
                        address: self.address,
                        occupant,
                    });
                }
                DaemonStatus::Stopped => {}
            }
            let ended = matches!(child.try_wait(), Ok(Some(_)));
            if Instant::now() > deadline || (ended && self.lock_is_free()) {
                let (address, log) = (self.address, self.log.clone());
                return Err(DaemonError::Silent {
                    address,
                    said: tail(&log),
                    log,
                });
            }
            sleep(PAUSE).await;
        }
    }

    /// Ends the daemon. `false` when none runs.
    ///
    /// # Errors
    /// [`DaemonError::Signal`], [`DaemonError::Stubborn`].
    pub async fn stop(&self) -> Result<bool, DaemonError> {
        match self.status().await {
            DaemonStatus::Running(identity) => self.end(identity.pid).await.map(|()| true),
            DaemonStatus::Taken(_) | DaemonStatus::Stopped => Ok(false),
        }
    }

    /// Tells one home's daemon from another's without saying where the home is.
    fn fingerprint(&self) -> String {
        let path = fs_err::canonicalize(&self.home).unwrap_or_else(|_| self.home.clone());
        let digest = Sha256::digest(path.as_os_str().as_encoded_bytes());
        digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }

    async fn end(&self, pid: u32) -> Result<(), DaemonError> {
        let raw = i32::try_from(pid).ok().and_then(Pid::from_raw);
        let process = raw.ok_or(DaemonError::Stubborn { pid })?;
        kill_process(process, Signal::TERM).map_err(|error| DaemonError::Signal {
            pid,
            source: error.into(),
        })?;
        let deadline = Instant::now() + PATIENCE;
        while !self.lock_is_free() {
            if Instant::now() > deadline {
                return Err(DaemonError::Stubborn { pid });
            }
            sleep(PAUSE).await;
        }
        Ok(())
    }

    fn spawn(&self, program: &Path) -> Result<Child, DaemonError> {
        let files = |source| DaemonError::Files {
            folder: self.folder.clone(),
            source,
        };
        fs_err::create_dir_all(&self.folder).map_err(files)?;
        let log = fs_err::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.log)
            .map_err(files)?;
        let errors = log.file().try_clone().map_err(files)?;
        #[expect(
            clippy::disallowed_methods,
            reason = "the typed wrapper that starts the daemon"
        )]
        let mut command = std::process::Command::new(program);
        command
            .args(["daemon", "run", "--detach"])
            .env("CILO_HOME", &self.home)
            .env("CILO_DNS_PORT", self.address.port().to_string())
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(log.into_parts().0)
            .stderr(errors);
        command.spawn().map_err(|source| DaemonError::Spawn {
            program: program.to_path_buf(),
            source,
        })
    }

    fn hold_lock(&self) -> Result<File, DaemonError> {
        let files = |source| DaemonError::Files {
            folder: self.folder.clone(),
            source,
        };
        fs_err::create_dir_all(&self.folder).map_err(files)?;
        let lock = fs_err::OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&self.lock);
        let mut lock = lock.map_err(files)?.into_parts().0;
        match lock.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => {
                return Err(DaemonError::AlreadyRunning {
                    home: self.home.clone(),
                });
            }
            Err(std::fs::TryLockError::Error(source)) => return Err(files(source)),
        }
        lock.set_len(0)
            .and_then(|()| writeln!(lock, "{}", std::process::id()))
            .map_err(files)?;
        Ok(lock)
    }

    fn lock_is_free(&self) -> bool {
        match fs_err::File::open(&self.lock) {
            Ok(lock) => lock.file().try_lock_shared().is_ok(),
            Err(_) => true,
        }
    }
}

fn last_words(said: &str) -> String {
    if said.is_empty() {
        String::new()
    } else {
        format!("; it ends with: {said}")
    }
}

fn tail(log: &Path) -> String {
    const ENOUGH: u64 = 1_000;
    let read = || -> std::io::Result<String> {
        let mut file = fs_err::File::open(log)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(ENOUGH)))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes)
            .lines()
            .last()
            .unwrap_or_default()
            .to_owned())
    };
    read().unwrap_or_default()
}

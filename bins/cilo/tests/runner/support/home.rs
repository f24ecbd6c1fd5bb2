// SPDX-License-Identifier: MIT
//! A home of a test's own: nothing it makes meets what another test, or the user, has.

use std::cell::RefCell;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use cilo_engine::dns::{Answer, QueryType, Rcode, query};
use tempfile::TempDir;

use super::command::{Cilo, Ended};
use super::docker;
use super::pool::{PREFIX, Pool};
use super::project::Project;

/// How many homes this program made: no two have a name in common.
static HOMES: AtomicU32 = AtomicU32::new(0);

/// A `CILO_HOME` with its own addresses and DNS port. Everything made with it goes when it is dropped.
pub(crate) struct Home {
    folder: TempDir,
    pool: Pool,
    number: u32,
    engine: bool,
    projects: RefCell<Vec<String>>,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self::with_engine(true)
    }

    /// One whose commands find no container engine.
    pub(crate) fn without_engine() -> Self {
        Self::with_engine(false)
    }

    fn with_engine(engine: bool) -> Self {
        let folder = tempfile::Builder::new().prefix("cilo-test-").tempdir().unwrap();
        // Other users take part in some tests.
        fs_err::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
        fs_err::create_dir(folder.path().join("user")).unwrap();
        Self {
            folder,
            pool: Pool::take(),
            number: HOMES.fetch_add(1, Ordering::Relaxed),
            engine,
            projects: RefCell::default(),
        }
    }

    /// The folder of the whole test.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// `CILO_HOME`.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder().join("home")
    }

    pub(crate) fn workspace(&self, project: &Project, env: &str) -> PathBuf {
        self.path().join("envs").join(project.name()).join(env)
    }

    /// Says which home it is wherever names meet those of other tests.
    pub(crate) fn tag(&self) -> String {
        format!("-{}-{}", std::process::id(), self.number)
    }

    /// The pool's first address, with `third` and `last` for its last two parts.
    pub(crate) fn address(&self, third: u8, last: u8) -> Ipv4Addr {
        let [a, b, c, _] = self.pool.first.octets();
        Ipv4Addr::new(a, b, c + third, last)
    }

    pub(crate) fn dns(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.pool.port).into()
    }

    /// A new project folder with a `compose.yaml`, in no other test's way.
    pub(crate) fn project(&self, name: &str, compose: &str) -> Project {
        let name = format!("{name}{}", self.tag());
        self.watch(&name);
        let project = Project::new(self.folder().join("src").join(&name), name);
        project.write("compose.yaml", compose)
    }

    /// What has this project's label belongs to this test.
    pub(crate) fn watch(&self, project: &str) {
        self.projects.borrow_mut().push(project.to_owned());
    }

    /// A command line of `cilo`, in the test's folder.
    pub(crate) fn cilo<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Cilo {
        self.arrange(Cilo::new(env!("CARGO_BIN_EXE_cilo"))).args(args)
    }

    /// `cilo` in the folder of `project`, run to its end.
    pub(crate) fn run<'a>(&self, project: &Project, args: impl IntoIterator<Item = &'a str>) -> Ended {
        self.cilo(args).dir(project.path()).run()
    }

    /// The environment that leads to this home, for any program.
    pub(crate) fn arrange(&self, command: Cilo) -> Cilo {
        let user = self.folder().join("user");
        let mut command = command
            .dir(self.folder())
            .var("CILO_HOME", self.path())
            .var("CILO_DNS_PORT", self.pool.port.to_string())
            .var("CILO_BASE_SUBNET", format!("{}/{PREFIX}", self.pool.first))
            .var("HOME", user)
            .replace(self.tag(), "")
            .replace(self.folder().display(), "[TMP]")
            .replace(self.dns(), "[DNS]");
        if !self.engine {
            command = command.var(
                "DOCKER_HOST",
                format!("unix://{}/no.sock", self.folder().display()),
            );
        }
        command
    }

    /// `list --all --json`, as `project/name state`.
    #[track_caller]
    pub(crate) fn listed(&self) -> Vec<String> {
        let json = self.cilo(["list", "--all", "--json"]).run().ok().json();
        let tag = self.tag();
        let text = |value: &serde_json::Value| value.as_str().unwrap().replace(&tag, "");
        let environments = json["environments"].as_array().unwrap().iter();
        environments
            .map(|env| {
                format!(
                    "{}/{} {}",
                    text(&env["project"]),
                    text(&env["name"]),
                    text(&env["state"])
                )
            })
            .collect()
    }

    /// Everything in the engine that this home's projects made, by name.
    pub(crate) fn objects(&self) -> Vec<String> {
        let projects = self.projects.borrow();
        let all = projects
            .iter()
            .flat_map(|project| docker::labelled(&format!("dev.cilo.project={project}")));
        all.map(|object| object.replace(&self.tag(), "")).collect()
    }

    /// Nothing is left of any environment: not in the engine, not in the home, not in the state.
    #[track_caller]
    pub(crate) fn is_empty(&self) {
        assert_eq!(self.objects(), Vec::<String>::new());
        assert_eq!(self.listed(), Vec::<String>::new());
        for folder in ["dns", "baselines"] {
            assert_eq!(files(&self.path().join(folder)), Vec::<PathBuf>::new());
        }
        assert_eq!(files(&self.path().join("envs")), Vec::<PathBuf>::new());
    }

    /// What the home's DNS server says.
    #[track_caller]
    pub(crate) fn ask(&self, name: &str, kind: QueryType) -> Answer {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let answer = runtime.block_on(query(self.dns(), name, kind, Duration::from_secs(5)));
        answer.unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The addresses of a name that has to be there.
    #[track_caller]
    pub(crate) fn addresses(&self, name: &str) -> Vec<Ipv4Addr> {
        let answer = self.ask(name, QueryType::A);
        assert_eq!(answer.rcode, Rcode::NoError, "{name}");
        assert!(!answer.addresses.is_empty(), "{name} has no address");
        answer.addresses
    }

    /// Nobody knows the name.
    #[track_caller]
    pub(crate) fn knows_not(&self, name: &str) {
        let answer = self.ask(name, QueryType::A);
        assert!(
            matches!(answer.rcode, Rcode::NxDomain | Rcode::Refused),
            "{name}: {answer:?}"
        );
    }

    /// The process of the home's daemon, when it runs.
    pub(crate) fn daemon(&self) -> Option<u32> {
        let json = self.cilo(["daemon", "status", "--json"]).run().json();
        json["pid"].as_u64().and_then(|pid| u32::try_from(pid).ok())
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if self.engine {
            drop(
                self.cilo(["--quiet", "destroy", "--all", "--everywhere", "--force"])
                    .run(),
            );
            for project in self.projects.borrow().iter() {
                // An example's own name is everybody's; the home's own environments are gone by now.
                if project.ends_with(&self.tag()) {
                    docker::remove_labelled(&format!("dev.cilo.project={project}"));
                }
            }
        }
        drop(self.cilo(["--quiet", "daemon", "stop"]).run());
    }
}

/// Every file and link below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs_err::read_dir(&folder).into_iter().flatten() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else {
                found.push(entry.path());
            }
        }
    }
    found
}

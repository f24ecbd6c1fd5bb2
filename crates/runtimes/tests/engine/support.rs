// SPDX-License-Identifier: MIT
//! Environments for tests: an id, a subnet and a folder of their own, gone when the test ends, however it ends.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cilo_runtimes::{DownOptions, Endpoint, Event, Filter, RUNTIMES, Runtime, UpError, UpOptions, UpOutcome};
use cilo_spec::{EnvironmentSpec, Identity, IsolatedSpec, Isolation, ServiceStatus};
use ipnet::Ipv4Net;
use serde_json::{Value, json};

/// No wait of a test takes longer.
pub(crate) const DEADLINE: Duration = Duration::from_secs(90);

/// One environment in one engine.
pub(crate) struct Env {
    pub(crate) runtime: Arc<dyn Runtime>,
    pub(crate) isolation: Isolation,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) events: Arc<Mutex<Vec<Event>>>,
    endpoint: Endpoint,
}

/// Runs `test` once for each engine that answers here.
pub(crate) fn for_each_engine<F: Future<Output = ()>>(test: impl Fn(Env) -> F) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        for kind in RUNTIMES {
            let endpoint = endpoint(kind.id);
            match (kind.connect)(&endpoint).await {
                Ok(Some(runtime)) => test(Env::new(runtime, endpoint).await).await,
                other => {
                    assert!(!engine_is_required(), "{}: {:?}", kind.name, other.err());
                    println!(
                        "skipped: needs a container engine (cargo xtask engine): {}",
                        kind.name
                    );
                }
            }
        }
    });
}

fn endpoint(kind: &str) -> Endpoint {
    match kind {
        "docker" => Endpoint::Unix("/var/run/docker.sock".into()),
        other => panic!("say where {other} answers in tests"),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "whether a missing engine is a failure is decided outside of the test"
)]
fn engine_is_required() -> bool {
    std::env::var_os("CILO_TEST_ENGINE").is_some()
}

/// A subnet that no network has and no other test of this process was given.
pub(crate) async fn free_subnet(runtime: &dyn Runtime) -> Ipv4Net {
    static GIVEN: Mutex<BTreeSet<u8>> = Mutex::new(BTreeSet::new());
    let taken = runtime.subnets().await.unwrap();
    // Other processes start elsewhere, most of the time.
    let start = u8::try_from(uuid::Uuid::now_v7().as_u128() & 0xff).unwrap();
    let mut given = GIVEN.lock().unwrap();
    let (third, subnet) = (0..=u8::MAX)
        .map(|step| start.wrapping_add(step))
        .map(|third| (third, Ipv4Net::new([10, 225, third, 0].into(), 24).unwrap()))
        .find(|(third, subnet)| {
            !given.contains(third)
                && !taken
                    .iter()
                    .any(|other| other.subnet.contains(subnet) || subnet.contains(&other.subnet))
        })
        .unwrap();
    given.insert(third);
    subnet
}

impl Env {
    async fn new(runtime: Arc<dyn Runtime>, endpoint: Endpoint) -> Self {
        let id = uuid::Uuid::now_v7();
        let folder = tempfile::tempdir().unwrap();
        let subnet = free_subnet(&*runtime).await;
        let identity = Identity {
            project: "runtimes".parse().unwrap(),
            env: format!("t{:012x}", id.as_u128() & 0xffff_ffff_ffff)
                .parse()
                .unwrap(),
            id: id.to_string().parse().unwrap(),
        };
        let isolation = Isolation {
            identity,
            suffix: "test".parse().unwrap(),
            subnet,
            source: folder.path().to_owned(),
            workspace: folder.path().to_owned(),
        };
        Self {
            runtime,
            isolation,
            folder,
            events: Arc::default(),
            endpoint,
        }
    }

    /// The project of `services`, each in the network `default` if it says nothing else.
    pub(crate) fn spec(&self, services: Value) -> IsolatedSpec {
        self.project(json!({ "services": services }))
    }

    /// A whole project.
    pub(crate) fn project(&self, mut project: Value) -> IsolatedSpec {
        project["name"] = "runtimes".into();
        project["networks"]["default"] = project["networks"]["default"].take();
        for service in project["services"].as_object_mut().unwrap().values_mut() {
            let service = service.as_object_mut().unwrap();
            if !service.contains_key("networks") && !service.contains_key("network_mode") {
                service.insert("networks".to_owned(), json!({ "default": null }));
            }
        }
        for network in project["networks"].as_object_mut().unwrap().values_mut() {
            if network.is_null() {
                *network = json!({});
            }
        }
        let mut spec: EnvironmentSpec = serde_json::from_value(project).unwrap();
        spec.origin.directory = self.folder.path().to_owned();
        cilo_spec::isolate(&spec, &self.isolation).unwrap()
    }

    pub(crate) async fn up(&self, spec: &IsolatedSpec) -> UpOutcome {
        self.up_with(spec, &UpOptions::default())
            .await
            .unwrap_or_else(|error| panic!("{}", report(&error)))
    }

    pub(crate) async fn up_with(
        &self,
        spec: &IsolatedSpec,
        options: &UpOptions,
    ) -> Result<UpOutcome, UpError> {
        self.events.lock().unwrap().clear();
        let events = Arc::clone(&self.events);
        let sink = move |event: Event| events.lock().unwrap().push(event);
        tokio::time::timeout(DEADLINE, self.runtime.up(spec, options, &sink))
            .await
            .expect("up ends in time")
    }

    pub(crate) async fn down(&self) {
        self.runtime
            .down(
                &self.isolation.identity.id,
                &DownOptions {
                    grace: Some(Duration::ZERO),
                    ..DownOptions::default()
                },
                &(),
            )
            .await
            .unwrap();
    }

    /// The environment's services by name, read live.
    pub(crate) async fn status(&self) -> BTreeMap<String, ServiceStatus> {
        let id = &self.isolation.identity.id;
        let mut all = self.runtime.statuses(&Filter::Env(id.clone())).await.unwrap();
        let services = all.remove(id).map(|status| status.services).unwrap_or_default();
        services
            .into_iter()
            .map(|service| (service.service.clone(), service))
            .collect()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, text).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_string_lossy().into_owned()
    }

    /// The place of the first event that `wanted` likes.
    pub(crate) fn place(&self, wanted: impl Fn(&Event) -> bool) -> Option<usize> {
        self.events.lock().unwrap().iter().position(wanted)
    }

    /// Where the start of a service's first container is among the events.
    pub(crate) fn started(&self, service: &str) -> Option<usize> {
        self.place(
            |event| matches!(event, Event::ContainerStarted { replica, .. } if replica.service == service),
        )
    }

    /// Runs a command in a service; gives its exit code and what it printed.
    pub(crate) async fn run(&self, service: &str, argv: &[&str]) -> (i64, String) {
        use futures_util::StreamExt;
        let request = cilo_runtimes::ExecRequest {
            service: service.to_owned(),
            argv: argv.iter().map(|word| (*word).to_owned()).collect(),
            ..cilo_runtimes::ExecRequest::default()
        };
        let mut session = self
            .runtime
            .exec(&self.isolation.identity.id, &request)
            .await
            .unwrap();
        let mut text = Vec::new();
        while let Some(piece) = session.output.next().await {
            text.extend_from_slice(&piece.unwrap().1);
        }
        (
            session.control.wait().await.unwrap(),
            String::from_utf8_lossy(&text).into_owned(),
        )
    }

    /// Waits until `wanted` holds.
    pub(crate) async fn until<F: Future<Output = bool>>(&self, what: &str, wanted: impl Fn() -> F) {
        let wait = async {
            while !wanted().await {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(DEADLINE, wait)
            .await
            .unwrap_or_else(|_| panic!("{what} in time"));
    }
}

impl Drop for Env {
    fn drop(&mut self) {
        let (endpoint, id) = (self.endpoint.clone(), self.isolation.identity.id.clone());
        let folder = self.folder.path().to_owned();
        let cleaning = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let engine = cilo_runtimes::connect(&endpoint).await.unwrap();
                if is_foreign_owned(&folder) {
                    engine.remove_files(&id, &folder).await.unwrap();
                }
                engine.destroy(&id, &()).await.unwrap();
                assert!(engine.contents(&id).await.unwrap().is_empty());
            });
        });
        let cleaned = cleaning.join();
        assert!(cleaned.is_ok() || std::thread::panicking());
    }
}

fn is_foreign_owned(folder: &Path) -> bool {
    // Tests that let containers write into a folder leave this mark in it.
    folder.join("foreign").exists()
}

/// An error with all its sources.
pub(crate) fn report(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text.push_str("\n  because: ");
        text.push_str(&source.to_string());
        next = source.source();
    }
    text
}

/// A service that does nothing for ever, and stops at once.
pub(crate) fn idle() -> Value {
    json!({ "image": "busybox:latest", "command": ["sleep", "100000"], "init": true })
}

/// [`idle`] with more said; what is null is left out.
pub(crate) fn idle_with(more: Value) -> Value {
    let mut service = idle();
    for (key, value) in more.as_object().unwrap() {
        service[key] = value.clone();
        if value.is_null() {
            service.as_object_mut().unwrap().remove(key);
        }
    }
    service
}

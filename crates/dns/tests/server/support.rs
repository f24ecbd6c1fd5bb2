// SPDX-License-Identifier: MIT
//! A server on a free port over a directory of its own, and zones to put into it.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use cilo_dns::{About, Answer, Expected, QueryType, Server, Zone, await_served, publish, query};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// How long anything may take before a test fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A server that ends with the test.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) dir: PathBuf,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Running {
    pub(crate) async fn over(dir: &Path) -> Self {
        Self::on("127.0.0.1:0".parse().unwrap(), dir).await
    }

    pub(crate) async fn on(address: SocketAddr, dir: &Path) -> Self {
        let server = Server::bind(address, dir, about()).await.unwrap();
        let address = server.local_addr();
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(async move {
            let stopped = async { stopped.await.unwrap_or_default() };
            server.serve(stopped).await.unwrap();
        });
        Self {
            address,
            dir: dir.to_owned(),
            stop,
            task,
        }
    }

    pub(crate) async fn ask(&self, name: &str, kind: QueryType) -> Answer {
        query(self.address, name, kind, PATIENCE).await.unwrap()
    }

    pub(crate) async fn publish(&self, zone: &Zone) {
        publish(&self.dir, zone).unwrap();
        await_served(self.address, Expected::Published(zone), PATIENCE)
            .await
            .unwrap();
    }

    pub(crate) async fn stop(self) {
        self.stop.send(()).unwrap();
        self.task.await.unwrap();
    }
}

pub(crate) fn about() -> About {
    About {
        version: "9.8.7".into(),
        home: "home-digest".into(),
    }
}

pub(crate) fn zone(env: &str, suffix: &str, names: &[(&str, &[u8])]) -> Zone {
    let names = names.iter().map(|(name, last)| {
        (
            name.parse().unwrap(),
            last.iter().map(|last| Ipv4Addr::new(10, 224, 0, *last)).collect(),
        )
    });
    Zone {
        suffix: suffix.parse().unwrap(),
        env: env.parse().unwrap(),
        id: "01890a5d-ac96-774b-bcce-b302099a8057".parse().unwrap(),
        names: names.collect(),
    }
}

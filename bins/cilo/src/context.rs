// SPDX-License-Identifier: MIT
//! What every command gets: the engine and a way to talk.

use cilo_engine::{Engine, Selector};
use cilo_spec::{EnvName, ProjectName};
use tokio_util::sync::CancellationToken;

use crate::cli::Global;
use crate::failure::Failure;
use crate::settings::Environment;
use crate::ui::Ui;

pub(crate) struct Context {
    pub(crate) ui: Ui,
    pub(crate) engine: Engine,
    pub(crate) project: Option<ProjectName>,
}

impl Context {
    pub(crate) fn new(ui: Ui, global: &Global, environment: &Environment) -> Result<Self, Failure> {
        let engine = Engine::open(environment.settings()?)?;
        Ok(Self {
            ui,
            engine,
            project: global.project.clone(),
        })
    }

    /// The environment a command's word means.
    pub(crate) fn selector(&self, env: &EnvName) -> Selector {
        Selector {
            env: env.clone(),
            project: self.project.clone(),
        }
    }

    /// Fires at the first Ctrl-C or SIGTERM; the second one ends the program as usual.
    pub(crate) fn cancel_on_signal(&self) -> CancellationToken {
        let token = CancellationToken::new();
        let (fired, ui) = (token.clone(), self.ui);
        tokio::spawn(async move {
            end_signal().await;
            ui.status("stopping; what this command made is taken back (again to stop at once)");
            fired.cancel();
            end_signal().await;
            std::process::exit(130);
        });
        token
    }
}

/// Returns at the next Ctrl-C or SIGTERM.
pub(crate) async fn end_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminated) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminated.recv() => {}
    }
}

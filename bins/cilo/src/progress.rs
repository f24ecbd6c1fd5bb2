// SPDX-License-Identifier: MIT
//! Long work as people see it: bars on a terminal, one line per result elsewhere. All of it on standard error.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cilo_engine::Event;
use cilo_engine::runtimes::{Event as Step, StepState};
use cilo_engine::workspace::{Method, Noted};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::ui::{Style, Ui};

/// Between two frames of a spinner.
const FRAME: Duration = Duration::from_millis(100);

/// Draws events until [`Progress::finish`].
pub(crate) struct Progress {
    ui: Ui,
    drawn: MultiProgress,
    bars: Mutex<BTreeMap<String, ProgressBar>>,
}

impl Progress {
    pub(crate) fn new(ui: Ui) -> Self {
        let target = if ui.interactive {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        Self {
            ui,
            drawn: MultiProgress::with_draw_target(target),
            bars: Mutex::default(),
        }
    }

    /// Takes away what is still drawn.
    pub(crate) fn finish(&self) {
        self.bars().values().for_each(ProgressBar::finish_and_clear);
        // A hidden target has nothing to clear.
        drop(self.drawn.clear());
    }

    pub(crate) fn show(&self, event: Event) {
        match event {
            Event::Waiting { env } => {
                self.say(format_args!("waiting for another command that works on {env}"));
            }
            Event::Copying(progress) => {
                let (files, bytes) = (progress.files_done, megabytes(progress.bytes_done));
                self.step(
                    "copy",
                    format_args!("copying the project: {files} files, {bytes}"),
                );
            }
            Event::Copied { workspace, report } => {
                self.end("copy");
                self.say(format_args!(
                    "copied {} files ({}, {}) to {}",
                    report.files,
                    megabytes(report.bytes),
                    method(report.method),
                    workspace.display()
                ));
                for note in &report.notes {
                    self.say(format_args!("  {}: {}", note.path.display(), noted(&note.what)));
                }
            }
            Event::Runtime(step) => self.show_step(step),
            Event::Ready { service } => self.end(&format!("service {service}")),
            Event::Salvaged { folder } => {
                self.say(format_args!(
                    "unsaved work is kept in {}; its README.txt says how to restore it",
                    folder.display()
                ));
            }
            Event::Warning(text) => self.drawn.suspend(|| self.ui.warn(text)),
        }
    }

    fn show_step(&self, step: Step) {
        match step {
            Step::PullProgress { image, progress } => {
                let done = if progress.bytes > 0 {
                    format!(
                        "{} of {}",
                        megabytes(progress.bytes_done),
                        megabytes(progress.bytes)
                    )
                } else {
                    format!("{} of {} layers", progress.layers_done, progress.layers)
                };
                self.step(&format!("pull {image}"), format_args!("pulling {image}: {done}"));
            }
            Step::Pulled { image, took } => {
                self.end(&format!("pull {image}"));
                self.say(format_args!("pulled {image} in {}", seconds(took)));
            }
            Step::BuildStarted { service } => {
                self.step(&format!("build {service}"), format_args!("building {service}"));
            }
            Step::BuildStep { service, step, state } => match state {
                StepState::Started => {
                    self.step(
                        &format!("build {service}"),
                        format_args!("building {service}: {step}"),
                    );
                }
                StepState::Failed(why) => self.say(format_args!("building {service}: {step}: {why}")),
                StepState::Done(_) | StepState::Cached => {}
            },
            Step::BuildLog { service, line } => {
                self.detail(
                    &format!("build {service}"),
                    format_args!("building {service}: {line}"),
                );
            }
            Step::Built { service, took, .. } => {
                self.end(&format!("build {service}"));
                self.say(format_args!("built {service} in {}", seconds(took)));
            }
            Step::Waiting {
                service, dependency, ..
            } => {
                self.step(
                    &format!("service {service}"),
                    format_args!("{service}: waiting for {dependency}"),
                );
            }
            Step::ContainerCreated { replica, .. } => self.service(&replica.service, "starting"),
            Step::ContainerStarted { replica, .. } => {
                self.service(&replica.service, "started, not ready yet");
            }
            Step::ContainerHealthy { replica, .. } => self.end(&format!("service {}", replica.service)),
            Step::ContainerRecreated { replica, why, .. } => {
                self.say(format_args!("replaced {replica}: {why}"));
            }
            Step::ContainerRemoved {
                replica,
                why: Some(why),
            } => {
                self.say(format_args!("removed {replica}: {why}"));
            }
            Step::ContainerRemoved { replica, why: None } => {
                self.end(&format!("service {}", replica.service));
            }
            Step::ContainerExited {
                replica, exit_code, ..
            } if exit_code != 0 => {
                self.say(format_args!("{replica} exited with code {exit_code}"));
            }
            Step::ContainerExited { replica, .. } | Step::ContainerUpToDate { replica } => {
                self.end(&format!("service {}", replica.service));
            }
            Step::ContainerStopped { replica, .. } => self.service(&replica.service, "stopped"),
            Step::Undoing => self.say("taking back what this command made"),
            Step::Warning { service, text } => self.drawn.suspend(|| match service {
                Some(service) => self.ui.warn(format_args!("{service}: {text}")),
                None => self.ui.warn(text),
            }),
            Step::NetworkCreated { .. }
            | Step::NetworkRemoved { .. }
            | Step::VolumeCreated { .. }
            | Step::VolumeRemoved { .. }
            | Step::ImageRemoved { .. }
            | Step::HookEnded { .. } => {}
        }
    }

    fn service(&self, service: &str, what: &str) {
        self.step(&format!("service {service}"), format_args!("{service}: {what}"));
    }

    /// A line that stays.
    fn say(&self, line: impl Display) {
        self.drawn
            .suspend(|| self.ui.status(self.ui.err(&line.to_string(), Style::Dim)));
    }

    /// What goes on under `key` now.
    fn step(&self, key: &str, what: impl Display) {
        if !self.ui.interactive {
            return;
        }
        let mut bars = self.bars();
        let bar = bars.entry(key.to_owned()).or_insert_with(|| {
            let bar = self.drawn.add(ProgressBar::new_spinner());
            let style = ProgressStyle::with_template("{spinner:.cyan} {wide_msg} {elapsed:.dim}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            bar.enable_steady_tick(FRAME);
            bar
        });
        bar.set_message(what.to_string());
    }

    /// Changes what is drawn under `key`, if anything is.
    fn detail(&self, key: &str, what: impl Display) {
        if let Some(bar) = self.bars().get(key) {
            bar.set_message(what.to_string());
        }
    }

    fn end(&self, key: &str) {
        if let Some(bar) = self.bars().remove(key) {
            bar.finish_and_clear();
        }
    }

    /// A panic while drawing must not hide what caused it.
    fn bars(&self) -> MutexGuard<'_, BTreeMap<String, ProgressBar>> {
        self.bars.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn method(method: Method) -> &'static str {
    match method {
        Method::Reflink => "sharing blocks",
        Method::CopyFileRange => "copied by the kernel",
        Method::ReadWrite => "copied",
    }
}

fn noted(what: &Noted) -> String {
    match what {
        Noted::Fifo => "a named pipe, not copied".to_owned(),
        Noted::Socket => "a socket, not copied".to_owned(),
        Noted::Device => "a device, not copied".to_owned(),
        Noted::Vanished => "changed while it was copied".to_owned(),
        Noted::Xattr(name) => format!("its attribute {name} cannot be kept here"),
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

fn seconds(span: Duration) -> String {
    format!("{:.1} s", span.as_secs_f64())
}

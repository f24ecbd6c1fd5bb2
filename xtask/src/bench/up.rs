// SPDX-License-Identifier: MIT
//! `cilo up` of six services that do nothing, beside the bare engine calls and beside Compose.

use std::collections::BTreeMap;
use std::path::Path;

use super::measure::{Round, Samples, Usage, rounds, timed};
use super::place::{LABEL, Place};
use super::row::{Measured, Row, Target, Unit};
use super::{Error, Request, floor};
use crate::sh::Sh;

/// The services.
pub(super) const SERVICES: [&str; 6] = ["one", "two", "three", "four", "five", "six"];
/// What they run.
pub(super) const IMAGE: &str = "busybox:latest";
/// Their command.
pub(super) const SLEEP: [&str; 2] = ["sleep", "1000000"];

const UP: Target = Target::Times(1.15);
const AGAIN: Target = Target::Times(0.1);

/// One way to bring the six up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    Floor,
    /// The daemon runs.
    Cilo,
    /// The daemon runs, and readiness is not waited for.
    NoWait,
    /// The daemon has to be started, too.
    Cold,
    Compose,
}

#[derive(Default)]
struct Found {
    took: BTreeMap<Way, Samples>,
    first: Samples,
    again: Samples,
    peak: Samples,
}

/// Measures.
pub(super) fn run(place: &Place, request: &Request) -> Result<Vec<Row>, Error> {
    let project = place.folder().join("project");
    fs_err::create_dir_all(&project)?;
    fs_err::write(project.join("compose.yaml"), compose_file(&place.mark()))?;
    let compose = compose(request);
    let mut ways = vec![Way::Floor, Way::Cilo, Way::NoWait, Way::Cold];
    ways.extend(compose.as_ref().map(|_| Way::Compose));
    let mut found = Found::default();
    for round in rounds(request.runs) {
        for way in round.order(&ways) {
            let took = match (way, &compose) {
                (Way::Floor, _) => floor::run(place, &request.endpoint)?,
                (Way::Compose, Some(compose)) => {
                    timed(place, &compose.clone().args(["up", "-d"]).dir(&project))?.took
                }
                _ => cilo_up(place, &project, way, round, &mut found)?.took,
            };
            place.sweep_engine()?;
            if round.counts() {
                found.took.entry(way).or_default().add_time(took);
            }
        }
    }
    place.cilo(&["daemon", "start"]).quiet()?;
    let mut rows = found.rows(compose.is_some());
    let mut daemon = Samples::default();
    daemon.add_bytes(place.daemon_peak()?);
    rows.push(
        Measured::new(
            "peak memory of the daemon after all this",
            Unit::Mebibytes,
            &daemon,
        )
        .reported(),
    );
    Ok(rows)
}

fn cilo_up(place: &Place, project: &Path, way: Way, round: Round, found: &mut Found) -> Result<Usage, Error> {
    let verb = if way == Way::Cold { "stop" } else { "start" };
    place.cilo(&["daemon", verb]).quiet()?;
    let env = format!("{way:?}-{}", round.number).to_lowercase();
    let mut args = vec!["up", env.as_str()];
    args.extend((way == Way::NoWait).then_some("--no-wait"));
    let up = place.cilo(&args).dir(project);
    let usage = timed(place, &up)?;
    if way == Way::Cilo {
        let again = timed(place, &up)?;
        if round.counts() {
            found.peak.add_bytes(usage.peak);
            found.first.add_time(usage.took);
            found.again.add_time(again.took);
        }
    }
    place.cilo(&["destroy", &env, "--force"]).dir(project).quiet()?;
    Ok(usage)
}

impl Found {
    fn rows(&self, with_compose: bool) -> Vec<Row> {
        const FLOOR: &str = "the bare engine calls";
        let none = Samples::default();
        let of = |way| self.took.get(&way).unwrap_or(&none);
        let beside_floor = |what: &str, way| {
            let row = Measured::new(what, Unit::Milliseconds, of(way));
            row.beside(FLOOR, of(Way::Floor))
        };
        let mut rows = vec![
            beside_floor("`cilo up`, until all are ready", Way::Cilo).target(UP),
            beside_floor("`cilo up --no-wait`", Way::NoWait).target(UP),
            beside_floor("`cilo up` that starts the daemon, too", Way::Cold).target(UP),
        ];
        if with_compose {
            rows.push(beside_floor("`docker compose up -d`", Way::Compose).reported());
            rows.push(
                Measured::new(
                    "`cilo up`, until all are ready",
                    Unit::Milliseconds,
                    of(Way::Cilo),
                )
                .beside("`docker compose up -d`", of(Way::Compose))
                .reported(),
            );
        } else {
            rows.push(Row::skipped(
                "`docker compose up -d`",
                "needs the Compose plugin, as `docker compose` or with `--compose PATH`",
            ));
        }
        rows.push(
            Measured::new(
                "`cilo up` again, nothing changed",
                Unit::Milliseconds,
                &self.again,
            )
            .beside("the first time", &self.first)
            .target(AGAIN),
        );
        rows.push(Measured::new("peak memory of `cilo up`", Unit::Mebibytes, &self.peak).reported());
        rows
    }
}

/// The plugin as a program, when there is one.
fn compose(request: &Request) -> Option<Sh> {
    if let Some(path) = &request.compose {
        return Some(Sh::new(path));
    }
    let docker = Sh::new("docker").arg("compose");
    docker.clone().arg("version").quiet().is_ok().then_some(docker)
}

/// Six services on one network. They end at once when asked to: a shell-less process 1 ignores SIGTERM.
fn compose_file(mark: &str) -> String {
    let label = format!("labels:\n      {}: {}\n", quoted(LABEL), quoted(mark));
    let command = SLEEP.map(quoted).join(", ");
    let services = SERVICES.map(|service| {
        format!("  {service}:\n    image: {IMAGE}\n    command: [{command}]\n    stop_signal: SIGKILL\n    {label}")
    });
    format!(
        "name: cilo-bench\nservices:\n{}networks:\n  default:\n    {label}",
        services.concat()
    )
}

/// JSON's strings are YAML's.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_project_has_every_service_and_marks_all_it_makes() {
        let text = compose_file("/a \"b\"");
        assert_eq!(text.matches("image: busybox:latest").count(), SERVICES.len());
        let mark = format!("      \"{LABEL}\": \"/a \\\"b\\\"\"\n");
        assert_eq!(text.matches(&mark).count(), SERVICES.len() + 1);
    }
}

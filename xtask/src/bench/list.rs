// SPDX-License-Identifier: MIT
//! `cilo list` with fifty environments, beside a `cilo` that only starts and ends.

use super::measure::{Samples, rounds, timed};
use super::place::{LABEL, Place};
use super::row::{Measured, Row, Target, Unit};
use super::up::{IMAGE, SLEEP};
use super::{Error, Request};

const ENVIRONMENTS: usize = 50;
/// So many of them have containers.
const RUNNING: usize = 5;
/// A run takes milliseconds, so many more of them fit in.
const TIMES: usize = 10;

/// Measures.
pub(super) fn run(place: &Place, request: &Request) -> Result<Vec<Row>, Error> {
    let project = place.folder().join("project");
    fs_err::create_dir_all(&project)?;
    let service = serde_json::json!({
        "image": IMAGE,
        "command": SLEEP,
        "stop_signal": "SIGKILL",
        "labels": { LABEL: place.mark() },
    });
    let file = serde_json::json!({
        "name": "cilo-bench",
        "services": { "one": service },
        "networks": { "default": { "labels": { LABEL: place.mark() } } },
    });
    // JSON is YAML.
    fs_err::write(project.join("compose.yaml"), file.to_string())?;
    for number in 0..ENVIRONMENTS {
        let env = format!("env-{number}");
        place.cilo(&["create", &env]).dir(&project).quiet()?;
        if number < RUNNING {
            place.cilo(&["up", &env]).dir(&project).quiet()?;
        }
    }
    let (list, start) = (place.cilo(&["list", "--all"]), place.cilo(&["--version"]));
    let said = list.output()?;
    if said.lines().filter(|line| line.contains("env-")).count() != ENVIRONMENTS {
        let program = "cilo list --all";
        return Err(Error::Unclear { program, said });
    }
    let (mut listing, mut starting) = (Samples::default(), Samples::default());
    for round in rounds(request.runs * TIMES) {
        for is_list in round.order(&[true, false]) {
            let (program, samples) = if is_list {
                (&list, &mut listing)
            } else {
                (&start, &mut starting)
            };
            let took = timed(place, program)?.took;
            if round.counts() {
                samples.add_time(took);
            }
        }
    }
    let what = format!("`cilo list --all`, {ENVIRONMENTS} environments, {RUNNING} of them running");
    Ok(vec![
        Measured::new(what, Unit::Milliseconds, &listing)
            .beside("`cilo --version`: starting and ending", &starting)
            .target(Target::More(15.0)),
    ])
}

// SPDX-License-Identifier: MIT
//! `logs`: who wrote what, until it ends or the reader has enough.

use rustix::process::Signal;

use crate::support::{Cilo, Home, Project, eventually, needs_engine};

const TALKERS: &str = "\
services:
  api:
    image: busybox
    command: [sh, -c, 'echo one; echo two >&2; echo three; exec sleep 1000']
    stop_signal: SIGKILL
  worker:
    image: busybox
    command: [sh, -c, 'n=0; while :; do n=$$((n+1)); echo tick $$n; sleep 0.1; done']
    stop_signal: SIGKILL
    deploy: {replicas: 2}
";

fn running() -> Option<(Home, Project)> {
    if !needs_engine() {
        return None;
    }
    let home = Home::new();
    let project = home.project("app", TALKERS);
    home.run(&project, ["up", "a"]).ok();
    Some((home, project))
}

#[test]
fn lines_carry_their_service() {
    let Some((home, project)) = running() else { return };
    let api = eventually("all lines", || {
        let logs = home.run(&project, ["logs", "a", "api"]).ok().stdout;
        (logs.lines().count() == 3).then_some(logs)
    });
    let mut lines: Vec<&str> = api.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["api    | one", "api    | three", "api    | two"]);
    let all = home.run(&project, ["logs", "a"]).ok().stdout;
    for head in ["api    | ", "worker | tick 1", "worker-2 | tick 1"] {
        assert!(all.lines().any(|line| line.starts_with(head)), "{head}\n{all}");
    }
    let json = home.run(&project, ["logs", "a", "api", "--json"]).ok().stdout;
    for line in json.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let stream = if line["line"] == "two" { "stderr" } else { "stdout" };
        assert_eq!(
            (&line["service"], &line["stream"], &line["replica"]),
            (&"api".into(), &stream.into(), &1.into())
        );
        assert!(line["time"].is_string());
    }
}

#[test]
fn only_the_last_lines_or_those_since_then() {
    let Some((home, project)) = running() else { return };
    let tail = home.run(&project, ["logs", "a", "api", "-n", "1"]).ok();
    assert_eq!(tail.lines().len(), 1, "{}", tail.stdout);
    let future = home
        .run(&project, ["logs", "a", "--since", "2099-01-01T00:00:00Z"])
        .ok();
    assert_eq!(future.stdout, "");
    let recent = home
        .run(&project, ["logs", "a", "api", "--since", "10m", "-t"])
        .ok();
    assert!(
        recent.stdout.lines().all(|line| line.contains(" | 20")),
        "{}",
        recent.stdout
    );
}

#[test]
fn following_goes_on_until_interrupted() {
    let Some((home, project)) = running() else { return };
    let mut running = home.cilo(["logs", "-f", "a"]).dir(project.path()).start();
    running.wait_for("worker | tick 5");
    running.wait_for("worker-2 | tick 5");
    // A container that starts later is followed too.
    crate::support::docker(&[
        "restart",
        "--time",
        "0",
        &format!("cilo_{}_a_api_1", project.name()),
    ]);
    running.wait_for("api    | one\n");
    assert!(!running.has_ended());
    running.signal(Signal::INT);
    running.wait().ok();
    // A reader that leaves ends it as well.
    let line = format!("exec {} logs -f a | head -3", env!("CARGO_BIN_EXE_cilo"));
    let head = home
        .arrange(Cilo::new("sh"))
        .args(["-c", &line])
        .dir(project.path())
        .run()
        .ok();
    assert_eq!((head.lines().len(), head.stderr.as_str()), (3, ""));
}

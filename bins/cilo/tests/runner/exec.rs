// SPDX-License-Identifier: MIT
//! `exec`: input, output, exit code, signals and the terminal are the command's own.

use rustix::process::Signal;

use crate::support::{Cilo, Home, IDLE, Project, needs_engine};

fn running() -> Option<(Home, Project)> {
    if !needs_engine() {
        return None;
    }
    let home = Home::new();
    let project = home.project("app", &format!("{IDLE}    deploy: {{replicas: 2}}\n"));
    home.run(&project, ["up", "a"]).ok();
    Some((home, project))
}

#[test]
fn codes_and_streams_pass_through() {
    let Some((home, project)) = running() else { return };
    let ended = home.run(
        &project,
        ["exec", "a", "app", "sh", "-c", "echo out; echo err >&2; exit 7"],
    );
    assert_eq!(
        (ended.code(), ended.stdout.as_str(), ended.stderr.as_str()),
        (7, "out\n", "err\n")
    );
    home.run(&project, ["exec", "a", "app", "--", "true"]).ok();
    home.run(&project, ["exec", "a", "app", "sh", "-c", "kill -TERM $$"])
        .ends_with(143);
    let not_there = home.run(&project, ["exec", "a", "app", "no-such-program"]);
    assert!(matches!(not_there.code(), 126 | 127), "{}", not_there.told());
}

#[test]
fn input_passes_through_byte_for_byte() {
    let Some((home, project)) = running() else { return };
    let input: Vec<u8> = (0..=255).cycle().take(300_000).collect();
    let sum = home
        .cilo(["exec", "a", "app", "md5sum"])
        .dir(project.path())
        .input(input.clone())
        .run()
        .ok();
    let own = Cilo::new("md5sum").input(input).run().ok();
    assert_eq!(sum.stdout, own.stdout);
    let much = home
        .run(
            &project,
            [
                "exec",
                "a",
                "app",
                "sh",
                "-c",
                "head -c 3000000 /dev/zero | tr '\\0' x",
            ],
        )
        .ok();
    assert_eq!(much.stdout.len(), 3_000_000);
    // Without input a reader sees the end at once.
    home.run(&project, ["exec", "a", "app", "cat"]).ok();
}

#[test]
fn options_choose_container_user_folder_and_variables() {
    let Some((home, project)) = running() else { return };
    let host = |args: &[&'static str]| {
        home.run(&project, ["exec"].iter().chain(args).copied())
            .ok()
            .stdout
    };
    assert_ne!(
        host(&["--index", "1", "a", "app", "hostname"]),
        host(&["--index", "2", "a", "app", "hostname"])
    );
    let all = host(&[
        "-e",
        "COLOUR=red",
        "-w",
        "/tmp",
        "-u",
        "12:34",
        "a",
        "app",
        "sh",
        "-c",
        "echo $COLOUR $PWD $(id -u):$(id -g)",
    ]);
    assert_eq!(all, "red /tmp 12:34\n");
    insta::assert_snapshot!(home.run(&project, ["exec", "--index", "3", "a", "app", "true"]).told(), @r"
    exit 1
    error: `app` has no running container; `cilo up` starts it
    ");
    insta::assert_snapshot!(home.run(&project, ["exec", "a", "api", "true"]).told(), @r"
    exit 1
    error: app/a has no service `api`; it has app
    ");
}

#[test]
fn signals_reach_the_command() {
    let Some((home, project)) = running() else { return };
    let program = "trap 'echo interrupted; exit 3' INT; echo ready; while :; do sleep 0.1; done";
    let mut running = home
        .cilo(["exec", "a", "app", "sh", "-c", program])
        .dir(project.path())
        .start();
    running.wait_for("ready");
    running.signal(Signal::INT);
    let ended = running.wait().ends_with(3);
    assert!(ended.stdout.contains("interrupted"), "{}", ended.stdout);
}

#[test]
fn a_terminal_is_passed_on() {
    let Some((home, project)) = running() else { return };
    let line = |words: &str| {
        let line = format!("{} exec {words}", env!("CARGO_BIN_EXE_cilo"));
        let script = home
            .arrange(Cilo::new("script"))
            .args(["-qec", &line, "/dev/null"]);
        script.dir(project.path()).var("TERM", "xterm").run()
    };
    let with = line("a app sh -c 'test -t 0 && test -t 1 && echo a terminal; exit 5'").ends_with(5);
    assert!(with.stdout.contains("a terminal"), "{}", with.stdout);
    line("-T a app sh -c '! test -t 0'").ok();
    // Without a terminal of ours there is none.
    home.run(
        &project,
        ["exec", "a", "app", "sh", "-c", "! test -t 0 && ! test -t 1"],
    )
    .ok();
}

#[test]
fn what_does_not_run_cannot_be_entered() {
    if !needs_engine() {
        return;
    }
    let home = Home::new();
    let project = home.project("app", IDLE);
    home.run(&project, ["create", "a"]).ok();
    insta::assert_snapshot!(home.run(&project, ["exec", "a", "app", "true"]).told(), @r"
    exit 1
    error: `app` has no running container; `cilo up` starts it
    ");
}

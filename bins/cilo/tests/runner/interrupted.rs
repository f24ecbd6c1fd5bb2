// SPDX-License-Identifier: MIT
//! Ctrl-C takes back what a command made; after `kill -9` at any moment the same command mends.

use std::time::Duration;

use rustix::process::Signal;

use crate::support::{Home, IDLE, Project, eventually, needs_engine, never_before};

/// Moments of an `up` or `destroy` to die at, in milliseconds. A kill that hits costs the next run a second.
const MOMENTS: [u64; 8] = [0, 10, 30, 70, 150, 300, 500, 900];

const PROJECT: &str = "\
services:
  one: &idle
    image: busybox
    command: [sleep, '1000']
    stop_signal: SIGKILL
    volumes: ['data:/data']
  two:
    <<: *idle
    networks: [front, back]
  job:
    image: busybox
    command: ['true']
    depends_on: [one]
networks:
  front:
  back:
volumes:
  data:
";

fn expected() -> Vec<String> {
    let names = [
        "container cilo_app_a_job_1",
        "container cilo_app_a_one_1",
        "container cilo_app_a_two_1",
        "network cilo_app_a_back",
        "network cilo_app_a_default",
        "network cilo_app_a_front",
        "volume cilo_app_a_data",
    ];
    names.map(ToOwned::to_owned).into()
}

fn killed_after<'a>(home: &Home, project: &Project, args: impl IntoIterator<Item = &'a str>, moment: u64) {
    let mut running = home.cilo(args).dir(project.path()).start();
    never_before(Duration::from_millis(moment), || running.has_ended());
    running.kill();
}

#[test]
fn a_kill_at_any_moment_is_mended_by_the_same_command() {
    if !needs_engine() {
        return;
    }
    let home = Home::new();
    let project = home.project("app", PROJECT).write("file", "one");
    let before = project.tree();
    for moment in MOMENTS {
        killed_after(&home, &project, ["up", "a"], moment);
        home.run(&project, ["up", "a"]).ok();
        assert_eq!(home.objects(), expected(), "up was killed after {moment} ms");
        assert_eq!(
            home.listed(),
            ["app/a running"],
            "up was killed after {moment} ms"
        );
        assert_eq!(home.addresses("two.a.test").len(), 1);
        assert!(home.workspace(&project, "a").join("file").is_file());

        killed_after(&home, &project, ["destroy", "a", "--force"], moment);
        let again = home.run(&project, ["destroy", "a", "--force"]);
        // Killed late enough it was done already.
        assert!(
            again.code() == 0 || again.stderr.contains("there is no environment"),
            "{}",
            again.stderr
        );
        home.knows_not("two.a.test");
        home.is_empty();
    }
    assert_eq!(project.tree(), before, "the source is never written to");
}

#[test]
fn a_kill_of_up_may_also_be_followed_by_destroy_and_one_of_destroy_by_up() {
    if !needs_engine() {
        return;
    }
    let home = Home::new();
    let project = home.project("app", IDLE);
    for moment in [10, 60, 200, 450] {
        killed_after(&home, &project, ["up", "a"], moment);
        let destroyed = home.run(&project, ["destroy", "a", "--force"]);
        assert!(
            destroyed.code() == 0 || destroyed.stderr.contains("there is no environment"),
            "{}",
            destroyed.stderr
        );
        home.is_empty();
    }
    home.run(&project, ["up", "a"]).ok();
    killed_after(&home, &project, ["destroy", "a", "--force"], 40);
    let up = home.run(&project, ["up", "a"]);
    match up.code() {
        0 => assert_eq!(home.listed(), ["app/a running"]),
        code => {
            assert_eq!(code, 5, "{}", up.stderr);
            assert!(
                up.stderr
                    .contains("half destroyed; finish it with `cilo destroy a --force`"),
                "{}",
                up.stderr
            );
        }
    }
}

#[test]
fn a_kill_of_a_replacement_or_of_down_is_mended_too() {
    if !needs_engine() {
        return;
    }
    let home = Home::new();
    let project = home.project("app", PROJECT);
    home.run(&project, ["up", "a"]).ok();
    home.run(&project, ["exec", "a", "one", "touch", "/data/kept"])
        .ok();
    for moment in [100, 250, 500] {
        killed_after(&home, &project, ["up", "a", "--recreate"], moment);
        home.run(&project, ["up", "a"]).ok();
        assert_eq!(
            home.objects(),
            expected(),
            "up --recreate was killed after {moment} ms"
        );
        assert_eq!(
            home.listed(),
            ["app/a running"],
            "up --recreate was killed after {moment} ms"
        );
        let names = home.addresses("two.a.test");
        assert_eq!(names.len(), 1);
    }
    for moment in [30, 120, 300] {
        killed_after(&home, &project, ["down", "a"], moment);
        home.run(&project, ["down", "a"]).ok();
        assert_eq!(
            home.objects(),
            ["volume cilo_app_a_data"],
            "down was killed after {moment} ms"
        );
        home.knows_not("two.a.test");
        home.run(&project, ["up", "a"]).ok();
        home.run(&project, ["exec", "a", "two", "test", "-e", "/data/kept"])
            .ok();
    }
}

#[test]
fn a_kill_while_a_failure_is_taken_back_is_mended_too() {
    if !needs_engine() {
        return;
    }
    let home = Home::new();
    let missing = "  more:\n    image: no-such-image\n    pull_policy: never\n";
    let project = home.project("app", &format!("{IDLE}{missing}"));
    for moment in [30, 60, 90, 120, 150, 200] {
        killed_after(&home, &project, ["up", "a"], moment);
        let again = home.run(&project, ["up", "a"]).ends_with(1);
        assert!(
            again.stderr.contains("image `no-such-image` cannot be had"),
            "{}",
            again.stderr
        );
        // Where the killed run had made the environment, the next one did not make it and leaves it.
        if !home.listed().is_empty() {
            home.run(&project, ["destroy", "a", "--force"]).ok();
        }
        home.is_empty();
    }
}

/// Never healthy, never unhealthy.
fn never_ready() -> String {
    format!(
        "{IDLE}    healthcheck: {{test: [CMD, 'false'], interval: 1h, start_period: 1h}}\n    volumes: ['data:/data']\nvolumes:\n  data:\n"
    )
}

#[test]
fn an_interrupt_takes_back_a_new_environment() {
    if !needs_engine() {
        return;
    }
    let home = Home::new();
    let project = home.project("app", &never_ready());
    for signal in [Signal::INT, Signal::TERM] {
        let running = home.cilo(["up", "a"]).dir(project.path()).start();
        eventually("the container runs", || {
            home.objects()
                .contains(&"container cilo_app_a_app_1".to_owned())
                .then_some(())
        });
        running.signal(signal);
        let ended = running.wait();
        assert_ne!(ended.code(), 0);
        assert!(ended.stderr.contains("cancelled"), "{}", ended.stderr);
        home.is_empty();
        home.knows_not("app.a.test");
    }
}

#[test]
fn an_interrupt_takes_no_work_with_it() {
    if !needs_engine() {
        return;
    }
    let home = Home::new();
    let project = home.project("app", &never_ready());
    let running = home.cilo(["up", "a"]).dir(project.path()).start();
    eventually("the container runs", || {
        home.objects()
            .contains(&"container cilo_app_a_app_1".to_owned())
            .then_some(())
    });
    let idea = home.workspace(&project, "a").join("idea.txt");
    fs_err::write(&idea, "keep me").unwrap();
    running.signal(Signal::INT);
    let ended = running.wait();
    assert_ne!(ended.code(), 0);
    assert!(ended.stderr.contains("its workspace holds"), "{}", ended.stderr);
    assert_eq!(fs_err::read_to_string(&idea).unwrap(), "keep me");
    assert_eq!(home.objects(), Vec::<String>::new());
    let listed = home.run(&project, ["list", "--names"]);
    assert_eq!(listed.stdout, "a\n");
}

#[test]
fn an_interrupt_leaves_what_was_there_before() {
    if !needs_engine() {
        return;
    }
    let home = Home::new();
    let project = home.project("app", IDLE);
    home.run(&project, ["up", "a"]).ok();
    let (before, address) = (home.objects(), home.addresses("app.a.test"));
    let compose = home.workspace(&project, "a").join("compose.yaml");
    let slow = IDLE.strip_prefix("services:\n").unwrap().replace("app:", "slow:");
    let check = "    healthcheck: {test: [CMD, 'false'], interval: 1h, start_period: 1h}\n";
    fs_err::write(&compose, format!("{IDLE}{slow}{check}")).unwrap();
    let running = home.cilo(["up", "a"]).dir(project.path()).start();
    eventually("the new container", || {
        home.objects()
            .contains(&"container cilo_app_a_slow_1".to_owned())
            .then_some(())
    });
    running.signal(Signal::INT);
    let ended = running.wait();
    assert_ne!(ended.code(), 0);
    assert_eq!(
        home.objects(),
        before,
        "only what this command made is taken back"
    );
    assert_eq!(home.addresses("app.a.test"), address);
}

#[test]
fn two_commands_for_one_environment_take_turns() {
    if !needs_engine() {
        return;
    }
    let home = Home::new();
    let project = home.project("app", IDLE);
    let both: Vec<_> = (0..4)
        .map(|_| home.cilo(["up", "a"]).dir(project.path()).start())
        .collect();
    for running in both {
        running.wait().ok();
    }
    assert_eq!(home.listed(), ["app/a running"]);
    let both: Vec<_> = (0..3)
        .map(|_| home.cilo(["destroy", "a", "--force"]).dir(project.path()).start())
        .collect();
    let codes: Vec<i32> = both.into_iter().map(|running| running.wait().code()).collect();
    assert!(codes.contains(&0), "{codes:?}");
    home.is_empty();
}

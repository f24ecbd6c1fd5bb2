// SPDX-License-Identifier: MIT
//! The daemon's own commands. No container engine is needed.

use rustix::process::Signal;

use crate::support::Home;

#[test]
fn it_starts_once_and_stops() {
    let home = Home::without_engine();
    let status = || home.cilo(["daemon", "status"]).run();
    insta::assert_snapshot!(status().ends_with(1).data(), @"stopped; `cilo daemon start` starts it on [DNS]");
    home.cilo(["daemon", "start"]).run().ok();
    let pid = home.daemon().unwrap();
    let again = home.cilo(["daemon", "start"]).run().ok();
    insta::assert_snapshot!(again.told(), @r"
    exit 0
    the daemon runs already, on [DNS]
    ");
    assert_eq!(home.daemon(), Some(pid));
    insta::assert_snapshot!(status().ok().data().replace(&pid.to_string(), "[PID]"), @"running: process [PID], version 0.1.0, 0 environments, 4 queries answered, on [DNS]");
    home.cilo(["daemon", "stop"]).run().ok();
    insta::assert_snapshot!(home.cilo(["daemon", "stop"]).run().ok().told(), @r"
    exit 0
    the daemon was not running
    ");
    status().ends_with(1);
}

#[test]
fn many_that_start_it_at_once_get_one() {
    let home = Home::without_engine();
    let starts: Vec<_> = (0..8).map(|_| home.cilo(["daemon", "start"]).start()).collect();
    starts.into_iter().for_each(|start| drop(start.wait().ok()));
    let pid = home.daemon().unwrap();
    home.cilo(["daemon", "stop"]).run().ok();
    let process = rustix::process::Pid::from_raw(pid.try_into().unwrap()).unwrap();
    crate::support::eventually("its end", || {
        rustix::process::test_kill_process(process).is_err().then_some(())
    });
}

#[test]
fn in_the_foreground_it_ends_with_a_signal() {
    let home = Home::without_engine();
    let mut running = home.cilo(["daemon", "run"]).start();
    running.wait_for("serving names on");
    insta::assert_snapshot!(home.cilo(["daemon", "run"]).run().told(), @r"
    exit 1
    error: the daemon of [TMP]/home runs already
    ");
    running.signal(Signal::TERM);
    running.wait().ok();
}

#[test]
fn an_address_that_is_taken_is_named() {
    let home = Home::without_engine();
    let _theirs = std::net::UdpSocket::bind(home.dns()).unwrap();
    let ended = home.cilo(["daemon", "start"]).run().ends_with(1);
    assert!(
        ended.stderr.contains("CILO_DNS_PORT") || ended.stderr.contains("in use"),
        "{}",
        ended.stderr
    );
    home.cilo(["daemon", "status"]).run().ends_with(1);
}

#[test]
fn one_home_never_touches_the_daemon_of_another() {
    let (one, two) = (Home::without_engine(), Home::without_engine());
    one.cilo(["daemon", "start"]).run().ok();
    let port = one.dns().port().to_string();
    let two = |args: [&'static str; 2]| two.cilo(args).var("CILO_DNS_PORT", &port).run();
    assert!(
        two(["daemon", "status"])
            .ends_with(1)
            .stdout
            .contains("is taken by")
    );
    two(["daemon", "stop"]).ok();
    let refused = two(["daemon", "start"]).ends_with(1);
    assert!(
        refused.stderr.contains("choose another port with CILO_DNS_PORT"),
        "{}",
        refused.stderr
    );
    assert!(one.daemon().is_some());
}

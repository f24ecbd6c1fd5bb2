// SPDX-License-Identifier: MIT
//! `run`: a command in an environment's workspace, made and started as needed.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;

use rustix::process::Signal;

use crate::support::{Home, IDLE, WEB, get, needs_engine, write};

#[test]
fn a_command_gets_the_environment() {
    if !needs_engine() {
        return;
    }
    let home = Home::new();
    let compose = format!(
        "{WEB}{}",
        IDLE.strip_prefix("services:\n")
            .unwrap()
            .replace("app:", "my-api:")
    );
    let project = home.project("app", &compose).write("www/index.html", "page");
    let ended = home.run(&project, ["run", "env", "a", "-0"]).ok();
    assert_eq!(home.listed(), ["app/a running"], "it was created and started");
    let variables: BTreeMap<&str, &str> = ended
        .stdout
        .split('\0')
        .filter_map(|line| line.split_once('='))
        .collect();
    let address = home.addresses("web.a.test")[0];
    let workspace = home.workspace(&project, "a");
    assert_eq!(variables["CILO_ENV"], "a");
    assert_eq!(variables["CILO_PROJECT"], project.name());
    assert_eq!(variables["CILO_WORKSPACE"], workspace.to_str().unwrap());
    assert_eq!(variables["CILO_DNS_SUFFIX"], ".test");
    assert_eq!(variables["CILO_WEB_PORT"], "80");
    // Here nobody resolves the names, so they hold what works.
    assert_eq!(variables["CILO_WEB_HOST"], address.to_string());
    assert_eq!(variables["CILO_WEB_URL"], format!("http://{address}"));
    assert_eq!(variables["CILO_BASE_URL"], format!("http://{address}"));
    assert!(variables.contains_key("CILO_MY_API_HOST"));
    assert!(!variables.contains_key("CILO_MY_API_PORT"), "it declares none");
    assert_eq!(get(address, "/"), "page");
    let pwd = home.run(&project, ["run", "pwd", "a", "-P"]).ok();
    assert_eq!(
        pwd.stdout,
        format!("{}\n", workspace.canonicalize().unwrap().display())
    );
}

#[test]
fn code_signal_and_input_are_the_commands_own() {
    if !needs_engine() {
        return;
    }
    let home = Home::new();
    let project = home.project("app", IDLE);
    home.run(&project, ["up", "a"]).ok();
    home.run(&project, ["run", "sh", "a", "-c", "exit 7"])
        .ends_with(7);
    let killed = home.run(&project, ["run", "sh", "a", "-c", "kill -9 $$"]);
    assert_eq!(
        std::os::unix::process::ExitStatusExt::signal(&killed.status),
        Some(9)
    );
    let cat = home
        .cilo(["--quiet", "run", "cat", "a"])
        .dir(project.path())
        .input("typed")
        .run()
        .ok();
    assert_eq!((cat.stdout.as_str(), cat.stderr.as_str()), ("typed", ""));
    let mut running = home.cilo([
        "run",
        "sh",
        "a",
        "-c",
        "trap 'exit 9' TERM; echo ready; while :; do sleep 0.1; done",
    ]);
    running = running.dir(project.path());
    let mut running = running.start();
    running.wait_for("ready");
    running.signal(Signal::TERM);
    running.wait().ends_with(9);
    insta::assert_snapshot!(home.run(&project, ["--quiet", "run", "no-such-program", "a"]).told(), @r"
    exit 127
    error: cannot run `no-such-program`: No such file or directory (os error 2)
    ");
    write(&home.workspace(&project, "a").join("plain"), "");
    home.run(&project, ["--quiet", "run", "./plain", "a"])
        .ends_with(126);
}

#[test]
fn the_environments_word_is_found_before_the_dashes() {
    if !needs_engine() {
        return;
    }
    let home = Home::new();
    let project = home.project("app", IDLE);
    let npm = home.folder().join("bin/npm");
    write(&npm, "#!/bin/sh\nfor word; do echo \"[$word]\"; done\n");
    fs_err::set_permissions(&npm, PermissionsExt::from_mode(0o755)).unwrap();
    let path = format!(
        "{}:/usr/local/bin:/usr/bin:/bin",
        home.folder().join("bin").display()
    );
    let run = |args: &[&'static str]| {
        home.cilo(args.iter().copied())
            .dir(project.path())
            .var("PATH", &path)
            .run()
            .ok()
    };
    let words = run(&["run", "npm", "test", "a", "--", "--suite=e2e", "it's $HOME; `x`"]);
    assert_eq!(
        words.lines(),
        ["[test]", "[--]", "[--suite=e2e]", "[it's $HOME; `x`]"]
    );
    assert_eq!(
        run(&["run", "--env", "a", "npm", "a", "--", "b"]).lines(),
        ["[a]", "[--]", "[b]"]
    );
    assert_eq!(run(&["run", "npm", "a", "--version"]).lines(), ["[--version]"]);
    assert_eq!(home.listed(), ["app/a running"]);
}

#[test]
fn it_may_be_told_not_to_create_and_not_to_start() {
    if !needs_engine() {
        return;
    }
    let home = Home::new();
    let project = home.project("app", IDLE);
    insta::assert_snapshot!(home.run(&project, ["run", "--no-create", "true", "a"]).told(), @r"
    exit 1
    error: there is no environment `a`; there are none yet, `cilo up NAME` makes one
    ");
    home.run(&project, ["run", "--no-up", "true", "a"]).ends_with(1);
    home.run(&project, ["create", "a"]).ok();
    home.run(&project, ["run", "--no-up", "true", "a"]).ok();
    assert_eq!(home.listed(), ["app/a created"]);
    // From anywhere, when the name alone says which.
    home.cilo(["run", "--no-create", "test", "a", "-f", "compose.yaml"])
        .run()
        .ok();
    assert_eq!(home.listed(), ["app/a running"]);
}

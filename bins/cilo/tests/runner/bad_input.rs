// SPDX-License-Identifier: MIT
//! What users get wrong, and what Cilo says about it: where, what, and how to go on.

use crate::support::{Home, IDLE};

/// The exit code and the message of `args` for a project with this file.
fn told(compose: &str, args: &[&str]) -> String {
    let home = Home::without_engine();
    let project = home.project("app", compose);
    let before = project.tree();
    let ended = home.run(&project, args.iter().copied());
    assert_eq!(ended.stdout, "", "standard output is for data");
    assert_eq!(project.tree(), before);
    assert!(!home.path().join("envs").exists(), "nothing was made");
    ended.told()
}

#[test]
fn a_folder_without_a_project() {
    let home = Home::without_engine();
    for args in [["up", "a"], ["create", "a"]] {
        insta::allow_duplicates! {
            insta::assert_snapshot!(home.cilo(args).run().told(), @r"
            exit 1
            error: no project in [TMP] or above it: there is no compose.yaml (or another name of it) and no .cilo/config.yml
            hint: go to the project's folder, or name it with `--from DIR`
            ");
        }
    }
    insta::assert_snapshot!(home.cilo(["config"]).run().told(), @r"
    exit 1
    error: no project file in [TMP] or any folder above it; looked for compose.yaml, compose.yml, docker-compose.yml and docker-compose.yaml
    ");
    insta::assert_snapshot!(home.cilo(["up", "a", "--from", "nowhere"]).run().told(), @r"
    exit 1
    error: there is no folder [TMP]/nowhere: failed to canonicalize path `[TMP]/nowhere`: No such file or directory (os error 2)
    ");
}

#[test]
fn a_folder_below_the_project_is_not_the_project_when_it_is_named() {
    let home = Home::without_engine();
    let project = home.project("app", IDLE).write("below/file", "");
    let ended = home
        .cilo(["create", "a", "--from", "below"])
        .dir(project.path())
        .run();
    insta::assert_snapshot!(ended.told(), @r"
    exit 1
    error: no project in [TMP]/src/app/below or above it: there is no compose.yaml (or another name of it) and no .cilo/config.yml
    hint: go to the project's folder, or name it with `--from DIR`
    ");
}

#[test]
fn yaml_that_is_none() {
    insta::assert_snapshot!(told("services:\n  web:\n    image: [busybox\n    command: ls\n", &["up", "a"]), @r"
    exit 1
    error: [TMP]/src/app/compose.yaml:4:12: not valid YAML: illegal placement of ':' indicator
      4 |     command: ls
        |            ^
    ");
    insta::assert_snapshot!(told("services:\n\tweb: {}\n", &["config"]), @r"
    exit 1
    error: [TMP]/src/app/compose.yaml:2:2: not valid YAML: tabs disallowed within this context (block indentation)
      2 | 	web: {}
        | 	^
      hint: indent with spaces; YAML does not allow tabs there
    ");
    insta::assert_snapshot!(told("", &["create", "a"]), @r"
    exit 1
    error: the project file [TMP]/src/app/compose.yaml is empty
    ");
}

#[test]
fn a_key_that_is_none() {
    insta::assert_snapshot!(told("services:\n  web:\n    image: busybox\n    comand: ls\n", &["up", "a"]), @r"
    exit 1
    error: [TMP]/src/app/compose.yaml:4:5: services.web: unknown key `comand`
      4 |     comand: ls
        |     ^
      hint: did you mean `command`?
    ");
    insta::assert_snapshot!(told("service:\n  web:\n    image: busybox\n", &["up", "a"]), @r"
    exit 1
    error: [TMP]/src/app/compose.yaml:1:1: the file: unknown key `service`
      1 | service:
        | ^
      hint: did you mean `services`?
    ");
}

#[test]
fn a_value_of_the_wrong_type() {
    insta::assert_snapshot!(told("services:\n  web:\n    image: busybox\n    ports: 80\n", &["up", "a"]), @r"
    exit 1
    error: [TMP]/src/app/compose.yaml:4:12: services.web.ports must be a list, not a number
      4 |     ports: 80
        |            ^
    ");
}

#[test]
fn a_variable_that_has_to_be_set() {
    let compose = "services:\n  web:\n    image: busybox\n    command: ${COMMAND:?set it in .env}\n";
    insta::assert_snapshot!(told(compose, &["up", "a"]), @r"
    exit 1
    error: [TMP]/src/app/compose.yaml:4:14: required variable COMMAND is missing a value: set it in .env
      4 |     command: ${COMMAND:?set it in .env}
        |              ^
      hint: set COMMAND in the environment or in .env
    ");
}

#[test]
fn a_dependency_that_is_not_there() {
    let compose = "services:\n  web:\n    image: busybox\n    depends_on: [api]\n";
    insta::assert_snapshot!(told(compose, &["up", "a"]), @r"
    exit 1
    error: [TMP]/src/app/compose.yaml:4:18: service `web` depends on service `api`, which is not defined
      4 |     depends_on: [api]
        |                  ^
    ");
    let circle =
        "services:\n  a: {image: busybox, depends_on: [b]}\n  b: {image: busybox, depends_on: [a]}\n";
    insta::assert_snapshot!(told(circle, &["up", "a"]), @r"
    exit 1
    error: [TMP]/src/app/compose.yaml:3:36: dependencies form a circle: a -> b -> a
      3 |   b: {image: busybox, depends_on: [a]}
        |                                    ^
    ");
}

#[test]
fn names_that_are_none() {
    insta::assert_snapshot!(told(IDLE, &["up", "Agent_1"]), @r"
    exit 2
    error: invalid value 'Agent_1' for '<ENV>': environment name `Agent_1` contains `A`; use letters a-z, digits and - (not first or last), for example `agent-1`

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(told(IDLE, &["up", "../etc"]), @r"
    exit 2
    error: invalid value '../etc' for '<ENV>': environment name `../etc` contains `.`; use letters a-z, digits and - (not first or last), for example `etc`

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(told(IDLE, &["--project", "a_b", "up", "a"]), @r"
    exit 2
    error: invalid value 'a_b' for '--project <NAME>': project name `a_b` contains `_`; use letters a-z, digits and - (not first or last), for example `a-b`

    For more information, try '--help'.
    ");
}

#[test]
fn settings_that_make_no_sense() {
    let home = Home::without_engine();
    let told = |name, value| home.cilo(["list"]).var(name, value).run().told();
    insta::assert_snapshot!(told("CILO_DNS_PORT", "many"), @r"
    exit 2
    error: CILO_DNS_PORT is `many`; it has to be a port number, for example 5354
    ");
    insta::assert_snapshot!(told("CILO_BASE_SUBNET", "10.224."), @r"
    exit 2
    error: CILO_BASE_SUBNET is `10.224.`; it has to be a subnet, for example 10.224.0.0/16
    ");
    insta::assert_snapshot!(told("CILO_DNS_SUFFIX", "te_st"), @r"
    exit 2
    error: CILO_DNS_SUFFIX: DNS suffix `te_st` contains `_`; use letters a-z, digits and - (not first or last), for example `te-st`
    ");
    insta::assert_snapshot!(told("DOCKER_HOST", "carrier://pigeon"), @r"
    exit 2
    error: DOCKER_HOST: `carrier://pigeon` is not an engine's address: it begins with no known scheme; for example `unix:///var/run/docker.sock`
    ");
}

#[test]
fn a_projects_own_settings_that_make_no_sense() {
    let home = Home::without_engine();
    let told = |config| {
        let project = home.project("app", IDLE).write(".cilo/config.yml", config);
        home.run(&project, ["create", "a"]).told()
    };
    insta::assert_snapshot!(told("dns_sufix: shop.test\n"), @r"
    exit 1
    error: [TMP]/src/app/.cilo/config.yml is not valid: unknown field `dns_sufix`, expected one of project, compose_files, env_files, profiles, dns_suffix at line 1, column 1
    ");
    insta::assert_snapshot!(told("dns_suffix: under_score\n"), @r"
      exit 1
      error: [TMP]/src/app/.cilo/config.yml is not valid: DNS suffix `under_score` contains `_`; use letters a-z, digits and - (not first or last), for example `under-score` at line 1, column 13
      ");
    insta::assert_snapshot!(told("project: [\n"), @r"
      exit 1
      error: [TMP]/src/app/.cilo/config.yml is not valid: expected string scalar at line 1, column 10
      ");
}

#[test]
fn an_environment_that_is_not_there() {
    let home = Home::without_engine();
    insta::assert_snapshot!(home.cilo(["status", "a"]).run().told(), @r"
    exit 1
    error: there is no environment `a`; there are none yet, `cilo up NAME` makes one
    ");
    let project = home.project("app", IDLE);
    home.run(&project, ["create", "agent-1"]).ok();
    home.run(&project, ["create", "agent-2"]).ok();
    for command in ["down", "path", "explain", "logs"] {
        insta::allow_duplicates! {
            insta::assert_snapshot!(home.run(&project, [command, "agent-3"]).told(), @r"
            exit 1
            error: there is no environment `agent-3`; there are app/agent-1, app/agent-2
            ");
        }
    }
    let destroy = home.run(&project, ["destroy", "agent-3", "--force"]);
    insta::assert_snapshot!(destroy.told(), @r"
    exit 1
    error: there is no environment `agent-3`; there are app/agent-1, app/agent-2
    ");
}

#[test]
fn a_command_line_that_is_incomplete() {
    let home = Home::without_engine();
    insta::assert_snapshot!(home.cilo(["run", "make"]).run().told(), @r#"
    exit 2
    error: which environment? Name it after the command, for example `cilo run claude agent-1 "fix the login"`
    "#);
    insta::assert_snapshot!(home.cilo(["run", "claude", "Agent 1"]).run().told(), @r#"
    exit 2
    error: environment name `Agent 1` contains `A`; use letters a-z, digits and - (not first or last), for example `agent-1`
    hint: `Agent 1` stands where the environment's name does, for example `cilo run claude agent-1 "fix the login"`
    "#);
    insta::assert_snapshot!(home.cilo(["run", "npm", "--", "test"]).run().told(), @r#"
    exit 2
    error: which environment? Name it after the command, for example `cilo run claude agent-1 "fix the login"`
    "#);
    home.cilo(["run"]).run().ends_with(2);
    home.cilo(["destroy"]).run().ends_with(2);
    home.cilo(["destroy", "a", "--all"]).run().ends_with(2);
    home.cilo(["logs", "a", "--since", "yesterday"])
        .run()
        .ends_with(2);
    home.cilo(["frobnicate"]).run().ends_with(2);
    home.cilo([]).run().ends_with(2);
}

#[test]
fn the_engine_does_not_run() {
    let home = Home::without_engine();
    let project = home.project("app", IDLE);
    insta::assert_snapshot!(home.run(&project, ["up", "a"]).told(), @r"
    exit 1
    error: no container engine was found (looked at unix://[TMP]/no.sock); install and start Docker, or set DOCKER_HOST to where your engine answers
    hint: is Docker running? `docker info` should answer
    ");
    assert!(!home.path().join("envs").exists(), "nothing was made");
    home.run(&project, ["create", "a"]).ok();
    assert_eq!(home.listed(), ["app/a unknown"]);
    insta::assert_snapshot!(home.run(&project, ["status", "a"]).told(), @r"
    exit 1
    error: no container engine was found (looked at unix://[TMP]/no.sock); install and start Docker, or set DOCKER_HOST to where your engine answers
    hint: is Docker running? `docker info` should answer
    ");
    insta::assert_snapshot!(home.run(&project, ["down", "a"]).told(), @r"
    exit 1
    error: no container engine was found (looked at unix://[TMP]/no.sock); install and start Docker, or set DOCKER_HOST to where your engine answers
    hint: is Docker running? `docker info` should answer
    ");
    // What needs none goes on without.
    insta::assert_snapshot!(home.run(&project, ["list"]).told(), @r"
    exit 0
    warning: states are unknown: no container engine was found (looked at unix://[TMP]/no.sock); install and start Docker, or set DOCKER_HOST to where your engine answers
    ");
}

#[test]
fn the_engine_is_not_permitted() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::without_engine();
    let socket = home.folder().join("closed.sock");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    fs_err::set_permissions(&socket, PermissionsExt::from_mode(0o000)).unwrap();
    let project = home.project("app", IDLE);
    let theirs = home.folder().join("theirs");
    crate::home::folder_of(&theirs, crate::home::NOBODY);
    let up = home
        .cilo(["up", "a"])
        .dir(project.path())
        .user(crate::home::NOBODY)
        .var("CILO_HOME", &theirs);
    let ended = up
        .var("DOCKER_HOST", format!("unix://{}", socket.display()))
        .run();
    insta::assert_snapshot!(ended.told(), @r"
    exit 1
    error: the container engine at unix://[TMP]/closed.sock may not be used by this user; add it to the group that owns the socket (`sudo usermod -aG docker $USER`, then log in again) or use a rootless engine: Error in the hyper legacy client: client error (Connect): Permission denied (os error 13)
    ");
}

#[test]
fn what_listens_is_no_engine() {
    let home = Home::without_engine();
    let socket = home.folder().join("mute.sock");
    let listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    std::thread::spawn(move || listener.incoming().for_each(drop));
    let project = home.project("app", IDLE);
    let up = home.cilo(["up", "a"]).dir(project.path());
    let ended = up
        .var("DOCKER_HOST", format!("unix://{}", socket.display()))
        .run()
        .ends_with(1);
    assert!(ended.stderr.contains("mute.sock"), "{}", ended.stderr);
}

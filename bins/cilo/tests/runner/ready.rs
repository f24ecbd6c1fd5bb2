// SPDX-License-Identifier: MIT
//! Nothing is reported ready that was not checked.

use crate::support::{Home, IDLE, Project, needs_engine};

fn up<'a>(home: &Home, project: &Project, args: impl IntoIterator<Item = &'a str>) -> String {
    home.run(project, ["--quiet", "up", "a"].into_iter().chain(args))
        .told()
}

#[test]
fn an_unhealthy_service() {
    if !needs_engine() {
        return;
    }
    let home = Home::new();
    let compose = IDLE.replace(
        "[sleep, '1000']",
        "[sh, -c, 'echo first line; echo the last line; exec sleep 1000']",
    );
    let check = "    healthcheck: {test: [CMD, 'false'], interval: 200ms, timeout: 2s, retries: 2}\n";
    let project = home.project("app", &format!("{compose}{check}"));
    insta::assert_snapshot!(up(&home, &project, []), @r"
    exit 3
    error: app/a is not ready: `app` is unhealthy
        first line
        the last line
    hint: it keeps running; `cilo logs a` shows more, `cilo up a` waits again
    ");
    assert_eq!(home.listed(), ["app/a degraded"], "it stays, to be looked at");
    let status = home.run(&project, ["status", "a"]).ok();
    assert!(status.stdout.contains("unhealthy"), "{}", status.stdout);
    // What was wrong is put right in the workspace, and the same command goes on.
    let workspace = home.workspace(&project, "a").join("compose.yaml");
    let text = fs_err::read_to_string(&workspace).unwrap();
    fs_err::write(&workspace, text.replace("'false'", "'true'")).unwrap();
    home.run(&project, ["up", "a"]).ok();
    assert_eq!(home.listed(), ["app/a running"]);
}

#[test]
fn a_port_on_which_nobody_listens() {
    if !needs_engine() {
        return;
    }
    let home = Home::new();
    let project = home.project("app", &format!("{IDLE}    ports: ['9000:8000']\n"));
    insta::assert_snapshot!(up(&home, &project, ["--timeout", "2"]), @r"
    exit 4
    error: app/a was not ready within 2s: `app` runs, but nothing listens on port 8000
    hint: it keeps running; `cilo logs a` shows more, `cilo up a` waits again
    ");
    home.run(&project, ["up", "a", "--no-wait"]).ok();
}

#[test]
fn a_service_that_ends() {
    if !needs_engine() {
        return;
    }
    let home = Home::new();
    let ends = IDLE.replace(
        "[sleep, '1000']",
        "[sh, -c, 'echo cannot find my config; exit 7']",
    );
    let project = home.project("app", &format!("{ends}    expose: ['80']\n"));
    insta::assert_snapshot!(up(&home, &project, []), @r"
    exit 3
    error: app/a is not ready: `app` exited with code 7
        cannot find my config
    hint: it keeps running; `cilo logs a` shows more, `cilo up a` waits again
    ");
    assert_eq!(home.listed(), ["app/a degraded"]);
}

#[test]
fn a_one_shot_that_fails_holds_back_what_needs_it() {
    if !needs_engine() {
        return;
    }
    let home = Home::new();
    let compose = format!(
        "{IDLE}    depends_on: {{migrate: {{condition: service_completed_successfully}}}}\n  \
         migrate:\n    image: busybox\n    command: [sh, -c, 'echo migrating; echo no such table; exit 7']\n"
    );
    let project = home.project("app", &compose);
    insta::assert_snapshot!(up(&home, &project, []), @r"
    exit 3
    error: app/a is not ready: `migrate` ended with exit code 7, and `app` depends on it
        migrating
        no such table
    hint: it keeps running; `cilo logs a` shows more, `cilo up a` waits again
    ");
}

#[test]
fn each_service_starts_when_what_it_needs_allows() {
    if !needs_engine() {
        return;
    }
    let home = Home::new();
    let compose = "\
services:
  last:
    image: busybox
    command: [sh, -c, 'test -e /data/migrated && exec sleep 1000']
    stop_signal: SIGKILL
    volumes: ['data:/data']
    depends_on:
      migrate: {condition: service_completed_successfully}
      first: {condition: service_healthy}
  migrate:
    image: busybox
    command: [sh, -c, 'test -e /data/ready && touch /data/migrated']
    volumes: ['data:/data']
    depends_on: {first: {condition: service_healthy}}
  first:
    image: busybox
    command: [sh, -c, 'touch /data/ready && exec sleep 1000']
    stop_signal: SIGKILL
    volumes: ['data:/data']
    healthcheck: {test: [CMD, test, -e, /data/ready], interval: 200ms, retries: 50}
volumes:
  data:
";
    let project = home.project("app", compose);
    let ended = home.run(&project, ["up", "a", "--json"]).ok().json();
    let services = ended["environment"]["services"].as_array().unwrap().iter();
    let states: Vec<String> = services
        .map(|service| format!("{} {}", service["name"], service["state"]))
        .collect();
    assert_eq!(
        states.join(", ").replace('"', ""),
        "first healthy, last running, migrate completed"
    );
    assert_eq!(home.listed(), ["app/a running"]);
    // A one-shot that completed is not run again.
    home.run(&project, ["exec", "a", "first", "rm", "/data/ready"])
        .ok();
    home.run(&project, ["up", "a", "--no-wait"]).ok();
}

#[test]
fn an_image_that_cannot_be_had_leaves_nothing() {
    if !needs_engine() {
        return;
    }
    let home = Home::new();
    let more = "  more:\n    image: registry.invalid/no/such:image\nvolumes:\n  data:\n";
    let project = home.project("app", &format!("{IDLE}    volumes: ['data:/data']\n{more}"));
    let told = up(&home, &project, []);
    // Then follows what the engine itself says, which is the machine's own.
    insta::assert_snapshot!(told.split_once(": Docker responded").unwrap().0, @r"
    exit 1
    error: the environment could not be brought up; what this run made was taken back: image `registry.invalid/no/such:image` cannot be had: it is not on this machine and its registry does not answer; check the network, or load it with `docker load` or `docker import`
    ");
    home.is_empty();
    home.knows_not("app.a.test");
    // Never pulled: said without asking anybody.
    let project = home.project(
        "never",
        &IDLE.replace("image: busybox", "image: no-such-image\n    pull_policy: never"),
    );
    insta::assert_snapshot!(up(&home, &project, []), @r"
    exit 1
    error: the environment could not be brought up; what this run made was taken back: image `no-such-image` cannot be had: it is not on this machine and its pull_policy is never; pull or build it first
    ");
    home.is_empty();
}

#[test]
fn a_failure_of_a_later_up_leaves_what_ran() {
    if !needs_engine() {
        return;
    }
    let home = Home::new();
    let project = home.project("app", IDLE);
    home.run(&project, ["up", "a"]).ok();
    let (before, address) = (home.objects(), home.addresses("app.a.test"));
    let compose = home.workspace(&project, "a").join("compose.yaml");
    fs_err::write(
        &compose,
        format!("{IDLE}  more:\n    image: no-such-image\n    pull_policy: never\n"),
    )
    .unwrap();
    home.run(&project, ["up", "a"]).ends_with(1);
    assert_eq!(home.objects(), before);
    assert_eq!(home.listed(), ["app/a running"]);
    assert_eq!(home.addresses("app.a.test"), address);
}

#[test]
fn a_build_that_fails_says_where() {
    if !needs_engine() {
        return;
    }
    let home = Home::new();
    let project = home.project("app", &IDLE.replace("image: busybox", "build: ."));
    let project = project.write(
        "Dockerfile",
        "FROM busybox\nRUN echo the compiler is unhappy && false\n",
    );
    let ended = home.run(&project, ["--quiet", "up", "a"]).ends_with(1);
    assert!(ended.stderr.contains("build of `app` failed"), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("the compiler is unhappy"),
        "{}",
        ended.stderr
    );
    home.is_empty();
}

#[test]
fn an_image_is_built_from_the_workspace_and_goes_with_it() {
    if !needs_engine() {
        return;
    }
    let home = Home::new();
    let project = home.project("app", &IDLE.replace("image: busybox", "build: ."));
    let project = project
        .write("Dockerfile", "FROM busybox\nCOPY colour /colour\n")
        .write("colour", "red");
    let colour = |env| {
        home.run(&project, ["exec", env, "app", "cat", "/colour"])
            .ok()
            .stdout
    };
    home.run(&project, ["up", "a"]).ok();
    home.run(&project, ["up", "b"]).ok();
    fs_err::write(home.workspace(&project, "a").join("colour"), "blue").unwrap();
    home.run(&project, ["up", "a", "--build"]).ok();
    assert_eq!((colour("a").as_str(), colour("b").as_str()), ("blue", "red"));
    home.run(&project, ["destroy", "--all", "--force"]).ok();
    home.is_empty();
}

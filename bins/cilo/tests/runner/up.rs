// SPDX-License-Identifier: MIT
//! `up`, `down` and `destroy` with a real engine: what is made, what is left alone, what goes.

use std::collections::BTreeMap;

use crate::commands::shape;
use crate::support::{Home, IDLE, Project, WEB, docker, eventually, get, needs_engine, write};

/// Two services, a named volume.
const TWO: &str = "\
services:
  one: &idle
    image: busybox
    command: [sleep, '1000']
    stop_signal: SIGKILL
    environment: {COLOUR: red}
    volumes: ['data:/data']
  two:
    <<: *idle
    environment: {COLOUR: green}
volumes:
  data:
";

/// Container ids by service.
fn containers(home: &Home, project: &Project, env: &str) -> BTreeMap<String, Vec<String>> {
    let json = home.run(project, ["status", env, "--json"]).ok().json();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let services = json["environment"]["services"].as_array().unwrap().iter();
    services
        .map(|service| {
            let replicas = service["replicas"].as_array().unwrap().iter();
            (
                text(&service["name"]),
                replicas.map(|replica| text(&replica["container"])).collect(),
            )
        })
        .collect()
}

#[test]
fn two_copies_publish_the_same_port_and_are_apart() {
    if !needs_engine() {
        return;
    }
    let home = Home::new();
    let project = home.project("app", WEB).write("www/index.html", "source");
    let before = project.tree();
    home.run(&project, ["up", "a"]).ok();
    home.run(&project, ["up", "b"]).ok();
    write(
        &home.workspace(&project, "b").join("www/index.html"),
        "changed in b",
    );
    let page = |env: &str| get(home.addresses(&format!("web.{env}.test"))[0], "/");
    assert_eq!(
        (page("a").as_str(), page("b").as_str()),
        ("source", "changed in b")
    );
    assert_eq!(home.listed(), ["app/a running", "app/b running"]);
    let own = home.objects();
    insta::assert_snapshot!(own.join("\n"), @r"
    container cilo_app_a_web_1
    container cilo_app_b_web_1
    network cilo_app_a_default
    network cilo_app_b_default
    ");
    for env in ["a", "b"] {
        let ports = docker(&["port", &format!("cilo_{}_{env}_web_1", project.name())]);
        assert_eq!(ports, "", "no port of this machine is taken");
    }
    home.run(&project, ["destroy", "a", "--force"]).ok();
    assert_eq!(page("b"), "changed in b");
    assert_eq!(project.tree(), before, "the source is never written to");
}

#[test]
fn up_again_changes_nothing_and_a_change_only_its_service() {
    if !needs_engine() {
        return;
    }
    let home = Home::new();
    let project = home.project("app", TWO);
    home.run(&project, ["up", "a"]).ok();
    let first = containers(&home, &project, "a");
    home.run(&project, ["up", "a"]).ok();
    assert_eq!(containers(&home, &project, "a"), first);

    let compose = home.workspace(&project, "a").join("compose.yaml");
    write(&compose, TWO.replace("green", "blue"));
    let ended = home.run(&project, ["up", "a"]).ok();
    let second = containers(&home, &project, "a");
    assert_eq!(second["one"], first["one"]);
    assert_ne!(second["two"], first["two"]);
    assert!(ended.stderr.contains("replaced two"), "{}", ended.stderr);

    // A service that is gone from the file goes.
    let (head, tail) = TWO.split_once("  two:").unwrap();
    write(
        &compose,
        format!("{head}{}", &tail[tail.find("volumes:").unwrap()..]),
    );
    home.run(&project, ["up", "a"]).ok();
    assert_eq!(
        containers(&home, &project, "a").keys().collect::<Vec<_>>(),
        ["one"]
    );

    home.run(&project, ["up", "a", "--recreate"]).ok();
    assert_ne!(containers(&home, &project, "a")["one"], first["one"]);
}

#[test]
fn only_the_services_that_were_named_and_what_they_need() {
    if !needs_engine() {
        return;
    }
    let home = Home::new();
    let compose = TWO.replace("    environment: {COLOUR: green}", "    depends_on: [one]");
    let project = home.project("app", &compose);
    home.run(&project, ["up", "a", "one"]).ok();
    assert_eq!(
        containers(&home, &project, "a").keys().collect::<Vec<_>>(),
        ["one"]
    );
    home.run(&project, ["up", "a", "two"]).ok();
    assert_eq!(containers(&home, &project, "a").len(), 2);
    home.run(&project, ["down", "a", "two"]).ok();
    assert_eq!(
        containers(&home, &project, "a").keys().collect::<Vec<_>>(),
        ["one"]
    );
    insta::assert_snapshot!(home.run(&project, ["up", "a", "three"]).told(), @r"
    exit 1
    error: app/a has no service `three`; it has one, two
    ");
    insta::assert_snapshot!(home.run(&project, ["logs", "a", "three"]).told(), @r"
    exit 1
    error: app/a has no service `three`; it has one
    ");
}

#[test]
fn down_keeps_the_data_and_destroy_does_not() {
    if !needs_engine() {
        return;
    }
    let home = Home::new();
    let project = home.project("app", TWO);
    let read = |env| home.run(&project, ["exec", env, "two", "cat", "/data/file"]);
    home.run(&project, ["up", "a"]).ok();
    home.run(&project, ["up", "b"]).ok();
    home.run(
        &project,
        ["exec", "a", "one", "sh", "-c", "echo kept > /data/file"],
    )
    .ok();
    assert_eq!(read("a").ok().stdout, "kept\n");
    read("b").ends_with(1);

    home.run(&project, ["down", "a"]).ok();
    assert_eq!(home.listed(), ["app/a stopped", "app/b running"]);
    assert!(home.workspace(&project, "a").is_dir());
    let again = home.run(&project, ["down", "a"]).ok();
    assert!(again.stderr.contains("was not running"), "{}", again.stderr);
    let exec = read("a");
    insta::assert_snapshot!(exec.told(), @r"
    exit 1
    error: `two` has no running container; `cilo up` starts it
    ");
    home.run(&project, ["up", "a"]).ok();
    assert_eq!(read("a").ok().stdout, "kept\n");

    home.run(&project, ["destroy", "a", "--force"]).ok();
    home.run(&project, ["up", "a"]).ok();
    read("a").ends_with(1);
    home.run(&project, ["destroy", "--all", "--force"]).ok();
    home.is_empty();
}

#[test]
fn a_container_killed_behind_our_back_shows_and_is_started_again() {
    if !needs_engine() {
        return;
    }
    let home = Home::new();
    let project = home.project("app", TWO);
    home.run(&project, ["up", "a"]).ok();
    let first = containers(&home, &project, "a");
    docker(&["kill", &first["one"][0]]);
    assert_eq!(home.listed(), ["app/a degraded"]);
    let status = home.run(&project, ["status", "a"]).ok();
    assert!(status.stdout.contains("exited (137)"), "{}", status.stdout);
    docker(&["rm", "--force", &first["two"][0]]);
    home.run(&project, ["up", "a"]).ok();
    assert_eq!(home.listed(), ["app/a running"]);
    let second = containers(&home, &project, "a");
    assert_eq!(second["one"], first["one"], "it was started again");
    assert_ne!(second["two"], first["two"], "it was made again");
    assert_eq!(home.addresses("two.a.test").len(), 1);
}

#[test]
fn objects_are_where_compose_tools_look_for_them() {
    if !needs_engine() {
        return;
    }
    let home = Home::new();
    let project = home.project("app", TWO);
    home.run(&project, ["up", "a"]).ok();
    let name = format!("cilo_{}_a", project.name());
    let labels = docker(&[
        "inspect",
        "--format",
        "{{json .Config.Labels}}",
        &format!("{name}_one_1"),
    ]);
    let labels: BTreeMap<String, String> = serde_json::from_str(&labels).unwrap();
    assert_eq!(labels["com.docker.compose.project"], name);
    assert_eq!(labels["com.docker.compose.service"], "one");
    assert_eq!(labels["com.docker.compose.container-number"], "1");
    assert_eq!(labels["com.docker.compose.oneoff"], "False");
    assert!(labels.contains_key("com.docker.compose.config-hash"));
    let workspace = home.workspace(&project, "a");
    assert_eq!(
        labels["com.docker.compose.project.working_dir"],
        workspace.to_str().unwrap()
    );
    assert_eq!(
        labels["com.docker.compose.project.config_files"],
        workspace.join("compose.yaml").to_str().unwrap()
    );
    let id = home.run(&project, ["status", "a", "--json"]).ok().json()["environment"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    for (label, value) in [
        ("id", id.as_str()),
        ("project", project.name()),
        ("env", "a"),
        ("service", "one"),
    ] {
        assert_eq!(labels[&format!("dev.cilo.{label}")], value);
    }
    let filter = format!("label=com.docker.compose.project={name}");
    assert_eq!(
        docker(&["network", "ls", "--quiet", "--filter", &filter])
            .lines()
            .count(),
        1
    );
    assert_eq!(
        docker(&["volume", "ls", "--quiet", "--filter", &filter])
            .lines()
            .count(),
        1
    );
}

#[test]
fn json_of_what_runs_has_a_shape() {
    if !needs_engine() {
        return;
    }
    let home = Home::new();
    let project = home.project("app", WEB).write("www/index.html", "");
    let up = home.run(&project, ["up", "a", "--json"]).ok().json();
    insta::assert_snapshot!(shape(&up), @r"
    .created: boolean
    .environment.created_at: text
    .environment.host: text
    .environment.id: text
    .environment.name: text
    .environment.project: text
    .environment.services[].addresses[]: text
    .environment.services[].health: null
    .environment.services[].host: text
    .environment.services[].ingress: boolean
    .environment.services[].name: text
    .environment.services[].ports[].port: number
    .environment.services[].ports[].protocol: text
    .environment.services[].ports[].published: boolean
    .environment.services[].replicas[].addresses[]: text
    .environment.services[].replicas[].container: text
    .environment.services[].replicas[].exit_code: null
    .environment.services[].replicas[].health: null
    .environment.services[].replicas[].image: text
    .environment.services[].replicas[].name: text
    .environment.services[].replicas[].number: number
    .environment.services[].replicas[].state: text
    .environment.services[].state: text
    .environment.services[].url: text
    .environment.source: text
    .environment.state: text
    .environment.subnet: text
    .environment.suffix: text
    .environment.workspace: text
    .names_served: boolean
    .timings.phases[].milliseconds: number
    .timings.phases[].phase: text
    .timings.steps[].begin: number
    .timings.steps[].milliseconds: number
    .timings.steps[].step: text
    .timings.steps[].subject: text
    .version: number
    .warnings: []
    ");
    let status = home.run(&project, ["status", "a", "--json"]).ok().json();
    insta::assert_snapshot!(shape(&status), @r"
    .engine.api_version: text
    .engine.endpoint: text
    .engine.version: text
    .environment.created_at: text
    .environment.host: text
    .environment.id: text
    .environment.name: text
    .environment.project: text
    .environment.services[].addresses[]: text
    .environment.services[].health: null
    .environment.services[].host: text
    .environment.services[].ingress: boolean
    .environment.services[].name: text
    .environment.services[].ports[].port: number
    .environment.services[].ports[].protocol: text
    .environment.services[].ports[].published: boolean
    .environment.services[].replicas[].addresses[]: text
    .environment.services[].replicas[].container: text
    .environment.services[].replicas[].exit_code: null
    .environment.services[].replicas[].health: null
    .environment.services[].replicas[].image: text
    .environment.services[].replicas[].name: text
    .environment.services[].replicas[].number: number
    .environment.services[].replicas[].state: text
    .environment.services[].state: text
    .environment.services[].url: text
    .environment.source: text
    .environment.state: text
    .environment.subnet: text
    .environment.suffix: text
    .environment.workspace: text
    .version: number
    ");
    assert_eq!(
        (&up["version"], &up["created"], &up["names_served"]),
        (&1.into(), &true.into(), &true.into())
    );
    assert_eq!(up["environment"]["services"][0]["url"], "http://web.a.test");
    let list = home.run(&project, ["list"]).ok();
    assert!(
        list.stdout.contains(&format!("http://{}.a.test", project.name())),
        "{}",
        list.stdout
    );
    let timings = home.run(&project, ["up", "b", "--timings"]).ok();
    for phase in ["copy", "claim", "containers", "ready", "names"] {
        assert!(
            timings.stderr.contains(&format!("ms  {phase}\n")),
            "{}",
            timings.stderr
        );
    }
}

#[test]
fn a_compose_yml_with_an_include_and_replicas() {
    if !needs_engine() {
        return;
    }
    let home = Home::new();
    let project = home
        .project("app", IDLE)
        .write("parts/db.yml", IDLE.replace("app:", "db:").as_bytes());
    fs_err::remove_file(project.path().join("compose.yaml")).unwrap();
    let project = project.write(
        "compose.yml",
        format!("include: [parts/db.yml]\n{IDLE}    deploy: {{replicas: 2}}\n"),
    );
    home.run(&project, ["up", "a"]).ok();
    let found = containers(&home, &project, "a");
    assert_eq!((found["app"].len(), found["db"].len()), (2, 1));
    let mut addresses = home.addresses("app.a.test");
    addresses.sort();
    addresses.dedup();
    assert_eq!(addresses.len(), 2, "every replica answers to the name");
    let compose = home.workspace(&project, "a").join("compose.yml");
    let text = fs_err::read_to_string(&compose).unwrap();
    write(&compose, text.replace("replicas: 2", "replicas: 1"));
    home.run(&project, ["up", "a"]).ok();
    assert_eq!(containers(&home, &project, "a")["app"], found["app"][..1]);
    assert_eq!(home.addresses("app.a.test").len(), 1);
}

#[test]
fn files_that_containers_left_are_removed() {
    if !needs_engine() {
        return;
    }
    let home = Home::new();
    let compose = format!("{IDLE}    volumes: ['./data:/data']\n    user: '12345'\n");
    let project = home.project("app", &compose).write("data/keep", "");
    home.run(&project, ["up", "a"]).ok();
    let make = [
        "exec",
        "--user",
        "0",
        "a",
        "app",
        "sh",
        "-c",
        "mkdir -p /data/deep/er && echo x > /data/deep/er/file && chmod 700 /data/deep",
    ];
    home.run(&project, make).ok();
    home.run(&project, ["destroy", "a", "--force"]).ok();
    home.is_empty();
}

#[test]
fn files_of_root_are_removed_for_a_user_who_is_not() {
    if !needs_engine() || !crate::support::needs_root() {
        return;
    }
    let home = Home::new();
    let project = home
        .project("app", &format!("{IDLE}    volumes: ['./data:/data']\n"))
        .write("data/keep", "");
    let theirs = home.folder().join("theirs");
    crate::home::folder_of(&theirs, crate::home::NOBODY);
    let open = SocketGroup::of_engine();
    let Some(group) = open.0 else { return };
    let cilo = |args: &[&'static str]| {
        let cilo = home
            .cilo(args.iter().copied())
            .dir(project.path())
            .var("CILO_HOME", &theirs);
        cilo.user_and_group(crate::home::NOBODY, group).run()
    };
    cilo(&["up", "a"]).ok();
    cilo(&[
        "exec",
        "a",
        "app",
        "sh",
        "-c",
        "mkdir /data/deep && touch /data/deep/file && chmod 700 /data/deep",
    ])
    .ok();
    let destroyed = cilo(&["destroy", "a", "--force"]);
    cilo(&["daemon", "stop"]).ok();
    destroyed.ok();
    assert_eq!(home.objects(), Vec::<String>::new());
    eventually("the workspace is gone", || {
        let left = fs_err::read_dir(theirs.join("envs").join(project.name())).map_or(0, Iterator::count);
        (left == 0).then_some(())
    });
}

/// The group that may use the engine's socket; `None` when it is root's alone.
struct SocketGroup(Option<u32>);

impl SocketGroup {
    fn of_engine() -> Self {
        use std::os::unix::fs::MetadataExt;
        let socket = docker(&["context", "inspect", "--format", "{{.Endpoints.docker.Host}}"]);
        let path = socket.strip_prefix("unix://").unwrap_or_default();
        let group = fs_err::metadata(path)
            .ok()
            .filter(|meta| meta.mode() & 0o060 == 0o060)
            .map(|meta| meta.gid());
        if group.is_none() {
            crate::support::skipped("needs an engine whose socket a group may use");
        }
        Self(group)
    }
}

#[test]
fn a_service_of_the_hosts_network_is_moved_and_reported() {
    if !needs_engine() {
        return;
    }
    let home = Home::new();
    let project = home
        .project(
            "app",
            &format!(
                "{}    network_mode: host\n",
                WEB.replace("    ports: ['8080:80']\n", "")
            ),
        )
        .write("www/index.html", "moved");
    let up = home.run(&project, ["up", "a", "--json"]).ok();
    let explained = home.run(&project, ["explain", "a"]).ok();
    assert!(
        explained.stdout.contains("services.web.network_mode"),
        "{}",
        explained.stdout
    );
    let mode = docker(&[
        "inspect",
        "--format",
        "{{.HostConfig.NetworkMode}}",
        &format!("cilo_{}_a_web_1", project.name()),
    ]);
    assert_ne!(mode, "host");
    assert_eq!(get(home.addresses("web.a.test")[0], "/"), "moved");
    assert_eq!(up.json()["environment"]["services"][0]["host"], "web.a.test");
}

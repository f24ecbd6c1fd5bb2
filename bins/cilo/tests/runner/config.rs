// SPDX-License-Identifier: MIT
//! `config` and `explain`: what is read, and what isolation makes of it.

use crate::support::{Home, Project};

const COMPOSE: &str = "\
name: ${NAME:-shop}
services:
  web:
    image: busybox:${TAG}
    environment: [A=1, B]
    ports: ['8080:80']
  debug:
    image: busybox
    profiles: [debug]
";

/// Everything that breaks a second copy, or reaches out of one.
const BREAKS_EVERYTHING: &str = "\
services:
  web:
    image: busybox
    container_name: the-web
    hostname: the-host
    ports: ['8080:80', '127.0.0.1:5432:5432/tcp']
    networks:
      front: {ipv4_address: 172.28.0.10}
    volumes:
      - ./html:/html
      - /etc/hostname:/hostname:ro
      - data:/data
      - /var/run/docker.sock:/var/run/docker.sock
    extra_hosts: ['self:127.0.0.1']
  host:
    image: busybox
    network_mode: host
    privileged: true
    pid: host
networks:
  front:
    name: the-front
    ipam: {config: [{subnet: 172.28.0.0/16}]}
volumes:
  data: {name: the-data}
";

#[test]
fn config_prints_the_resolved_project() {
    let home = Home::without_engine();
    let project = home
        .project("app", COMPOSE)
        .write(".env", "TAG=1.36\n")
        .write("other.env", "TAG=2\nNAME=other\n");
    insta::assert_snapshot!(home.run(&project, ["config"]).ok().data(), @r#"
    name: shop
    networks:
      default:
        ipam: {}
        name: shop_default
    services:
      web:
        command: null
        entrypoint: null
        environment:
          A: "1"
          B: null
        image: "busybox:1.36"
        networks:
          default: null
        ports:
          - mode: ingress
            protocol: tcp
            published: "8080"
            target: 80
    "#);
    let json = home.run(&project, ["config", "--format", "json"]).ok().json();
    assert_eq!(json["services"]["web"]["image"], "busybox:1.36");
    let other = home.run(
        &project,
        [
            "config",
            "--env-file",
            "other.env",
            "--profile",
            "debug",
            "--format",
            "json",
        ],
    );
    let other = other.ok().json();
    assert_eq!(
        (&other["name"], &other["services"]["web"]["image"]),
        (&"other".into(), &"busybox:2".into())
    );
    assert!(other["services"]["debug"].is_object());
    // What it prints is a project that means the same.
    let yaml = home.run(&project, ["config"]).stdout;
    let again = home
        .cilo(["config", "-f", "-"])
        .dir(project.path())
        .input(yaml.clone())
        .run()
        .ok();
    assert_eq!(again.stdout, yaml);
}

#[test]
fn config_tells_what_is_doubtful() {
    let home = Home::without_engine();
    let project = home.project("app", COMPOSE);
    let ended = home.run(&project, ["config"]).ok();
    insta::assert_snapshot!(ended.told(), @r"
    exit 0
    warning: [TMP]/src/app/compose.yaml:4:12: the variable TAG is not set; it became an empty text
    ");
}

#[test]
fn explain_lists_every_change_and_every_warning() {
    let home = Home::without_engine();
    let project = home
        .project("app", BREAKS_EVERYTHING)
        .write("html/index.html", "");
    home.run(&project, ["create", "a"]).ok();
    let json = home.run(&project, ["explain", "a", "--json"]).ok().json();
    let lines = |key: &str, fields: &[&str]| {
        let line = |item: &serde_json::Value| {
            let texts: Vec<String> = fields
                .iter()
                .map(|field| plain(&home, &project, &item[*field]))
                .collect();
            texts.join(" | ")
        };
        json[key]
            .as_array()
            .unwrap()
            .iter()
            .map(line)
            .collect::<Vec<_>>()
            .join("\n")
    };
    insta::assert_snapshot!(lines("changes", &["at", "from", "to"]), @r"
    services.host.network_mode | host | networks: [default]
    networks.front.name | the-front | cilo_app_a_front
    networks.front.ipam | 172.28.0.0/16 | [POOL].128/25
    networks.front.addresses | 172.28.0.10 | [POOL].138
    volumes.data.name | the-data | cilo_app_a_data
    services.web.volumes | [TMP]/src/app/html | [WORKSPACE]/html
    services.web.ports | 8080:80 | port 80
    services.web.ports | 127.0.0.1:5432:5432 | port 5432
    services.web.container_name | the-web | a network alias
    ");
    insta::assert_snapshot!(lines("warnings", &["kind", "at", "what"]), @r"
    host-path | services.web.volumes | `/etc/hostname` (read-only) is shared with the host and with every other environment
    engine-socket | services.web.volumes | `/var/run/docker.sock` lets the service control the engine and every other environment
    host-access | services.host.pid | shares the host's pid namespace
    host-access | services.host.privileged | has the host's privileges
    ");
    // For people it is the same.
    let text = home.run(&project, ["explain", "a"]).ok().stdout;
    for change in json["changes"].as_array().unwrap() {
        assert!(
            text.contains(change["at"].as_str().unwrap()),
            "{change} is missing in\n{text}"
        );
    }
    for warning in json["warnings"].as_array().unwrap() {
        assert!(
            text.contains(warning["what"].as_str().unwrap()),
            "{warning} is missing in\n{text}"
        );
    }
}

fn plain(home: &Home, project: &Project, value: &serde_json::Value) -> String {
    let text = value.as_str().unwrap_or_default();
    let text = text.replace(&home.workspace(project, "a").display().to_string(), "[WORKSPACE]");
    let text = text.replace(&home.folder().display().to_string(), "[TMP]");
    let [a, b, c, _] = home.address(0, 0).octets();
    text.replace(&home.tag(), "")
        .replace(&format!("{a}.{b}.{c}."), "[POOL].")
}

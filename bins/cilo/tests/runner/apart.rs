// SPDX-License-Identifier: MIT
//! One environment can neither reach nor stop another; networks of one are apart as the project says.

use crate::support::{Home, Project, WEB, needs_engine};

/// Whether a page can be had from inside `service`.
fn reaches(home: &Home, project: &Project, env: &str, service: &str, host: &str) -> bool {
    let url = format!("http://{host}/");
    home.run(
        project,
        ["exec", env, service, "timeout", "3", "wget", "-qO-", &url],
    )
    .code()
        == 0
}

#[test]
fn two_environments_do_not_reach_each_other() {
    if !needs_engine() {
        return;
    }
    let home = Home::new();
    let project = home.project("app", WEB).write("www/index.html", "page");
    home.run(&project, ["up", "a"]).ok();
    home.run(&project, ["up", "b"]).ok();
    let theirs = home.addresses("web.b.test")[0].to_string();
    let own = home.addresses("web.a.test")[0].to_string();
    assert!(reaches(&home, &project, "a", "web", &own));
    assert!(reaches(&home, &project, "a", "web", "web.a.test"));
    for host in [&theirs, "web.b.test", &format!("cilo_{}_b_web_1", project.name())] {
        assert!(!reaches(&home, &project, "a", "web", host), "{host}");
    }
    // `web` leads to the own one, always.
    crate::support::write(&home.workspace(&project, "b").join("www/index.html"), "b");
    let page = home
        .run(&project, ["exec", "b", "web", "wget", "-qO-", "http://web/"])
        .ok();
    assert_eq!(page.stdout, "b");
    home.run(&project, ["down", "b"]).ok();
    assert_eq!(home.listed(), ["app/a running", "app/b stopped"]);
}

#[test]
fn networks_of_one_environment_stay_apart() {
    if !needs_engine() {
        return;
    }
    let home = Home::new();
    let page = WEB.strip_prefix("services:\n").unwrap();
    let compose = format!(
        "services:\n{}    networks: [front]\n{}    networks: [front, back]\n{}    networks: {{back: {{aliases: [database]}}}}\n\
         networks:\n  front: {{name: the-front}}\n  back: {{internal: true}}\n",
        page,
        page.replace("web:", "api:"),
        page.replace("web:", "db:"),
    );
    let project = home.project("app", &compose).write("www/index.html", "page");
    home.run(&project, ["up", "a"]).ok();
    home.run(&project, ["up", "b"]).ok();
    let networks: Vec<String> = home
        .objects()
        .into_iter()
        .filter(|object| object.starts_with("network"))
        .collect();
    let expected = ["a_back", "a_front", "b_back", "b_front"].map(|name| format!("network cilo_app_{name}"));
    assert_eq!(networks, expected);
    for (from, to, expected) in [
        ("web", "api", true),
        ("api", "web", true),
        ("api", "db", true),
        ("api", "database", true),
        ("api", "db.a.test", true),
        ("web", "db", false),
        ("db", "web", false),
    ] {
        assert_eq!(
            reaches(&home, &project, "a", from, to),
            expected,
            "from {from} to {to}"
        );
    }
    let db = home.addresses("db.a.test")[0].to_string();
    assert!(!reaches(&home, &project, "a", "web", &db), "by address neither");
}

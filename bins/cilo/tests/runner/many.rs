// SPDX-License-Identifier: MIT
//! Twenty environments at once, each from a process of its own.

use std::collections::BTreeSet;

use crate::support::{Home, WEB, get, needs_engine, write};

#[test]
fn twenty_at_once_neither_clash_nor_get_lost() {
    if !needs_engine() {
        return;
    }
    let home = Home::new();
    let project = home.project("app", WEB).write("www/index.html", "source");
    let names: Vec<String> = (1..=20).map(|number| format!("env-{number:02}")).collect();
    let start = |command: &[&'static str]| {
        let running: Vec<_> = names
            .iter()
            .map(|name| {
                home.cilo(command.iter().copied().chain([name.as_str()]))
                    .dir(project.path())
                    .start()
            })
            .collect();
        running.into_iter().for_each(|running| drop(running.wait().ok()));
    };
    start(&["up"]);
    let expected: Vec<String> = names.iter().map(|name| format!("app/{name} running")).collect();
    assert_eq!(home.listed(), expected);
    let json = home.cilo(["list", "--all", "--json"]).run().ok().json();
    let subnets: BTreeSet<&str> = json["environments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|env| env["subnet"].as_str().unwrap())
        .collect();
    assert_eq!(subnets.len(), 20);
    for name in &names {
        write(&home.workspace(&project, name).join("www/index.html"), name);
    }
    for name in &names {
        assert_eq!(&get(home.addresses(&format!("web.{name}.test"))[0], "/"), name);
    }
    start(&["destroy", "--force"]);
    home.is_empty();
    home.knows_not("web.env-07.test");
}

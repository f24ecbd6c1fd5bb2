// SPDX-License-Identifier: MIT
//! The same environment name in two projects.

use crate::support::{Home, IDLE, needs_engine};

#[test]
fn one_name_in_two_projects() {
    if !needs_engine() {
        return;
    }
    let home = Home::new();
    let one = home.project("one", IDLE);
    let two = home.project("two", &IDLE.replace("app:", "other:"));
    home.run(&one, ["up", "dev"]).ok();
    home.run(&two, ["up", "dev"]).ok();
    assert_eq!(home.listed(), ["one/dev running", "two/dev running"]);
    assert_ne!(home.addresses("app.dev.test"), home.addresses("other.dev.test"));
    // Where the name is not enough, Cilo asks which; in a project's folder it is.
    insta::assert_snapshot!(home.cilo(["status", "dev"]).run().told(), @r"
    exit 1
    error: `dev` is an environment of one, two; say which with --project
    ");
    insta::assert_snapshot!(home.cilo(["destroy", "dev", "--force"]).run().told(), @r"
    exit 1
    error: `dev` is an environment of one, two; say which with --project
    ");
    assert_eq!(home.run(&one, ["list", "--names"]).ok().stdout, "dev\n");
    let explicit = home.cilo(["--project", two.name(), "path", "dev"]).run().ok();
    assert!(explicit.stdout.contains(two.name()));
    home.run(&one, ["destroy", "dev", "--force"]).ok();
    assert_eq!(home.listed(), ["two/dev running"]);
    home.knows_not("app.dev.test");
    home.addresses("other.dev.test");
    home.cilo(["destroy", "dev", "--force"]).run().ok();
    home.is_empty();
}

#[test]
fn a_short_name_that_is_taken_is_a_conflict() {
    if !needs_engine() {
        return;
    }
    let home = Home::new();
    let (one, two) = (home.project("one", IDLE), home.project("two", IDLE));
    home.run(&one, ["up", "dev"]).ok();
    let (before, address) = (home.objects(), home.addresses("app.dev.test"));
    insta::assert_snapshot!(home.run(&two, ["--quiet", "up", "dev"]).told(), @r"
    exit 5
    error: two/dev would take names that are in use: app.dev.test belongs to one/dev
    hint: use another name for `dev`, or give this project names of its own: `dns_suffix: myproject.test` in .cilo/config.yml
    ");
    assert_eq!(home.listed(), ["one/dev running"], "nothing of it stays");
    assert_eq!(home.objects(), before);
    assert_eq!(
        home.addresses("app.dev.test"),
        address,
        "the name leads where it led"
    );
    // Both ways out that the message names work.
    home.run(&two, ["up", "dev-2"]).ok();
    let two = two.write(".cilo/config.yml", "dns_suffix: two.test\n");
    home.run(&two, ["up", "dev"]).ok();
    assert_eq!(home.addresses("app.dev.test"), address);
    assert_ne!(home.addresses("app.dev.two.test"), address);
}

#[test]
fn a_name_becomes_free_when_its_environment_goes() {
    if !needs_engine() {
        return;
    }
    let home = Home::new();
    let (one, two) = (home.project("one", IDLE), home.project("two", IDLE));
    home.run(&one, ["up", "dev"]).ok();
    home.run(&two, ["up", "dev"]).ends_with(5);
    home.run(&one, ["destroy", "dev", "--force"]).ok();
    home.run(&two, ["up", "dev"]).ok();
    assert_eq!(home.addresses("app.dev.test").len(), 1);
}

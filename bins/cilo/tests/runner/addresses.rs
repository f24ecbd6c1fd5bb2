// SPDX-License-Identifier: MIT
//! Which addresses environments take: none that is somebody else's, and none left is said.

use std::net::Ipv4Addr;

use crate::support::{Cilo, Ended, Home, IDLE, Project, docker, needs_engine, needs_root};

fn up_in(home: &Home, project: &Project, pool: &str, env: &str) -> Ended {
    home.cilo(["--quiet", "up", env])
        .dir(project.path())
        .var("CILO_BASE_SUBNET", pool)
        .run()
}

fn third(address: Ipv4Addr) -> u8 {
    address.octets()[2]
}

#[test]
fn a_pool_that_is_used_up() {
    if !needs_engine() {
        return;
    }
    let home = Home::new();
    let project = home.project("app", IDLE);
    let pool = format!("{}/23", home.address(0, 0));
    up_in(&home, &project, &pool, "a").ok();
    up_in(&home, &project, &pool, "b").ok();
    let third = up_in(&home, &project, &pool, "c");
    let [a, b, c, _] = home.address(0, 0).octets();
    let told = third.told().replace(&format!("{a}.{b}.{c}."), "[POOL].");
    let told = told.replace(&format!("{a}.{b}.{}.", c + 1), "[POOL+1].");
    insta::assert_snapshot!(told, @r"
    exit 1
    error: no free /24 is left of the 2 in the subnet pool [POOL].0/23: environments hold 2 ([POOL].0/24 app/a, [POOL+1].0/24 app/b); destroy environments that are not needed, or set another pool
    hint: destroy environments you do not need, or choose other addresses with CILO_BASE_SUBNET
    ");
    assert_eq!(
        home.listed(),
        ["app/a running", "app/b running"],
        "nothing of it stays"
    );
    home.run(&project, ["destroy", "a", "--force"]).ok();
    up_in(&home, &project, &pool, "c").ok();
}

#[test]
fn a_block_that_a_network_of_the_engine_has() {
    if !needs_engine() {
        return;
    }
    let home = Home::new();
    let project = home.project("app", IDLE);
    let taken = format!("{}/24", home.address(0, 0));
    let network = Network(docker(&[
        "network",
        "create",
        "--subnet",
        &taken,
        &format!("foreign{}", home.tag()),
    ]));
    up_in(&home, &project, &format!("{}/22", home.address(0, 0)), "a").ok();
    assert_ne!(third(home.addresses("app.a.test")[0]), third(home.address(0, 0)));
    drop(network);
}

#[test]
fn a_block_that_a_route_of_the_host_leads_to() {
    if !needs_engine() || !needs_root() {
        return;
    }
    let home = Home::new();
    let project = home.project("app", IDLE);
    let link = Link::new(&home, 0);
    up_in(&home, &project, &format!("{}/22", home.address(0, 0)), "a").ok();
    assert_ne!(third(home.addresses("app.a.test")[0]), third(home.address(0, 0)));
    // A pool that is all taken names what is in the way.
    let all = up_in(&home, &project, &format!("{}/24", home.address(0, 0)), "b").ends_with(1);
    assert!(all.stderr.contains(&link.0), "{}", all.stderr);
    home.run(&project, ["destroy", "a", "--force"]).ok();
}

struct Network(String);

impl Drop for Network {
    fn drop(&mut self) {
        Cilo::new("docker").args(["network", "rm", &self.0]).run();
    }
}

/// An interface with a route into the home's pool.
struct Link(String);

impl Link {
    fn new(home: &Home, block: u8) -> Self {
        // An interface's name has at most fifteen characters.
        let link = Self(
            format!("ct{}", home.tag().replace('-', "x"))
                .chars()
                .take(15)
                .collect(),
        );
        let ip = |args: &[&str]| Cilo::new("ip").args(args).run().ok();
        ip(&["link", "add", &link.0, "type", "bridge"]);
        ip(&["link", "set", &link.0, "up"]);
        ip(&[
            "route",
            "add",
            &format!("{}/24", home.address(block, 0)),
            "dev",
            &link.0,
        ]);
        link
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        Cilo::new("ip").args(["link", "del", &self.0]).run();
    }
}

// SPDX-License-Identifier: MIT
//! Names: there from the first `up`, the same inside and outside, gone with what they led to.

use cilo_engine::dns::{QueryType, Rcode};
use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Home, IDLE, WEB, eventually, needs_engine};

/// The ingress service, another one, and one with two host names more.
fn services() -> String {
    let idle = IDLE.strip_prefix("services:\n").unwrap();
    let api = idle.replace("app:", "my_api:");
    let extra = idle.replace("app:", "admin:");
    format!("{WEB}{api}{extra}    labels: ['cilo.hostnames=panel,x.panel']\n")
}

#[test]
fn names_are_there_after_the_first_up_and_gone_after_destroy() {
    if !needs_engine() {
        return;
    }
    let home = Home::new();
    let project = home.project("app", &services()).write("www/index.html", "");
    home.run(&project, ["up", "a"]).ok();
    let apex = format!("{}.a.test", project.name());
    let web = home.addresses("web.a.test");
    assert_eq!(web.len(), 1);
    assert_eq!(home.addresses("any.thing.web.a.test"), web, "wildcard");
    assert_eq!(home.addresses("WEB.A.Test"), web, "letter case does not matter");
    assert_eq!(
        home.addresses(&apex),
        web,
        "the apex leads to the ingress service"
    );
    assert_ne!(home.addresses("my-api.a.test"), web);
    assert_eq!(home.addresses("my-api.a.test"), home.addresses("my_api.a.test"));
    assert_eq!(home.addresses("panel.a.test"), home.addresses("admin.a.test"));
    assert_eq!(home.addresses("x.panel.a.test"), home.addresses("admin.a.test"));

    let v6 = home.ask("web.a.test", QueryType::Aaaa);
    assert_eq!(
        (v6.rcode, v6.addresses_v6.len()),
        (Rcode::NoError, 0),
        "AAAA has no data, and says so"
    );
    assert!(v6.authoritative && v6.ttl.is_some_and(|ttl| ttl <= 5));
    let unknown = home.ask("nothing.a.test", QueryType::A);
    assert_eq!(unknown.rcode, Rcode::NxDomain);
    assert!(
        unknown.ttl.is_some_and(|ttl| ttl <= 5),
        "it comes with a SOA: {unknown:?}"
    );
    assert_eq!(home.ask("web.b.test", QueryType::A).rcode, Rcode::NxDomain);
    assert_eq!(
        home.ask("example.com", QueryType::A).rcode,
        Rcode::Refused,
        "nothing is forwarded"
    );

    home.run(&project, ["up", "b"]).ok();
    assert_ne!(home.addresses("web.b.test"), web);
    home.run(&project, ["destroy", "a", "--force"]).ok();
    for name in ["web.a.test", "my-api.a.test", "panel.a.test", &apex] {
        home.knows_not(name);
    }
    home.addresses("web.b.test");
    home.run(&project, ["down", "b"]).ok();
    home.knows_not("web.b.test");
}

#[test]
fn names_survive_the_daemon() {
    if !needs_engine() {
        return;
    }
    let home = Home::new();
    let project = home.project("app", IDLE);
    home.run(&project, ["up", "a"]).ok();
    let address = home.addresses("app.a.test");
    home.cilo(["daemon", "stop"]).run().ok();
    assert_eq!(home.daemon(), None);
    home.cilo(["daemon", "start"]).run().ok();
    assert_eq!(home.addresses("app.a.test"), address);

    let pid = home.daemon().unwrap();
    kill_process(Pid::from_raw(pid.try_into().unwrap()).unwrap(), Signal::KILL).unwrap();
    eventually("the daemon's death", || home.daemon().is_none().then_some(()));
    home.run(&project, ["up", "a"]).ok();
    assert_eq!(home.addresses("app.a.test"), address);
    assert_ne!(home.daemon().unwrap(), pid);

    // Without it, taking away still works, and what is gone stays gone.
    home.cilo(["daemon", "stop"]).run().ok();
    home.run(&project, ["destroy", "a", "--force"]).ok();
    home.cilo(["daemon", "start"]).run().ok();
    home.knows_not("app.a.test");
}

#[test]
fn the_same_names_lead_there_inside_containers() {
    if !needs_engine() {
        return;
    }
    let home = Home::new();
    let project = home.project(
        "app",
        &services().replace(
            "  web:\n",
            "  web:\n    container_name: the-web\n    hostname: the-host\n",
        ),
    );
    let project = project.write("www/index.html", "inside");
    home.run(&project, ["up", "a"]).ok();
    let apex = format!("{}.a.test", project.name());
    for name in ["web", "web.a.test", "the-web", &apex] {
        let page = home.run(
            &project,
            ["exec", "a", "my_api", "wget", "-qO-", &format!("http://{name}/")],
        );
        assert_eq!(page.ok().stdout, "inside", "{name}");
    }
    let hostname = home.run(&project, ["exec", "a", "web", "hostname"]).ok();
    assert_eq!(hostname.stdout, "the-host\n");
    for name in ["panel.a.test", "my-api.a.test"] {
        home.run(&project, ["exec", "a", "web", "ping", "-c1", "-W5", name])
            .ok();
    }
}

#[test]
fn a_project_may_have_a_domain_of_its_own() {
    if !needs_engine() {
        return;
    }
    let home = Home::new();
    let own = home
        .project("own", IDLE)
        .write(".cilo/config.yml", "dns_suffix: .own.example\n");
    let usual = home.project("usual", IDLE);
    home.run(&own, ["up", "dev"]).ok();
    // The same service and environment names, and no clash.
    home.run(&usual, ["up", "dev"]).ok();
    assert_ne!(
        home.addresses("app.dev.own.example"),
        home.addresses("app.dev.test")
    );
    home.run(&own, ["exec", "dev", "app", "nslookup", "app.dev.own.example"])
        .ok();
    home.run(&own, ["destroy", "dev", "--force"]).ok();
    home.knows_not("app.dev.own.example");
    home.addresses("app.dev.test");
}

#[test]
fn a_daemon_of_somebody_else_is_never_taken_for_ours() {
    if !needs_engine() {
        return;
    }
    let home = Home::new();
    let project = home.project("app", IDLE);
    let _theirs = std::net::UdpSocket::bind(home.dns()).unwrap();
    let up = home.run(&project, ["up", "a", "--no-wait"]).ok();
    assert!(up.stderr.contains("the names of"), "{}", up.stderr);
    assert!(!up.stderr.contains("its names are served"), "{}", up.stderr);
    home.run(&project, ["destroy", "a", "--force"]).ok();
    home.is_empty();
}

// SPDX-License-Identifier: MIT
//! `examples/shop`, a project like users have: two copies at once, each with its own everything.

use std::path::Path;

use serde_json::Value;

use crate::support::{Home, call, docker, get, needs_engine, tree};

#[test]
fn two_copies_of_the_shop_are_apart() {
    if !needs_engine() {
        return;
    }
    let home = Home::new();
    let shop = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../examples/shop")
        .canonicalize()
        .unwrap();
    let before = tree(&shop);
    // Engine names hold the environment's, so these are no one else's.
    let envs = ["left", "right"].map(|side| format!("{side}{}", home.tag()));
    let starts: Vec<_> = envs
        .iter()
        .map(|env| home.cilo(["up", env, "--json"]).dir(&shop).start())
        .collect();
    let ups: Vec<Value> = starts.into_iter().map(|start| start.wait().ok().json()).collect();
    for up in &ups {
        let services = up["environment"]["services"].as_array().unwrap().iter();
        let states: Vec<String> = services
            .map(|service| {
                format!(
                    "{} {}",
                    service["name"].as_str().unwrap(),
                    service["state"].as_str().unwrap()
                )
            })
            .collect();
        assert_eq!(
            states.join(", "),
            "api healthy, cache running, db healthy, migrate completed, web running"
        );
    }
    let web = |env: &str| home.addresses(&format!("web.{env}.test"))[0];
    let json = |env: &str, path: &str| serde_json::from_str::<Value>(&get(web(env), path)).unwrap();
    for env in &envs {
        assert_eq!(
            home.addresses(&format!("shop.{env}.test")),
            [web(env)],
            "the apex leads to the page"
        );
        for service in ["api", "db", "cache"] {
            home.addresses(&format!("{service}.{env}.test"));
        }
        assert!(get(web(env), "/").contains("<html"));
        assert_eq!(json(env, "/api/health")["status"], "ok");
    }
    let [left, right] = &envs;
    call(
        web(left),
        "POST",
        "/api/orders",
        "{\"item\": \"tea\", \"quantity\": 2}",
    );
    assert_eq!(json(left, "/api/orders")["orders"].as_array().unwrap().len(), 1);
    assert_eq!(json(right, "/api/orders")["orders"].as_array().unwrap().len(), 0);
    assert_eq!(
        (json(left, "/api/visits"), json(left, "/api/visits")),
        (visits(1), visits(2))
    );
    assert_eq!(json(right, "/api/visits"), visits(1));
    assert_ne!(
        json(left, "/api/where")["database"]["id"],
        json(right, "/api/where")["database"]["id"]
    );

    let containers = |env: &str| {
        docker(&[
            "ps",
            "--all",
            "--no-trunc",
            "--format",
            "{{.ID}} {{.Names}}",
            "--filter",
            &format!("label=dev.cilo.env={env}"),
        ])
    };
    let running = containers(left);
    home.cilo(["up", left]).dir(&shop).run().ok();
    assert_eq!(containers(left), running, "the second up changes nothing");

    home.cilo(["down", left]).run().ok();
    home.cilo(["up", left]).run().ok();
    assert_eq!(
        json(left, "/api/orders")["orders"].as_array().unwrap().len(),
        1,
        "the data survives"
    );
    home.cilo(["destroy", left, "--force"]).run().ok();
    assert_eq!(json(right, "/api/visits"), visits(2));
    home.cilo(["destroy", right, "--force"]).run().ok();
    for env in &envs {
        for kind in [
            &["ps", "--all", "--quiet"] as &[&str],
            &["network", "ls", "--quiet"],
            &["volume", "ls", "--quiet"],
            &["image", "ls", "--quiet"],
        ] {
            assert_eq!(
                docker(&[kind, &["--filter", &format!("label=dev.cilo.env={env}")]].concat()),
                ""
            );
        }
    }
    home.is_empty();
    assert_eq!(tree(&shop), before, "the source is never written to");
}

fn visits(count: u32) -> Value {
    serde_json::json!({ "visits": count })
}

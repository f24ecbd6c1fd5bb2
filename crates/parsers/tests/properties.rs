// SPDX-License-Identifier: MIT
//! What holds for every project and every text.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use cilo_parsers::{ParseRequest, canonical_yaml, detect_and_parse};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use serde_json::{Value, json};

fn parse(text: String) -> Result<String, String> {
    let request = ParseRequest {
        directory: Path::new("/project").to_owned(),
        files: vec!["-".into()],
        home: Some("/home/user".into()),
        profiles: vec!["*".to_owned()],
        variables: [("SET".to_owned(), "value".to_owned())].into(),
        stdin: Some(text),
        ..ParseRequest::default()
    };
    detect_and_parse(&request)
        .map(|parsed| canonical_yaml(&parsed.spec))
        .map_err(|error| error.to_string())
}

/// Any text, `$` and quotes and control characters included, as it must be written in a project file.
fn text() -> impl Strategy<Value = String> {
    any::<String>().prop_map(|text| text.replace('\0', "").replace('$', "$$"))
}

fn name() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9][a-zA-Z0-9._-]{0,8}"
}

fn mapping() -> impl Strategy<Value = BTreeMap<String, String>> {
    btree_map("[A-Za-z_.-][A-Za-z0-9_. -]{0,10}[a-z]", text(), 0..4)
}

fn port() -> impl Strategy<Value = Value> {
    prop_oneof![
        (1..u16::MAX).prop_map(|port| json!(port)),
        (1..u16::MAX, 1..u16::MAX).prop_map(|(host, port)| json!(format!("127.0.0.1:{host}:{port}/udp"))),
        (1..60000_u16, 0..5_u16).prop_map(|(port, more)| json!(format!("{port}-{}", port + more))),
        (1..u16::MAX, 1..u16::MAX).prop_map(|(host, port)| json!({"target": port, "published": host})),
    ]
}

fn volume() -> impl Strategy<Value = Value> {
    prop_oneof![
        "/[a-z]{1,8}".prop_map(|target| json!(target)),
        (
            "[./]{0,2}/[a-z]{1,5}",
            "/[a-z]{1,8}",
            prop::sample::select(vec!["ro", "rw", "z", "rshared"])
        )
            .prop_map(|(source, target, option)| json!(format!("{source}:{target}:{option}"))),
        ("/[a-z]{1,8}", 0..1_000_000_u32)
            .prop_map(|(target, size)| json!({"type": "tmpfs", "target": target, "tmpfs": {"size": size}})),
    ]
}

prop_compose! {
    fn service()(
        image in "[a-z]{1,8}(:[a-z0-9.]{1,5})?",
        environment in mapping(),
        labels in mapping(),
        command in option::of(vec(text(), 0..4)),
        entrypoint in option::of(vec(text(), 0..3)),
        ports in vec(port(), 0..4),
        volumes in vec(volume(), 0..3),
        restart in option::of(Just("always")),
        memory in option::of(1..1_000_000_u32),
        cpus in option::of(1..800_u32),
        seconds in option::of(1..100_000_u32),
        profiles in vec(name(), 0..2),
    ) -> Value {
        let mut service = json!({
            "image": image, "environment": environment, "labels": labels, "ports": ports, "profiles": profiles,
        });
        let mut targets = std::collections::BTreeSet::new();
        service["volumes"] = volumes
            .into_iter()
            .filter(|volume| {
                let target = volume.as_str().map_or_else(
                    || volume["target"].as_str().unwrap_or_default().to_owned(),
                    |short| short.split(':').nth(1).unwrap_or(short).to_owned(),
                );
                targets.insert(target)
            })
            .collect();
        let mut put = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                service[key] = value;
            }
        };
        put("command", command.map(Value::from));
        put("entrypoint", entrypoint.map(Value::from));
        put("restart", restart.map(Value::from));
        put("mem_limit", memory.map(|size| json!(format!("{size}k"))));
        put("cpus", cpus.map(|share| json!(f64::from(share) / 100.0)));
        put("stop_grace_period", seconds.map(|seconds| json!(format!("{seconds}s"))));
        service
    }
}

proptest! {
    #[test]
    fn what_is_printed_reads_back_the_same(services in btree_map(name(), service(), 1..4)) {
        let project = json!({ "services": services });
        let first = parse(project.to_string()).unwrap();
        let second = parse(first.clone()).unwrap();
        prop_assert_eq!(first, second);
    }

    #[test]
    fn no_text_crashes_the_parser(text in any::<String>()) {
        drop(parse(text));
    }

    #[test]
    fn no_yaml_crashes_the_parser(
        lines in vec("( |  |    )?(- )?(services|web|image|ports|volumes|extends|build|x-a|<<)?(: )?(&a|\\*a|!reset|!override|\\[|\\]|\\{|\\}|\"|\\$\\{SET:-|80:80|./a:/b|null|1e9|010)?", 0..12)
    ) {
        drop(parse(lines.join("\n")));
    }

    #[test]
    fn no_env_file_crashes_the_parser(text in "[A-Za-z0-9_=:#'\" \\\\\n\r\t${}+?.-]{0,80}") {
        let folder = tempfile::tempdir().unwrap();
        fs_err::write(folder.path().join(".env"), &text).unwrap();
        let request = ParseRequest {
            directory: folder.path().to_owned(),
            files: vec!["-".into()],
            project_directory: Some(folder.path().to_owned()),
            stdin: Some("services: {a: {image: x, env_file: [.env, {path: .env, format: raw}]}}".to_owned()),
            ..ParseRequest::default()
        };
        drop(detect_and_parse(&request));
    }
}

#[test]
fn nesting_ends_in_an_error() {
    let deep = |open: &str, close: &str, count: usize| {
        format!(
            "x-deep: {}{}\nservices: {{a: {{image: x}}}}\n",
            open.repeat(count),
            close.repeat(count)
        )
    };
    for count in [100, 250, 5_000] {
        drop(parse(deep("[", "]", count)));
        drop(parse(deep("{a: ", "}", count)));
    }
    assert!(parse(deep("[", "]", 250)).is_err());
    let template = format!(
        "services: {{a: {{image: '{}x{}'}}}}",
        "${A:-".repeat(5_000),
        "}".repeat(5_000)
    );
    assert!(parse(template).is_err());
    // Anchors that each wrap the one before in as many lists as a document may nest.
    let mut chain = "x-0: &a0 [x]\n".to_owned();
    for step in 1..100 {
        let (open, close) = ("[".repeat(100), "]".repeat(100));
        let before = step - 1;
        writeln!(chain, "x-{step}: &a{step} {open}*a{before}{close}").unwrap();
    }
    assert!(parse(chain).is_err());
}

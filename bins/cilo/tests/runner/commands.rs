// SPDX-License-Identifier: MIT
//! What all commands share: help, completion, data on standard output only, JSON of one version.

use serde_json::Value;

use crate::support::{Cilo, Home, IDLE};

const COMMANDS: [&str; 15] = [
    "create",
    "up",
    "down",
    "destroy",
    "run",
    "list",
    "status",
    "logs",
    "exec",
    "path",
    "config",
    "explain",
    "daemon",
    "version",
    "completion",
];

#[test]
fn every_command_has_help_with_examples() {
    let home = Home::without_engine();
    let overview = home.cilo(["--help"]).run().ok();
    for command in COMMANDS {
        assert!(
            overview.stdout.contains(&format!("\n  {command} ")),
            "{command} is not in the overview"
        );
        let help = home.cilo([command, "--help"]).run().ok();
        assert!(help.stdout.contains("\nExamples:\n"), "{}", help.stdout);
        assert_eq!(help.stderr, "");
    }
    assert!(overview.stdout.contains("Exit codes:"));
    for line in overview.stdout.lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
}

#[test]
fn every_shell_has_a_completion() {
    let home = Home::without_engine();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = home.cilo(["completion", shell]).run().ok();
        for command in COMMANDS {
            assert!(script.stdout.contains(command), "{shell} does not know {command}");
        }
    }
    let script = home.folder().join("cilo.bash");
    fs_err::write(&script, home.cilo(["completion", "bash"]).run().ok().stdout).unwrap();
    Cilo::new("bash")
        .args(["-n".as_ref(), script.as_os_str()])
        .run()
        .ok();
    home.cilo(["completion", "bash", "--dir", "x"]).run().ends_with(2);
}

#[test]
fn man_pages_are_written() {
    let home = Home::without_engine();
    let folder = home.folder().join("man/man1");
    let ended = home
        .cilo(["completion", "man", "--dir", folder.to_str().unwrap()])
        .run()
        .ok();
    assert_eq!(ended.stdout, "");
    for page in ["cilo.1", "cilo-up.1", "cilo-daemon-start.1"] {
        let text = fs_err::read_to_string(folder.join(page)).unwrap();
        assert!(text.contains(".TH"), "{page}: {text}");
    }
    assert!(
        home.cilo(["completion", "man"])
            .run()
            .ok()
            .stdout
            .contains(".TH cilo")
    );
}

#[test]
fn json_has_a_version_and_a_shape() {
    let home = Home::without_engine();
    let project = home.project("app", IDLE);
    let created = home.run(&project, ["create", "a", "--json"]).ok().json();
    insta::assert_snapshot!(shape(&created), @r"
    .environment.created_at: text
    .environment.host: text
    .environment.id: text
    .environment.name: text
    .environment.project: text
    .environment.services: []
    .environment.source: text
    .environment.state: text
    .environment.subnet: null
    .environment.suffix: text
    .environment.workspace: text
    .version: number
    ");
    insta::assert_snapshot!(shape(&home.cilo(["list", "--json"]).run().ok().json()), @r"
    .environments[].created_at: text
    .environments[].host: text
    .environments[].id: text
    .environments[].name: text
    .environments[].project: text
    .environments[].services: []
    .environments[].source: text
    .environments[].state: text
    .environments[].subnet: null
    .environments[].suffix: text
    .environments[].workspace: text
    .version: number
    ");
    insta::assert_snapshot!(shape(&home.run(&project, ["explain", "a", "--json"]).ok().json()), @r"
    .changes[].at: text
    .changes[].from: text
    .changes[].to: text
    .changes[].why: text
    .files[]: text
    .name: text
    .project: text
    .remarks: []
    .subnet: text
    .version: number
    .warnings: []
    ");
    insta::assert_snapshot!(shape(&home.cilo(["version", "--json"]).run().ok().json()), @r"
    .cilo: text
    .engine: null
    .version: number
    ");
    insta::assert_snapshot!(shape(&home.cilo(["daemon", "status", "--json"]).run().ends_with(1).json()), @r"
    .address: text
    .cilo: null
    .log: text
    .occupant: null
    .pid: null
    .problems: null
    .queries: null
    .state: text
    .version: number
    .zones: null
    ");
    for document in [&created, &home.cilo(["list", "--json"]).run().json()] {
        assert_eq!(document["version"], 1);
    }
}

/// The keys of a document with the types of their values; of a list, those of its first item.
pub(crate) fn shape(value: &Value) -> String {
    fn lines(at: &str, value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(map) => map
                .iter()
                .for_each(|(key, value)| lines(&format!("{at}.{key}"), value, found)),
            Value::Array(items) => match items.first() {
                Some(first) => lines(&format!("{at}[]"), first, found),
                None => found.push(format!("{at}: []")),
            },
            Value::Null => found.push(format!("{at}: null")),
            Value::Bool(_) => found.push(format!("{at}: boolean")),
            Value::Number(_) => found.push(format!("{at}: number")),
            Value::String(_) => found.push(format!("{at}: text")),
        }
    }
    let mut found = Vec::new();
    lines("", value, &mut found);
    found.join("\n")
}

#[test]
fn standard_output_is_data_only() {
    let home = Home::without_engine();
    let project = home.project("app", IDLE);
    let created = home.run(&project, ["create", "a"]).ok();
    assert_eq!(
        created.stdout,
        format!("{}\n", home.workspace(&project, "a").display())
    );
    assert_eq!(home.run(&project, ["path", "a"]).ok().stdout, created.stdout);
    assert_eq!(home.run(&project, ["list", "--names"]).ok().stdout, "a\n");
    let all = home.cilo(["list", "--all", "--names"]).run().ok();
    assert_eq!(all.stdout, format!("{}/a\n", project.name()));
    assert_eq!(home.run(&project, ["--quiet", "create", "b"]).ok().stderr, "");
}

#[test]
fn a_reader_that_leaves_early_is_no_failure() {
    let home = Home::without_engine();
    let project = home.project("app", IDLE);
    for env in ["a", "b", "c"] {
        home.run(&project, ["create", env]).ok();
    }
    for command in [
        "list",
        "list --json",
        "explain a",
        "config",
        "completion zsh",
        "--help",
    ] {
        // A pipe whose reader is gone before anything is written.
        let line = format!(
            "( trap '' USR1; exec {} {command} ) | true; exit ${{PIPESTATUS[0]}}",
            env!("CARGO_BIN_EXE_cilo")
        );
        let bash = home
            .arrange(Cilo::new("bash"))
            .args(["-c", &line])
            .dir(project.path())
            .run();
        assert!(!bash.stderr.contains("panic"), "{command}: {}", bash.stderr);
        assert_eq!(bash.code(), 0, "{command}: {}", bash.stderr);
    }
}

#[test]
fn colours_are_for_terminals_that_want_them() {
    let home = Home::without_engine();
    let project = home.project("app", IDLE);
    home.run(&project, ["create", "a"]).ok();
    let on_a_terminal = |variable: &str, flag: &str| {
        let line = format!("{} list {flag}", env!("CARGO_BIN_EXE_cilo"));
        let script = home
            .arrange(Cilo::new("script"))
            .args(["-qec", &line, "/dev/null"]);
        script
            .dir(project.path())
            .var("TERM", "xterm")
            .var("NO_COLOR", variable)
            .run()
            .ok()
            .stdout
            .contains('\x1b')
    };
    assert!(on_a_terminal("", ""), "a terminal gets colours");
    assert!(!on_a_terminal("1", ""), "NO_COLOR is heeded");
    assert!(!on_a_terminal("", "--no-color"), "--no-color is heeded");
    assert!(
        !home.run(&project, ["list"]).ok().stdout.contains('\x1b'),
        "a pipe gets none"
    );
}

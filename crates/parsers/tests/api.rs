// SPDX-License-Identifier: MIT
//! What callers ask besides the model: which project it is, its variables, its uninterpolated form, its errors.

use std::path::{Path, PathBuf};

use cilo_parsers::{
    ComposeParser, ParseRequest, Parser, Problem, Variable, canonical, canonical_yaml, detect_and_parse,
    identify,
};
use serde_json::json;

fn project(files: &[(&str, &str)]) -> (tempfile::TempDir, ParseRequest) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let root = fs_err::canonicalize(folder.path()).expect("it is there");
    for (name, text) in files {
        let file = root.join(name);
        fs_err::create_dir_all(file.parent().expect("it is in the folder")).expect("it can be made");
        fs_err::write(file, text).expect("it can be written");
    }
    let request = ParseRequest {
        directory: root,
        ..ParseRequest::default()
    };
    (folder, request)
}

#[test]
fn a_project_is_known_by_name_and_files_without_being_valid() {
    let (_folder, mut request) = project(&[
        (
            "compose.yaml",
            "name: My_Shop\nservices: {web: {nonsense: 1}}\ninclude: [nowhere.yaml]\n",
        ),
        ("compose.override.yml", "services: {}\n"),
        ("deep/down/.keep", ""),
    ]);
    let root = request.directory.clone();
    request.directory = root.join("deep/down");
    let (name, detected) = identify(&request).unwrap();
    assert_eq!(name, "my_shop");
    assert_eq!(detected.format, "compose");
    assert_eq!(detected.directory, root);
    assert_eq!(
        detected.files,
        [root.join("compose.yaml"), root.join("compose.override.yml")]
    );
}

#[test]
fn the_origin_tells_where_everything_came_from() {
    let (_folder, mut request) = project(&[
        (
            "compose.yaml",
            "include: [lib/a.yaml]\nservices: {web: {extends: {file: b.yaml, service: b}}}\n",
        ),
        ("lib/a.yaml", "services: {a: {image: a}}\n"),
        ("b.yaml", "services: {b: {image: b}}\n"),
        (".env", "X=1\n"),
    ]);
    request.profiles = vec!["p".to_owned()];
    let root = request.directory.clone();
    let origin = detect_and_parse(&request).unwrap().spec.origin;
    assert_eq!(origin.format, "compose");
    assert_eq!(origin.directory, root);
    assert_eq!(origin.files, [root.join("compose.yaml")]);
    assert_eq!(origin.included, [root.join("lib/a.yaml"), root.join("b.yaml")]);
    assert_eq!(origin.environment_files, [root.join(".env")]);
    assert_eq!(origin.profiles, ["p"]);
}

#[test]
fn variables_and_environment() {
    let (_folder, mut request) = project(&[
        (
            "compose.yaml",
            "services: {web: {image: 'x:${TAG:-1}-${A:+b}$$C', command: '${R:?say it} ${D:-${IN}}'}}\n",
        ),
        (".env", "R=from_file\n"),
    ]);
    request.variables.insert("P".to_owned(), "process".to_owned());
    let variables = detect_and_parse(&request).unwrap().variables;
    let names: Vec<&str> = variables.keys().map(String::as_str).collect();
    assert_eq!(names, ["A", "D", "IN", "R", "TAG"]);
    assert!(variables["R"].required);
    assert_eq!(variables["A"].alternate.as_deref(), Some("b"));
    assert_eq!(
        variables["TAG"],
        Variable {
            default: Some("1".to_owned()),
            ..Variable::default()
        }
    );
    let environment = ComposeParser.environment(&request).unwrap();
    assert_eq!(environment["R"], "from_file");
    assert_eq!(environment["P"], "process");
    assert!(environment.contains_key("COMPOSE_PROJECT_NAME"));
}

#[test]
fn the_uninterpolated_form_keeps_variables() {
    let (_folder, request) = project(&[(
        "compose.yaml",
        "name: t\nservices: {web: {image: 'x:${TAG}', ports: ['${PORT}:80'], scale: '${N}', environment: ['A=${B}', C=1]}}\n",
    )]);
    let template = ComposeParser.template(&request).unwrap();
    assert_eq!(
        template,
        json!({"name": "t", "services": {"web": {
            "image": "x:${TAG}", "ports": ["${PORT}:80"], "scale": "${N}", "environment": ["A=${B}", "C=1"],
        }}})
    );
}

#[test]
fn secrets_are_read_and_never_printed() {
    let (_folder, mut request) = project(&[
        (
            "compose.yaml",
            "services: {web: {image: x, secrets: [s]}}\nsecrets: {s: {environment: TOKEN}}\n",
        ),
        (
            "broken.yaml",
            "services: {web: {image: x, env_file: broken.env}}\n",
        ),
        ("broken.env", "PASSWORD=\"hunter2\nOTHER=1\n"),
    ]);
    request.variables.insert("TOKEN".to_owned(), "hunter2".to_owned());
    let spec = detect_and_parse(&request).unwrap().spec;
    assert_eq!(spec.secrets["s"].value.as_deref(), Some("hunter2"));
    assert!(!canonical(&spec).to_string().contains("hunter2"));
    assert!(!canonical_yaml(&spec).contains("hunter2"));
    request.files = vec!["broken.yaml".into()];
    let error = detect_and_parse(&request).unwrap_err();
    assert!(!error.to_string().contains("hunter2"), "{error}");
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
}

#[test]
fn an_error_has_its_parts() {
    let (_folder, request) = project(&[("compose.yaml", "services:\n  web:\n    imgae: x\n")]);
    let error = detect_and_parse(&request).unwrap_err();
    assert!(matches!(error.problem(), Problem::UnknownKey { key, .. } if key == "imgae"));
    let location = error.location().unwrap();
    assert_eq!((location.line, location.column), (3, 5));
    assert_eq!(location.text, "    imgae: x");
    assert_eq!(error.hint(), Some("did you mean `image`?"));
}

#[test]
fn a_file_that_cannot_be_read_keeps_its_cause() {
    let (_folder, mut request) = project(&[("folder/compose.yaml", "services: {a: {image: x}}\n")]);
    request.files = vec![PathBuf::from("folder")];
    let error = detect_and_parse(&request).unwrap_err();
    assert!(matches!(error.problem(), Problem::Read { path, .. } if path.ends_with("folder")));
    assert!(std::error::Error::source(&error).is_some());
}

#[test]
fn nothing_is_written() {
    let (folder, request) = project(&[(
        "compose.yaml",
        "services: {a: {image: x, volumes: ['./data:/data']}}\n",
    )]);
    detect_and_parse(&request).unwrap();
    let left: Vec<_> = fs_err::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1);
    assert!(!Path::new(&request.directory).join("data").exists());
}

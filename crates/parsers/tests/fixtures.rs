// SPDX-License-Identifier: MIT
//! Every folder of `tests/fixtures` is a project, named after the rule it shows: what the parser makes of it is in
//! `expected.json`, or in `expected-error.txt` when it must be refused.
//!
//! `request.json` says what the command line would: files, profiles, variables and so on. `@DIR@` stands for the
//! folder. With `UPDATE_FIXTURES=1` the expectations are written anew, to be read in the diff.

#![expect(clippy::unwrap_used, reason = "a fixture that cannot be read stops the test")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cilo_parsers::{PARSERS, ParseRequest, canonical, canonical_yaml, detect_and_parse};
use serde::Deserialize;

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Request {
    directory: PathBuf,
    files: Vec<PathBuf>,
    project_directory: Option<PathBuf>,
    project_name: Option<String>,
    profiles: Vec<String>,
    env_files: Vec<PathBuf>,
    variables: BTreeMap<String, String>,
    home: Option<PathBuf>,
    stdin: Option<String>,
}

fn request(folder: &Path) -> ParseRequest {
    let file = folder.join("request.json");
    let request: Request = match fs_err::read_to_string(&file) {
        Ok(text) => serde_json::from_str(&text).unwrap(),
        Err(_) => Request::default(),
    };
    ParseRequest {
        directory: folder.join(request.directory).components().collect(),
        files: request.files,
        project_directory: request.project_directory,
        project_name: request.project_name,
        profiles: request.profiles,
        env_files: request.env_files,
        variables: request.variables,
        home: request.home,
        stdin: request.stdin,
    }
}

/// The model with its warnings, or the error, as text without the place it ran in.
fn outcome(folder: &Path) -> Result<String, String> {
    let request = request(folder);
    let place = folder.to_str().unwrap();
    let name = |text: String| text.replace(place, "@DIR@");
    let parsed = detect_and_parse(&request).map_err(|error| name(format!("{error}\n")))?;
    let mut model = canonical(&parsed.spec);
    if !parsed.warnings.is_empty() {
        let warnings: Vec<String> = parsed.warnings.iter().map(ToString::to_string).collect();
        model["warnings"] = warnings.into();
    }
    if !parsed.spec.disabled.is_empty() {
        let disabled: Vec<&String> = parsed.spec.disabled.keys().collect();
        model["disabled"] = serde_json::to_value(disabled).unwrap();
    }
    Ok(name(format!("{model:#}\n")))
}

fn fixtures() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut folders: Vec<PathBuf> = fs_err::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.sort();
    assert!(folders.len() > 100, "the fixtures are there");
    folders
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "how the one who runs the tests asks for new expectations"
)]
fn every_rule() {
    let update = std::env::var("UPDATE_FIXTURES").is_ok();
    let mut wrong = Vec::new();
    for folder in fixtures() {
        let (text, file, other) = match outcome(&folder) {
            Ok(model) => (model, "expected.json", "expected-error.txt"),
            Err(error) => (error, "expected-error.txt", "expected.json"),
        };
        if update {
            fs_err::write(folder.join(file), &text).unwrap();
            drop(fs_err::remove_file(folder.join(other)));
        }
        let expected = fs_err::read_to_string(folder.join(file)).unwrap_or_default();
        if expected != text {
            wrong.push(format!(
                "== {}\n-- expected\n{expected}-- got\n{text}",
                folder.display()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn printed_projects_read_back_the_same() {
    for folder in fixtures() {
        let Ok(first) = detect_and_parse(&request(&folder)) else {
            continue;
        };
        // What is set aside is not printed, and a dependency on it is then one on nothing.
        if folder.ends_with("forms-optional-dependency-in-an-inactive-profile") {
            continue;
        }
        let again = ParseRequest {
            directory: folder.clone(),
            files: vec!["-".into()],
            profiles: vec!["*".to_owned()],
            variables: request(&folder).variables,
            stdin: Some(canonical_yaml(&first.spec)),
            ..ParseRequest::default()
        };
        let second = detect_and_parse(&again).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        assert_eq!(
            canonical_yaml(&first.spec),
            canonical_yaml(&second.spec),
            "{}",
            folder.display()
        );
    }
}

#[test]
fn every_parser_keeps_the_contract() {
    let empty = tempfile::tempdir().unwrap();
    let mut ids = Vec::new();
    for parser in PARSERS {
        let nothing = ParseRequest {
            directory: empty.path().to_owned(),
            ..ParseRequest::default()
        };
        assert!(parser.detect(&nothing).unwrap().is_none(), "{}", parser.id());
        assert!(parser.name(&nothing).is_err(), "{}", parser.id());
        assert!(parser.parse(&nothing).is_err(), "{}", parser.id());
        assert!(
            parser.id().chars().all(|c| c.is_ascii_lowercase()),
            "{}",
            parser.id()
        );
        ids.push(parser.id());
    }
    ids.dedup();
    assert_eq!(ids.len(), PARSERS.len());
}

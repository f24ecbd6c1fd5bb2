// SPDX-License-Identifier: MIT
//! `cilo` as its users meet it: the program itself, and where one is there a real container engine.
//!
//! One program for all tests, so that they are built once and share what they stand on ([`support`]).

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on should panic where it stands"
)]

mod addresses;
mod apart;
mod bad_input;
mod commands;
mod config;
mod create;
mod daemon;
mod exec;
mod home;
mod interrupted;
mod logs;
mod many;
mod names;
mod projects;
mod ready;
mod run;
mod shop;
mod support;
mod up;
mod work;

/// A module that nobody names is never run.
#[test]
fn no_file_is_forgotten() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/runner");
    for (list, folder) in [("main.rs", root.clone()), ("support.rs", root.join("support"))] {
        let text = fs_err::read_to_string(root.join(list)).unwrap();
        for entry in fs_err::read_dir(folder).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let module = name.strip_suffix(".rs").filter(|module| *module != "main");
            if let Some(module) = module {
                assert!(
                    text.contains(&format!("\nmod {module};\n")),
                    "tests/runner/{list} does not name `{name}`"
                );
            }
        }
    }
}

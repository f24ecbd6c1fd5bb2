// SPDX-License-Identifier: MIT
//! Many processes on one home: nothing is lost, and one that is killed leaves a valid state. The test runs itself
//! again as its own children: `processes child <what> <home> <name>`.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on should panic where it stands"
)]

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use cilo_spec::EnvRef;
use cilo_state::{DEFAULT_POOL, EnvironmentRecord, Home, StateError, Store, claim_subnet, new_id};

const PROCESSES: usize = 20;
const ENVIRONMENTS_EACH: usize = 5;
const KILLS: u32 = 40;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        [_, "child", "add", home, name] => add_environments(&open(home), name),
        [_, "child", "write", home, _] => write_for_ever(&open(home)),
        [_, "child", "lock", home, name] => hold_lock(&open(home), name),
        _ => {
            twenty_processes_lose_nothing();
            killed_while_writing_leaves_a_valid_state();
            a_killed_process_gives_its_lock_back();
        }
    }
}

fn twenty_processes_lose_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("home");
    let home = home.to_str().unwrap();
    let children: Vec<Child> = (0..PROCESSES)
        .map(|n| child("add", home, &format!("project-{n}")))
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let state = open(home).read().unwrap();
    let mut subnets: Vec<_> = state
        .environments
        .values()
        .map(|record| record.subnet.unwrap())
        .collect();
    subnets.sort();
    subnets.dedup();
    assert_eq!(subnets.len(), PROCESSES * ENVIRONMENTS_EACH);
}

fn killed_while_writing_leaves_a_valid_state() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("home");
    let home = home.to_str().unwrap();
    let mut reported = 0;
    for round in 0..KILLS {
        let mut child = child("write", home, "x");
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        for _ in 0..=round % 4 {
            reported = lines.next().unwrap().unwrap().parse().unwrap();
        }
        // Another moment of the next write each time.
        let heard = Instant::now();
        while heard.elapsed() < Duration::from_micros(u64::from(round) * 97) {
            std::hint::spin_loop();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let count = open(home).read().unwrap().environments.len();
        assert!(
            count >= reported,
            "{reported} environments were reported written, {count} are there"
        );
    }
}

fn a_killed_process_gives_its_lock_back() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("home");
    let home = home.to_str().unwrap();
    let mut child = child("lock", home, "shop/a");
    let line = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .next()
        .unwrap()
        .unwrap();
    assert_eq!(line, "held");
    let env = "shop/a".parse().unwrap();
    assert!(open(home).home().try_lock_environment(&env).unwrap().is_none());
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(open(home).home().try_lock_environment(&env).unwrap().is_some());
}

fn add_environments(store: &Store, project: &str) {
    for n in 0..ENVIRONMENTS_EACH {
        let env: EnvRef = format!("{project}/env-{n}").parse().unwrap();
        let added = store.update(|state| {
            add(state, &env);
            Ok::<_, StateError>(())
        });
        added.unwrap();
    }
}

fn write_for_ever(store: &Store) {
    loop {
        let count = store
            .update(|state| {
                let env: EnvRef = format!("shop/env-{}", state.environments.len()).parse().unwrap();
                let record = EnvironmentRecord::new(new_id(), env.clone(), "/src".into(), "compose".into());
                state.environments.insert(env, record);
                Ok::<_, StateError>(state.environments.len())
            })
            .unwrap();
        say(&count.to_string());
    }
}

fn hold_lock(store: &Store, name: &str) {
    let _lock = store
        .home()
        .lock_environment(&name.parse().unwrap(), || {})
        .unwrap();
    say("held");
    loop {
        std::thread::park();
    }
}

fn add(state: &mut cilo_state::State, env: &EnvRef) {
    let record = EnvironmentRecord::new(new_id(), env.clone(), "/src".into(), "compose".into());
    state.environments.insert(env.clone(), record);
    claim_subnet(state, env, DEFAULT_POOL, 24, &[]).unwrap();
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").unwrap();
    out.flush().unwrap();
}

fn open(home: &str) -> Store {
    Store::open(Home::new(home.into())).unwrap()
}

#[expect(clippy::disallowed_methods, reason = "the children are this test itself")]
fn child(what: &str, home: &str, name: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["child", what, home, name])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

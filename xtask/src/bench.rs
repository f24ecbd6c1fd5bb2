// SPDX-License-Identifier: MIT
//! `cargo xtask bench`: what Cilo costs, measured beside what the same work costs without it.

use std::io;
use std::path::PathBuf;

use crate::{api, conformance, parts, say, settings, sh};
use place::Place;
use row::Row;

mod copy;
mod dns;
mod document;
mod floor;
mod list;
mod machine;
mod measure;
mod place;
mod row;
mod tree;
mod up;
mod volume;

/// Measure what Cilo costs, beside the same work done without it
///
/// Everything is measured in turns, fresh each time, on this machine; the table gives medians with the fastest and the
/// slowest run. Keep the machine quiet meanwhile. What it makes is removed, after a failure too, and what a killed
/// run left is removed by the next one.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Which: up, list, copy, dns [default: all]
    #[arg(value_name = "NAME", value_parser = named)]
    names: Vec<&'static str>,
    /// How often each thing is measured
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    runs: u16,
    /// Put the table into docs/BENCHMARKS.md
    #[arg(long, conflicts_with = "names")]
    write: bool,
    /// The Compose plugin's program to compare with [default: `docker compose`, when it works]
    #[arg(long, value_name = "PATH")]
    compose: Option<PathBuf>,
    /// Measure this `cilo` instead of building one
    #[arg(long, value_name = "PATH")]
    cilo: Option<PathBuf>,
}

/// One benchmark.
pub(crate) struct Bench {
    name: &'static str,
    /// What its part of the table is called.
    title: &'static str,
    run: fn(&Place, &Request) -> Result<Vec<Row>, Error>,
}

/// Every benchmark; a new one is a file and a line here.
pub(crate) const BENCHES: &[Bench] = &[
    Bench {
        name: "up",
        title: "Six services up",
        run: up::run,
    },
    Bench {
        name: "list",
        title: "Fifty environments listed",
        run: list::run,
    },
    Bench {
        name: "copy",
        title: "A workspace of 20,000 files, 500 MB",
        run: copy::run,
    },
    Bench {
        name: "dns",
        title: "Names served",
        run: dns::run,
    },
];

/// What the user asked for.
pub(crate) struct Request {
    runs: usize,
    endpoint: api::Endpoint,
    compose: Option<PathBuf>,
}

/// Why there are no numbers.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Parts(#[from] parts::Error),
    #[error(transparent)]
    Sh(#[from] sh::Error),
    #[error(transparent)]
    Api(#[from] api::Error),
    #[error("the benchmark's files cannot be used")]
    Files(#[from] io::Error),
    #[error("another benchmark runs in this checkout: wait for it")]
    Busy,
    #[error("`{program}` said what cannot be understood: {said}")]
    Unclear { program: &'static str, said: String },
    #[error("the names served by {server} are not right: {said}")]
    WrongNames { server: &'static str, said: String },
    #[error(
        "{} has no markers for the table: put `{}` and `{}` where it belongs",
        document::FILE,
        document::BEGIN,
        document::END
    )]
    Markers,
    #[error("these failed, as said above: {}", .0.join(", "))]
    Failed(Vec<&'static str>),
}

/// Measures, shows, writes.
pub(crate) fn run(args: &Args) -> Result<(), Error> {
    let path = settings::root().join(document::FILE);
    if args.write {
        // Before minutes of measuring, not after.
        document::with_table(&fs_err::read_to_string(&path)?, "")?;
    }
    let endpoint = parts::provide("bench")?;
    // Before the build, which makes the machine busy itself.
    let load = machine::load().filter(|load| *load > 0.5);
    if let Some(load) = load {
        say::step(&format!(
            "bench: the machine is busy (load {load:.1}): the numbers will be too high"
        ));
    }
    let cilo = match &args.cilo {
        Some(cilo) => std::path::absolute(cilo)?,
        None => {
            say::step("bench: building cilo");
            conformance::build_cilo()?
        }
    };
    let place = Place::open(cilo, endpoint.clone())?;
    let request = Request {
        runs: usize::from(args.runs),
        endpoint,
        compose: args.compose.as_ref().map(std::path::absolute).transpose()?,
    };
    let busy = load.map_or(String::new(), |load| format!(" · busy (load {load:.1})"));
    let facts = machine::facts(&request, place.folder()) + &busy;
    let chosen = BENCHES
        .iter()
        .filter(|bench| args.names.is_empty() || args.names.contains(&bench.name));
    let mut text = facts + "\n";
    let mut failed = Vec::new();
    for bench in chosen {
        say::step(&format!("bench: {}", bench.name));
        let rows = (bench.run)(&place, &request);
        // What a failed benchmark left would disturb the next one.
        let swept = place.sweep();
        match rows.and_then(|rows| swept.map(|()| rows)) {
            Ok(rows) => text += &document::section(bench.title, &rows),
            Err(error) => {
                failed.push(bench.name);
                say::step(&crate::report(&error));
            }
        }
    }
    place.close()?;
    say::result(text.trim_end());
    if !failed.is_empty() {
        return Err(Error::Failed(failed));
    }
    if args.write {
        let written = document::with_table(&fs_err::read_to_string(&path)?, &text)?;
        let new = path.with_extension("md.new");
        fs_err::write(&new, written)?;
        fs_err::rename(&new, &path)?;
        say::step(&format!("bench: written to {}", document::FILE));
    }
    Ok(())
}

fn named(name: &str) -> Result<&'static str, String> {
    let found = BENCHES.iter().find(|bench| bench.name == name);
    found.map(|bench| bench.name).ok_or_else(|| {
        let all: Vec<&str> = BENCHES.iter().map(|bench| bench.name).collect();
        format!("there are {}", all.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_benchmark_is_found_by_its_name_and_only_once() {
        for bench in BENCHES {
            assert_eq!(named(bench.name), Ok(bench.name));
            assert_eq!(BENCHES.iter().filter(|b| b.name == bench.name).count(), 1);
            assert!(!bench.title.is_empty());
        }
        assert_eq!(named("speed").unwrap_err(), "there are up, list, copy, dns");
    }
}

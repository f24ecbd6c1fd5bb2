// SPDX-License-Identifier: MIT
//! `cilo create` of a large project beside `cp -a --reflink=auto` of the same, on this filesystem and on two that
//! can share blocks.

use std::path::Path;

use super::measure::{Samples, rounds, sync, timed};
use super::place::{Place, remove};
use super::row::{Measured, Row, Target, Unit};
use super::{Error, Request, machine, tree, volume};
use crate::sh::Sh;

/// Measures.
pub(super) fn run(place: &Place, request: &Request) -> Result<Vec<Row>, Error> {
    let here = place.folder().join("here");
    let mounts = fs_err::read_to_string("/proc/self/mountinfo")?;
    let kind = machine::filesystem(&mounts, place.folder());
    let kind = kind.as_deref().unwrap_or("this filesystem");
    let mut rows = vec![compared(place, request, &here, kind)?];
    remove(&here)?;
    for kind in volume::KINDS {
        rows.push(match kind.mount(place.folder())? {
            Ok(volume) => compared(place, request, volume.folder(), kind.name)?,
            Err(why) => Row::skipped(what(kind.name), why),
        });
    }
    Ok(rows)
}

fn compared(place: &Place, request: &Request, folder: &Path, filesystem: &str) -> Result<Row, Error> {
    let (source, home, target) = (folder.join("source"), folder.join("home"), folder.join("copy"));
    fs_err::create_dir_all(&source)?;
    tree::make(&source)?;
    let cilo = place.cilo_in(&home, &["create", "one"]).dir(&source);
    let cp = Sh::new("cp")
        .args(["-a", "--reflink=auto"])
        .args([&source, &target]);
    let (mut ours, mut theirs) = (Samples::default(), Samples::default());
    for round in rounds(request.runs) {
        for is_ours in round.order(&[true, false]) {
            let (program, made, samples) = if is_ours {
                (&cilo, &home, &mut ours)
            } else {
                (&cp, &target, &mut theirs)
            };
            sync()?;
            let took = timed(place, program)?.took;
            if round.counts() {
                samples.add_time(took);
            }
            remove(made)?;
        }
    }
    Ok(Measured::new(what(filesystem), Unit::Milliseconds, &ours)
        .beside("`cp -a --reflink=auto`", &theirs)
        .target(Target::Times(1.0)))
}

fn what(filesystem: &str) -> String {
    format!("`cilo create` on {filesystem}")
}

// SPDX-License-Identifier: MIT
//! `cilo create` of a large project beside `cp -a --reflink=auto` of the same, on this filesystem and on
//! new ones.

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
    let kind = format!("{} as it is here", kind.as_deref().unwrap_or("the filesystem"));
    let mut rows = vec![compared(place, request, &here, &kind)?];
    remove(&here)?;
    // Each round leaves two copies of half a gigabyte, and a filesystem needs room of its own.
    let size = (request.runs as u64 + 3) * (5 << 28);
    for kind in volume::KINDS {
        rows.push(match kind.mount(place.folder(), size)? {
            Ok(volume) => compared(place, request, volume.folder(), &format!("{}, new", kind.name))?,
            Err(why) => Row::skipped(what(kind.name), why),
        });
    }
    Ok(rows)
}

/// Nothing is removed between runs: ext4 passes over inodes that were freed in the last minutes one by one
/// (`recently_deleted` in the kernel's fs/ext4/ialloc.c), and a run after a removal would measure that.
fn compared(place: &Place, request: &Request, folder: &Path, filesystem: &str) -> Result<Row, Error> {
    let source = folder.join("source");
    fs_err::create_dir_all(&source)?;
    tree::make(&source)?;
    let (mut ours, mut theirs) = (Samples::default(), Samples::default());
    for round in rounds(request.runs) {
        for is_ours in round.order(&[true, false]) {
            let (program, samples) = if is_ours {
                let home = folder.join(format!("home-{}", round.number));
                (place.cilo_in(&home, &["create", "one"]).dir(&source), &mut ours)
            } else {
                let target = folder.join(format!("copy-{}", round.number));
                let cp = Sh::new("cp").args(["-a", "--reflink=auto"]);
                (cp.args([&source, &target]), &mut theirs)
            };
            sync()?;
            let took = timed(place, &program)?.took;
            if round.counts() {
                samples.add_time(took);
            }
        }
    }
    Ok(Measured::new(what(filesystem), Unit::Milliseconds, &ours)
        .beside("`cp -a --reflink=auto`", &theirs)
        .target(Target::Times(1.0)))
}

fn what(filesystem: &str) -> String {
    format!("`cilo create` on {filesystem}")
}

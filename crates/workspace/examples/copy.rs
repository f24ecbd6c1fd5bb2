// SPDX-License-Identifier: MIT
//! Copies a tree and says how: `copy SOURCE TARGET [reflink|range|write] [THREADS]`. Measurements and tests run it.

use std::io::Write;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use cilo_workspace::{CopyError, CopyRequest, Method, copy};

fn main() -> Result<(), CopyError> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [source, target, rest @ ..] = words.as_slice() else {
        drop(writeln!(
            std::io::stderr(),
            "copy SOURCE TARGET [reflink|range|write] [THREADS]"
        ));
        return Ok(());
    };
    let (source, target) = (PathBuf::from(source), PathBuf::from(target));
    let mut request = CopyRequest::new(&source, &target);
    request.best = match rest.first().map(String::as_str) {
        Some("range") => Method::CopyFileRange,
        Some("write") => Method::ReadWrite,
        _ => Method::Reflink,
    };
    request.threads = rest
        .get(1)
        .and_then(|threads| threads.parse().ok())
        .and_then(NonZeroUsize::new);
    let report = copy(&request, &mut |_| {})?;
    drop(writeln!(std::io::stdout(), "{report:#?}"));
    Ok(())
}

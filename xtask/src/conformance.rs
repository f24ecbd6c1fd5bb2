// SPDX-License-Identifier: MIT
//! `cargo xtask conformance`: scores `cilo config` against recorded projects, where those lie beside the checkout.

use crate::sh::{self, Sh};
use crate::{say, settings};

/// Where the scorer and its corpus lie, from the project's root.
const SHARED: &str = "../shared";

/// Score `cilo config` against recorded projects
///
/// Builds a release `cilo`, then runs ../shared/tools/conformance.py on ../shared/corpus. Where that folder is not
/// there, it says so and ends well: the project's own fixtures cover every rule.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Passed on, for example `--suite compose --only awesome-compose --show 3`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pass: Vec<String>,
}

/// Builds, then scores.
pub(crate) fn run(args: &Args) -> Result<(), sh::Error> {
    let root = settings::root();
    let script = root.join(SHARED).join("tools/conformance.py");
    if !script.is_file() {
        say::step(&format!(
            "conformance: {SHARED}/tools/conformance.py is not there; nothing to score against"
        ));
        return Ok(());
    }
    let cilo = build_cilo()?;
    let score = Sh::new("python3").arg(script).arg("--cilo").arg(cilo);
    score
        .arg("--corpus")
        .arg(root.join(SHARED).join("corpus"))
        .args(&args.pass)
        .dir(root)
        .run()
}

/// Builds a release `cilo` and returns its path.
pub(crate) fn build_cilo() -> Result<std::path::PathBuf, sh::Error> {
    Sh::new("cargo")
        .args(["build", "--release", "--package", "cilo"])
        .dir(settings::root())
        .run()?;
    Ok(settings::target().join("release/cilo"))
}

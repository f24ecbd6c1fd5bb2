// SPDX-License-Identifier: MIT
//! A row of the table: what was measured, beside what, and whether that is good enough.

use std::fmt;

use super::measure::Samples;

/// One line of the result.
#[derive(Debug, Clone)]
pub(super) enum Row {
    /// It was measured.
    Measured(Measured),
    /// It was not, and this is why.
    Skipped { what: String, why: String },
}

/// What was measured.
#[derive(Debug, Clone)]
pub(super) struct Measured {
    pub(super) what: String,
    pub(super) unit: Unit,
    pub(super) samples: Samples,
    pub(super) beside: Option<Beside>,
    pub(super) target: Option<Target>,
}

/// What something is compared with, measured in the same rounds.
#[derive(Debug, Clone)]
pub(super) struct Beside {
    pub(super) what: &'static str,
    pub(super) samples: Samples,
}

/// The unit of a row's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Milliseconds,
    Microseconds,
    Mebibytes,
    PerSecond,
}

/// How good is good enough, from median to median.
#[derive(Debug, Clone, Copy)]
pub(super) enum Target {
    /// At most this many times what it is compared with.
    Times(f64),
    /// At most this much more, in the row's unit.
    More(f64),
}

/// The table's head.
pub(super) const HEAD: &str = "\
| measured | median (min – max) | beside | median (min – max) | ratio | target | |
| --- | ---: | --- | ---: | ---: | ---: | --- |";

impl Row {
    pub(super) fn skipped(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Skipped {
            what: what.into(),
            why: why.into(),
        }
    }
}

impl Measured {
    pub(super) fn new(what: impl Into<String>, unit: Unit, samples: &Samples) -> Self {
        Self {
            what: what.into(),
            unit,
            samples: samples.clone(),
            beside: None,
            target: None,
        }
    }

    pub(super) fn beside(mut self, what: &'static str, samples: &Samples) -> Self {
        let samples = samples.clone();
        self.beside = Some(Beside { what, samples });
        self
    }

    pub(super) fn target(mut self, target: Target) -> Row {
        self.target = Some(target);
        Row::Measured(self)
    }

    pub(super) fn reported(self) -> Row {
        Row::Measured(self)
    }

    fn verdict(&self) -> &'static str {
        let (Some(target), Some(beside)) = (self.target, &self.beside) else {
            return "reported";
        };
        let (ours, theirs) = (self.samples.median(), beside.samples.median());
        let good = match target {
            Target::Times(most) => ours <= theirs * most,
            Target::More(most) => ours - theirs <= most,
        };
        if good { "ok" } else { "**missed**" }
    }

    fn ratio(&self) -> String {
        let Some(beside) = &self.beside else {
            return String::new();
        };
        let (ours, theirs) = (self.samples.median(), beside.samples.median());
        match self.target {
            Some(Target::More(_)) => format!("{:+.1} {}", ours - theirs, self.unit),
            _ if theirs > 0.0 => format!("{:.2}", ours / theirs),
            _ => String::new(),
        }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Skipped { what, why } => write!(f, "| {what} | | | | | | skipped: {why} |"),
            Self::Measured(row) => {
                let (beside, theirs) = match &row.beside {
                    Some(beside) => (beside.what, spread(&beside.samples, row.unit)),
                    None => ("", String::new()),
                };
                let target = match row.target {
                    Some(Target::Times(most)) => format!("≤ {most}"),
                    Some(Target::More(most)) => format!("≤ +{most} {}", row.unit),
                    None => String::new(),
                };
                write!(
                    f,
                    "| {} | {} | {beside} | {theirs} | {} | {target} | {} |",
                    row.what,
                    spread(&row.samples, row.unit),
                    row.ratio(),
                    row.verdict()
                )
            }
        }
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Milliseconds => "ms",
            Self::Microseconds => "µs",
            Self::Mebibytes => "MiB",
            Self::PerSecond => "/s",
        })
    }
}

fn spread(samples: &Samples, unit: Unit) -> String {
    let (median, min, max) = (samples.median(), samples.min(), samples.max());
    // Three digits say what the spread leaves of them.
    let digits = match median {
        m if m < 10.0 => 2,
        m if m < 100.0 => 1,
        _ => 0,
    };
    match samples.len() {
        1 => format!("{median:.digits$} {unit}"),
        _ => format!("{median:.digits$} {unit} ({min:.digits$} – {max:.digits$})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(values: &[f64]) -> Samples {
        let mut samples = Samples::default();
        for value in values {
            samples.add(*value);
        }
        samples
    }

    #[test]
    fn a_target_that_is_missed_stands_out() {
        let (ours, theirs) = (samples(&[120.0, 118.0, 131.0]), samples(&[100.0]));
        let row = Measured::new("`cilo up`", Unit::Milliseconds, &ours).beside("floor", &theirs);
        assert_eq!(
            row.clone().target(Target::Times(1.15)).to_string(),
            "| `cilo up` | 120 ms (118 – 131) | floor | 100 ms | 1.20 | ≤ 1.15 | **missed** |"
        );
        assert_eq!(
            row.target(Target::More(25.0)).to_string(),
            "| `cilo up` | 120 ms (118 – 131) | floor | 100 ms | +20.0 ms | ≤ +25 ms | ok |"
        );
    }

    #[test]
    fn what_has_no_target_is_reported() {
        let row = Measured::new("daemon", Unit::Mebibytes, &samples(&[7.25])).reported();
        assert_eq!(row.to_string(), "| daemon | 7.25 MiB |  |  |  |  | reported |");
        assert_eq!(
            Row::skipped("btrfs", "needs root").to_string(),
            "| btrfs | | | | | | skipped: needs root |"
        );
    }
}

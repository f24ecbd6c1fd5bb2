// SPDX-License-Identifier: MIT
//! Repeated measurements: what one run of a program took, and what many runs say together.

use std::process::Stdio;
use std::time::{Duration, Instant};

use wait4::Wait4;

use super::Error;
use super::place::Place;
use crate::sh::Sh;

/// Measurements of one thing, in the unit of their row.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Samples(Vec<f64>);

/// What one run of a program took.
#[derive(Debug, Clone, Copy)]
pub(super) struct Usage {
    /// From before its start until it was waited for.
    pub(super) took: Duration,
    /// The most memory it had resident, in bytes. It counts what we had when we started it, if that was more.
    pub(super) peak: u64,
}

impl Samples {
    pub(super) fn add(&mut self, value: f64) {
        self.0.push(value);
        self.0.sort_by(f64::total_cmp);
    }

    /// In milliseconds.
    pub(super) fn add_time(&mut self, took: Duration) {
        self.add(took.as_secs_f64() * 1_000.0);
    }

    /// In MiB.
    pub(super) fn add_bytes(&mut self, bytes: u64) {
        self.add(bytes as f64 / f64::from(1 << 20));
    }

    /// 0 when nothing was measured.
    pub(super) fn median(&self) -> f64 {
        let middle = self.0.len() / 2;
        match self.0.len() {
            0 => 0.0,
            odd if odd % 2 == 1 => self.0[middle],
            _ => f64::midpoint(self.0[middle - 1], self.0[middle]),
        }
    }

    pub(super) fn min(&self) -> f64 {
        self.0.first().copied().unwrap_or_default()
    }

    pub(super) fn max(&self) -> f64 {
        self.0.last().copied().unwrap_or_default()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

/// Runs a program to its end, its output thrown away; what it says on stderr is part of the error when it fails.
pub(super) fn timed(place: &Place, program: &Sh) -> Result<Usage, Error> {
    let said = place.folder().join("stderr");
    let errors = fs_err::File::create(&said)?.into_parts().0;
    let begin = Instant::now();
    let child = program.spawn(Stdio::null(), Stdio::from(errors))?;
    let ended = child.wait4()?;
    let took = begin.elapsed();
    program.checked(ended.status, fs_err::read_to_string(&said)?)?;
    Ok(Usage {
        took,
        peak: ended.rusage.maxrss,
    })
}

/// The rounds of a benchmark: one that is not counted, because the first run of anything is not like the others,
/// then `runs` that are.
pub(super) fn rounds(runs: usize) -> impl Iterator<Item = Round> {
    (0..=runs).map(|number| Round { number })
}

/// One time through everything that is compared.
#[derive(Debug, Clone, Copy)]
pub(super) struct Round {
    /// From 0.
    pub(super) number: usize,
}

impl Round {
    pub(super) fn counts(self) -> bool {
        self.number > 0
    }

    /// What is compared, beginning with another one in each round: nobody always runs first.
    pub(super) fn order<T: Copy>(self, all: &[T]) -> Vec<T> {
        let mut order = all.to_vec();
        if !order.is_empty() {
            order.rotate_left(self.number % all.len());
        }
        order
    }
}

/// Writes everything that waits in memory, so that no run pays for the one before.
pub(super) fn sync() -> Result<(), Error> {
    Ok(Sh::new("sync").quiet()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_one_or_between_the_two() {
        let mut samples = Samples::default();
        assert_eq!(samples.median(), 0.0);
        for value in [9.0, 1.0, 4.0] {
            samples.add(value);
        }
        assert_eq!((samples.min(), samples.median(), samples.max()), (1.0, 4.0, 9.0));
        samples.add(6.0);
        assert_eq!((samples.median(), samples.len()), (5.0, 4));
    }

    #[test]
    fn everyone_begins_a_round_and_the_first_round_does_not_count() {
        let order: Vec<_> = rounds(2)
            .map(|round| (round.counts(), round.order(&['a', 'b'])))
            .collect();
        assert_eq!(
            order,
            [
                (false, vec!['a', 'b']),
                (true, vec!['b', 'a']),
                (true, vec!['a', 'b'])
            ]
        );
    }
}

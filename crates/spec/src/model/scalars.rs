// SPDX-License-Identifier: MIT
//! Sizes and durations with the spellings Compose prints them in.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An amount of memory or disk in bytes; `-1` means unlimited where Compose allows it.
///
/// Printed as a decimal string. Read from an integer or from `1.5g`, `64m`, `10kb`: units are powers of 1024
/// (Compose specification, "Specifying byte values").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(pub i64);

/// A span of time in nanoseconds, printed as Go prints a `time.Duration` (`1m30s`, `100ms`).
///
/// Read from Go's form plus the units `d` (24 h) and `w` (7 d)
/// (Compose specification, "Specifying durations").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeSpan(pub i64);

/// A size or duration that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScalarError {
    /// Not a byte size.
    #[error("`{0}` is not a size; write bytes or a number with b, k, m, g or t, for example `64m`")]
    Size(String),
    /// Not a duration.
    #[error("`{0}` is not a duration; write a number with us, ms, s, m, h, d or w, for example `1m30s`")]
    Duration(String),
}

impl FromStr for ByteSize {
    type Err = ScalarError;

    fn from_str(text: &str) -> Result<Self, ScalarError> {
        let refuse = || ScalarError::Size(text.to_owned());
        let lower = text.trim().to_ascii_lowercase();
        let digits = lower
            .find(|c: char| !matches!(c, '0'..='9' | '.' | '-' | '+'))
            .unwrap_or(lower.len());
        let (number, unit) = lower.split_at(digits);
        let shift = match unit.trim() {
            "" | "b" => 0,
            "k" | "kb" | "kib" => 10,
            "m" | "mb" | "mib" => 20,
            "g" | "gb" | "gib" => 30,
            "t" | "tb" | "tib" => 40,
            "p" | "pb" | "pib" => 50,
            _ => return Err(refuse()),
        };
        if let Ok(whole) = number.parse::<i64>() {
            if whole < -1 {
                return Err(refuse());
            }
            return whole.checked_mul(1_i64 << shift).map(Self).ok_or_else(refuse);
        }
        let fraction: f64 = number.parse().map_err(|_| refuse())?;
        if !fraction.is_finite() || fraction < 0.0 {
            return Err(refuse());
        }
        #[expect(
            clippy::cast_possible_truncation,
            reason = "truncated to whole bytes, as Compose does"
        )]
        let bytes = (fraction * (1_i64 << shift) as f64) as i64;
        Ok(Self(bytes))
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl TimeSpan {
    /// As a standard duration; a negative span counts as zero.
    #[must_use]
    pub fn to_std(self) -> Duration {
        Duration::from_nanos(u64::try_from(self.0).unwrap_or(0))
    }
}

impl FromStr for TimeSpan {
    type Err = ScalarError;

    fn from_str(text: &str) -> Result<Self, ScalarError> {
        let refuse = || ScalarError::Duration(text.to_owned());
        let (negative, mut rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        if rest == "0" {
            return Ok(Self(0));
        }
        if rest.is_empty() {
            return Err(refuse());
        }
        let mut total: i64 = 0;
        while !rest.is_empty() {
            let digits = rest
                .find(|c: char| !c.is_ascii_digit() && c != '.')
                .ok_or_else(refuse)?;
            let (number, tail) = rest.split_at(digits);
            let letters = tail
                .find(|c: char| c.is_ascii_digit() || c == '.')
                .unwrap_or(tail.len());
            let (unit, tail) = tail.split_at(letters);
            let nanos = nanos_of(number, unit).ok_or_else(refuse)?;
            total = total.checked_add(nanos).ok_or_else(refuse)?;
            rest = tail;
        }
        Ok(Self(if negative { -total } else { total }))
    }
}

fn nanos_of(number: &str, unit: &str) -> Option<i64> {
    let scale: i64 = match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        "d" => 86_400_000_000_000,
        "w" => 604_800_000_000_000,
        _ => return None,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let mut nanos = whole.checked_mul(scale)?;
    let mut place = scale;
    for digit in fraction.bytes() {
        place /= 10;
        nanos = nanos.checked_add(i64::from(digit.checked_sub(b'0')?) * place)?;
    }
    Some(nanos)
}

impl fmt::Display for TimeSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.unsigned_abs();
        if self.0 < 0 {
            f.write_str("-")?;
        }
        let fraction = |f: &mut fmt::Formatter<'_>, whole: u64, rest: u64, width: usize, unit: &str| {
            let digits = format!("{rest:0width$}");
            let digits = digits.trim_end_matches('0');
            if digits.is_empty() {
                write!(f, "{whole}{unit}")
            } else {
                write!(f, "{whole}.{digits}{unit}")
            }
        };
        match nanos {
            0 => f.write_str("0s"),
            1..1_000 => write!(f, "{nanos}ns"),
            1_000..1_000_000 => fraction(f, nanos / 1_000, nanos % 1_000, 3, "µs"),
            1_000_000..1_000_000_000 => fraction(f, nanos / 1_000_000, nanos % 1_000_000, 6, "ms"),
            _ => {
                let seconds = nanos / 1_000_000_000;
                if seconds >= 3_600 {
                    write!(f, "{}h", seconds / 3_600)?;
                }
                if seconds >= 60 {
                    write!(f, "{}m", seconds % 3_600 / 60)?;
                }
                fraction(f, seconds % 60, nanos % 1_000_000_000, 9, "s")
            }
        }
    }
}

macro_rules! as_text {
    ($type:ident) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                #[derive(Deserialize)]
                #[serde(untagged)]
                enum Form {
                    Number(i64),
                    Text(String),
                }
                match Form::deserialize(deserializer)? {
                    Form::Number(number) => Ok(Self(number)),
                    Form::Text(text) => text.parse().map_err(serde::de::Error::custom),
                }
            }
        }
    };
}

as_text!(ByteSize);
as_text!(TimeSpan);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, bytes) in [
            ("50M", 50 << 20),
            ("1.5g", 3 << 29),
            ("64b", 64),
            ("10kb", 10 << 10),
            ("-1", -1),
            ("7", 7),
        ] {
            assert_eq!(text.parse::<ByteSize>().unwrap(), ByteSize(bytes), "{text}");
        }
        for text in ["", "m", "1x", "1.2.3", "-5", "99999999p", "inf"] {
            assert!(text.parse::<ByteSize>().is_err(), "{text}");
        }
    }

    #[test]
    fn durations_read_and_print_as_go_does() {
        for (text, printed) in [
            ("90s", "1m30s"),
            ("1d", "24h0m0s"),
            ("1w", "168h0m0s"),
            ("1h", "1h0m0s"),
            ("1.5s", "1.5s"),
            ("100ms", "100ms"),
            ("10us", "10µs"),
            ("0", "0s"),
            ("1m0.5s", "1m0.5s"),
        ] {
            assert_eq!(text.parse::<TimeSpan>().unwrap().to_string(), printed, "{text}");
        }
        for text in ["", "5", "s", ".s", "1y", "1 s", "--1s"] {
            assert!(text.parse::<TimeSpan>().is_err(), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_printed_duration_reads_back(nanos in 0_i64..i64::MAX / 2) {
            let span = TimeSpan(nanos);
            proptest::prop_assert_eq!(span.to_string().parse::<TimeSpan>().unwrap(), span);
        }
    }
}

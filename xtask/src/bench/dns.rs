// SPDX-License-Identifier: MIT
//! Cilo's daemon beside dnsmasq, both asked by dnsperf for the same thousand names.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use super::measure::{Samples, rounds};
use super::place::{DNS_PORT, Place};
use super::row::{Measured, Row, Unit};
use super::{Error, Request, volume};
use crate::demo::dns::addresses;
use crate::sh::{self, Sh};
use crate::wait;

const ENVIRONMENTS: u8 = 20;
const SERVICES: u8 = 50;
const DNSMASQ_PORT: u16 = 15356;
const PID_FILE: &str = "dnsmasq.pid";
/// Of each run.
const SECONDS: &str = "3";
/// Far below what either can do: what one question takes when nobody waits in front of it.
const CALM: &str = "1000";
const PATIENCE: Duration = Duration::from_secs(10);

/// What dnsperf found.
#[derive(Debug, PartialEq)]
struct Load {
    per_second: f64,
    /// Average, in microseconds.
    latency: f64,
}

#[derive(Default)]
struct Found {
    per_second: Samples,
    loaded: Samples,
    calm: Samples,
}

/// A server that ends with this value.
struct Running(Child);

/// Measures.
pub(super) fn run(place: &Place, request: &Request) -> Result<Vec<Row>, Error> {
    let what = format!("{} names over UDP", names().count());
    for (program, package) in [("dnsmasq", "dnsmasq-base"), ("dnsperf", "dnsperf")] {
        if !sh::on_path(program) {
            let fedora = package.trim_end_matches("-base");
            return Ok(vec![Row::skipped(
                what,
                volume::install_hint(program, package, fedora),
            )]);
        }
    }
    let questions = write_names(place)?;
    place.cilo(&["daemon", "start"]).quiet()?;
    let _dnsmasq = dnsmasq(place)?;
    for (server, port) in [("cilo", DNS_PORT), ("dnsmasq", DNSMASQ_PORT)] {
        wait_until_served(server, port)?;
    }
    let (mut ours, mut theirs) = (Found::default(), Found::default());
    for round in rounds(request.runs) {
        for port in round.order(&[DNS_PORT, DNSMASQ_PORT]) {
            let loaded = dnsperf(place, &questions, port, &[])?;
            let calm = dnsperf(place, &questions, port, &["-Q", CALM])?;
            if round.counts() {
                let found = if port == DNS_PORT { &mut ours } else { &mut theirs };
                found.per_second.add(loaded.per_second);
                found.loaded.add(loaded.latency);
                found.calm.add(calm.latency);
            }
        }
    }
    let mut peak = Samples::default();
    peak.add_bytes(place.daemon_peak()?);
    let row = |what: &str, unit, ours, theirs| {
        Measured::new(what, unit, ours)
            .beside("dnsmasq", theirs)
            .reported()
    };
    let per_second = format!("{what}: queries answered, as many as it can (more is better)");
    Ok(vec![
        row(&per_second, Unit::PerSecond, &ours.per_second, &theirs.per_second),
        row(
            "average latency meanwhile, 100 waiting",
            Unit::Microseconds,
            &ours.loaded,
            &theirs.loaded,
        ),
        row(
            &format!("average latency at {CALM} queries per second"),
            Unit::Microseconds,
            &ours.calm,
            &theirs.calm,
        ),
        Measured::new("peak memory of the daemon after all this", Unit::Mebibytes, &peak).reported(),
    ])
}

/// Ends the dnsmasq that a killed run left, known by its number and by our folder among its arguments.
pub(super) fn end_leftover(folder: &Path) -> Result<(), Error> {
    let Ok(number) = fs_err::read_to_string(folder.join(PID_FILE)) else {
        return Ok(());
    };
    let number = number.trim();
    let arguments = fs_err::read(format!("/proc/{number}/cmdline")).unwrap_or_default();
    if String::from_utf8_lossy(&arguments).contains(&*folder.to_string_lossy()) {
        Sh::new("kill").arg(number).quiet()?;
    }
    Ok(())
}

fn names() -> impl Iterator<Item = (u8, u8)> {
    (0..ENVIRONMENTS).flat_map(|env| (0..SERVICES).map(move |service| (env, service)))
}

fn name(env: u8, service: u8) -> String {
    format!("service-{service}.env-{env}")
}

fn address(env: u8, service: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 240, env, service + 2)
}

/// The names as Cilo's zones, as dnsmasq's hosts, and as questions, whose path is returned.
fn write_names(place: &Place) -> Result<PathBuf, Error> {
    let zones = place.home().join("dns");
    fs_err::create_dir_all(&zones)?;
    for env in 0..ENVIRONMENTS {
        let addresses = (0..SERVICES).map(|service| (name(env, service), vec![address(env, service)]));
        let zone = serde_json::json!({
            "version": 1,
            "suffix": "test",
            "env": { "project": "bench", "env": format!("env-{env}") },
            "id": format!("bench-{env}"),
            "names": addresses.collect::<std::collections::BTreeMap<_, _>>(),
        });
        fs_err::write(zones.join(format!("bench_env-{env}.json")), zone.to_string())?;
    }
    let (mut hosts, mut questions) = (String::new(), String::new());
    for (env, service) in names() {
        let (name, address) = (name(env, service), address(env, service));
        // Writing to a string cannot fail.
        let _ = writeln!(hosts, "{address} {name}.test");
        let _ = writeln!(questions, "{name}.test A");
    }
    fs_err::write(place.folder().join("hosts"), hosts)?;
    let path = place.folder().join("questions");
    fs_err::write(&path, questions)?;
    Ok(path)
}

/// As much like Cilo's as it can be made: authoritative from one file, on loopback, never forwarding.
fn dnsmasq(place: &Place) -> Result<Running, Error> {
    let folder = place.folder();
    let mut dnsmasq = Sh::new("dnsmasq").args([
        "--keep-in-foreground",
        "--conf-file=/dev/null",
        "--no-resolv",
        "--no-hosts",
        "--local=/test/",
        "--local-ttl=5",
        "--bind-interfaces",
        "--listen-address=127.0.0.1",
    ]);
    dnsmasq = dnsmasq
        .arg(format!("--port={DNSMASQ_PORT}"))
        .arg(format!("--addn-hosts={}", folder.join("hosts").display()))
        .arg(format!("--pid-file={}", folder.join(PID_FILE).display()));
    if sh::is_root() {
        // Else it becomes a user who may not read our folder.
        dnsmasq = dnsmasq.arg("--user=root");
    }
    let log = fs_err::File::create(folder.join("dnsmasq.log"))?.into_parts().0;
    Ok(Running(dnsmasq.spawn(Stdio::null(), Stdio::from(log))?))
}

/// Both have to give the same answer before they are compared.
fn wait_until_served(server: &'static str, port: u16) -> Result<(), Error> {
    let (env, service) = (ENVIRONMENTS - 1, SERVICES - 1);
    let to = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let name = format!("{}.test", name(env, service));
    let mut said = String::from("it does not answer");
    let served = wait::until(PATIENCE, || match addresses(to, &name) {
        Ok(found) if found == [address(env, service)] => Some(()),
        other => {
            said = format!("{name} is {other:?}");
            None
        }
    });
    served.ok_or(Error::WrongNames { server, said })
}

fn dnsperf(place: &Place, questions: &Path, port: u16, more: &[&str]) -> Result<Load, Error> {
    let server = if port == DNS_PORT { "cilo" } else { "dnsmasq" };
    let dnsperf = Sh::new("dnsperf").args(["-s", "127.0.0.1", "-l", SECONDS, "-q", "100", "-p"]);
    let dnsperf = dnsperf.arg(port.to_string()).arg("-d").arg(questions);
    let said = dnsperf.args(more).dir(place.folder()).output()?;
    if !all_right(&said) {
        return Err(Error::WrongNames { server, said });
    }
    load(&said).ok_or(Error::Unclear {
        program: "dnsperf",
        said,
    })
}

/// Every question was answered, and with an address.
fn all_right(said: &str) -> bool {
    field(said, "Response codes:")
        .is_some_and(|codes| codes.starts_with("NOERROR") && codes.contains("(100.00%)"))
        && field(said, "Queries lost:").is_some_and(|lost| lost.starts_with("0 "))
}

fn load(said: &str) -> Option<Load> {
    let number = |name| field(said, name)?.split(' ').next()?.parse::<f64>().ok();
    Some(Load {
        per_second: number("Queries per second:")?,
        latency: number("Average Latency (s):")? * 1_000_000.0,
    })
}

fn field<'a>(said: &'a str, name: &str) -> Option<&'a str> {
    let line = said.lines().find_map(|line| line.trim().strip_prefix(name))?;
    Some(line.trim())
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is gone afterwards.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "Statistics:\n\n  Queries sent:         300\n  Queries completed:    300 (100.00%)\n  \
        Queries lost:         0 (0.00%)\n\n  Response codes:       NOERROR 300 (100.00%)\n  \
        Queries per second:   100.250000\n\n  Average Latency (s):  0.000125 (min 0.000030, max 0.0123)\n";

    #[test]
    fn dnsperf_is_understood() {
        assert!(all_right(SAID));
        let found = load(SAID).unwrap();
        assert_eq!(found.per_second, 100.25);
        assert!((found.latency - 125.0).abs() < 1e-6);
    }

    #[test]
    fn lost_questions_and_names_that_are_not_there_are_no_result() {
        assert!(!all_right(&SAID.replace("0 (0.00%)", "2 (0.67%)")));
        assert!(!all_right(&SAID.replace("NOERROR 300", "NXDOMAIN 300")));
        assert!(!all_right(&SAID.replace(
            "NOERROR 300 (100.00%)",
            "NOERROR 200 (66.67%), NXDOMAIN 100 (33.33%)"
        )));
        assert!(!all_right(""));
        assert_eq!(load(""), None);
    }
}

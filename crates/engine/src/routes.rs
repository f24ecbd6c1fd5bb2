// SPDX-License-Identifier: MIT
//! The host's IPv4 routes: addresses that environments must not take.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use ipnet::Ipv4Net;

/// Linux's IPv4 routing table (proc(5)).
const TABLE: &str = "/proc/net/route";

/// One route that is not the default one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    /// Where it leads.
    pub(crate) subnet: Ipv4Net,
    /// The interface it goes through.
    pub(crate) interface: String,
}

/// The table could not be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the host's routes from {}", path.display())]
pub struct RoutesError {
    path: PathBuf,
    #[source]
    source: std::io::Error,
}

/// The routes of this host; none where the system has no such table.
///
/// # Errors
/// [`RoutesError`] when the table is there and cannot be read.
pub(crate) fn host_routes() -> Result<Vec<Route>, RoutesError> {
    match fs_err::read_to_string(TABLE) {
        Ok(table) => Ok(read(&table)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(source) => Err(RoutesError {
            path: Path::new(TABLE).to_path_buf(),
            source,
        }),
    }
}

fn read(table: &str) -> Vec<Route> {
    table
        .lines()
        .skip(1)
        .filter_map(route)
        .filter(|route| route.subnet.prefix_len() > 0)
        .collect()
}

/// `Iface Destination Gateway Flags RefCnt Use Metric Mask …`, addresses in hexadecimal, in the host's byte order.
fn route(line: &str) -> Option<Route> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let address = |field: &str| Some(Ipv4Addr::from(u32::from_str_radix(field, 16).ok()?.to_ne_bytes()));
    let subnet = Ipv4Net::with_netmask(address(fields.get(1)?)?, address(fields.get(7)?)?).ok()?;
    Some(Route {
        subnet,
        interface: (*fields.first()?).to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_endian = "little")]
    #[test]
    fn routes_are_read_and_the_default_one_left_out() {
        let table = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n\
            eth0\t00000000\t0102A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n\
            docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n\
            broken\n";
        let routes = read(table);
        assert_eq!(routes.len(), 1);
        assert_eq!(routes[0].subnet.to_string(), "172.17.0.0/16");
        assert_eq!(routes[0].interface, "docker0");
    }

    #[test]
    fn this_host_can_be_read() {
        host_routes().unwrap();
    }
}

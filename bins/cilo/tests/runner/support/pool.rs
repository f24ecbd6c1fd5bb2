// SPDX-License-Identifier: MIT
//! Addresses and a DNS port for one test at a time, over all test programs that run on this machine.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener, UdpSocket};

/// From where the addresses of tests come: 10.226.0.0 to 10.239.255.255, far from Cilo's own default.
const FIRST: u32 = u32::from_be_bytes([10, 226, 0, 0]);
/// Each test has a /19: thirty-two environments.
pub(crate) const PREFIX: u8 = 19;
const SIZE: u32 = 1 << (32 - PREFIX);
const COUNT: u32 = 14 * 65_536 / SIZE;
/// Below the range that systems take ports for outgoing connections from.
const FIRST_PORT: u16 = 21_000;

/// The right to use one block and one port, until it is dropped or the process dies.
#[derive(Debug)]
pub(crate) struct Pool {
    pub(crate) first: Ipv4Addr,
    pub(crate) port: u16,
    _lock: File,
}

impl Pool {
    pub(crate) fn take() -> Self {
        let folder = std::env::temp_dir().join(format!("cilo-tests-{}", rustix::process::geteuid().as_raw()));
        fs_err::create_dir_all(&folder).unwrap();
        // Programs start at different places, so that they seldom meet.
        let start = std::process::id();
        let mut numbers = (0..COUNT).map(|offset| start.wrapping_add(offset) % COUNT);
        let found = numbers.find_map(|number| {
            let path = folder.join(format!("pool-{number}"));
            let lock = fs_err::OpenOptions::new()
                .create(true)
                .truncate(false)
                .write(true)
                .open(path)
                .unwrap();
            let lock = lock.into_parts().0;
            lock.try_lock().ok()?;
            let first = Ipv4Addr::from(FIRST + number * SIZE);
            let port = FIRST_PORT + u16::try_from(number).unwrap();
            (is_free(first) && can_listen(port)).then_some(Self {
                first,
                port,
                _lock: lock,
            })
        });
        found.expect("a free block of addresses in 10.226.0.0 to 10.239.255.255")
    }
}

/// No route of this machine leads there.
fn is_free(first: Ipv4Addr) -> bool {
    let first = u32::from(first);
    let Ok(table) = fs_err::read_to_string("/proc/net/route") else {
        return true;
    };
    !table.lines().skip(1).any(|line| {
        let number = |field| {
            let field = line.split_whitespace().nth(field).unwrap_or_default();
            u32::from_str_radix(field, 16).map_or(0, u32::from_be)
        };
        let (net, mask) = (number(1), number(7));
        mask != 0 && (net & !(SIZE - 1) == first || first & mask == net)
    })
}

fn can_listen(port: u16) -> bool {
    UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
        && TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

// SPDX-License-Identifier: MIT
//! One question to a DNS server over UDP: which IPv4 addresses does a name have?

use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

const A: u16 = 1;
const IN: u16 = 1;
const PATIENCE: Duration = Duration::from_secs(3);

/// The addresses that `server` gives for `name`; empty when it knows none.
pub(crate) fn addresses(server: SocketAddr, name: &str) -> io::Result<Vec<Ipv4Addr>> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.connect(server)?;
    socket.send(&question(name))?;
    let mut answer = [0; 1500];
    let length = socket.recv(&mut answer)?;
    parse(&answer[..length])
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the answer is not DNS"))
}

fn question(name: &str) -> Vec<u8> {
    // An id of its own is not needed: the socket takes answers from one server, and asks once.
    let mut packet = vec![0xC1, 0x10, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.').filter(|label| !label.is_empty()) {
        packet.push(u8::try_from(label.len()).unwrap_or(63).min(63));
        packet.extend(label.bytes().take(63));
    }
    packet.push(0);
    packet.extend(A.to_be_bytes());
    packet.extend(IN.to_be_bytes());
    packet
}

fn parse(packet: &[u8]) -> Option<Vec<Ipv4Addr>> {
    let number = |at: usize| Some(u16::from_be_bytes([*packet.get(at)?, *packet.get(at + 1)?]));
    let (questions, answers) = (number(4)?, number(6)?);
    let mut at = 12;
    for _ in 0..questions {
        at = after_name(packet, at)? + 4;
    }
    let mut found = Vec::new();
    for _ in 0..answers {
        at = after_name(packet, at)?;
        let (kind, length) = (number(at)?, usize::from(number(at + 8)?));
        let value = packet.get(at + 10..at + 10 + length)?;
        if let (A, Ok(octets)) = (kind, <[u8; 4]>::try_from(value)) {
            found.push(Ipv4Addr::from(octets));
        }
        at += 10 + length;
    }
    Some(found)
}

/// Where the name that starts at `at` ends; a pointer ends it.
fn after_name(packet: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match *packet.get(at)? {
            0 => return Some(at + 1),
            length if length >= 0xC0 => return Some(at + 2),
            length => at += 1 + usize::from(length),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(records: &[(u16, &[u8])]) -> Vec<u8> {
        let mut packet = question("web.a.test");
        packet[7] = u8::try_from(records.len()).unwrap();
        for (kind, value) in records {
            packet.extend([0xC0, 12]);
            packet.extend(kind.to_be_bytes());
            packet.extend([0, 1, 0, 0, 0, 5]);
            packet.extend(u16::try_from(value.len()).unwrap().to_be_bytes());
            packet.extend(*value);
        }
        packet
    }

    #[test]
    fn broken_answers_are_refused() {
        assert_eq!(parse(&[]), None);
        let whole = answer(&[(A, &[10, 0, 0, 1])]);
        for length in 0..whole.len() {
            assert_eq!(parse(&whole[..length]), None, "{length}");
        }
    }

    #[test]
    fn addresses_are_read_and_other_records_passed_over() {
        let packet = answer(&[(5, b"\x01x\0"), (A, &[10, 0, 0, 1]), (A, &[10, 0, 0, 2])]);
        assert_eq!(
            parse(&packet).unwrap(),
            [Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 2)]
        );
        assert_eq!(parse(&answer(&[])).unwrap(), [] as [Ipv4Addr; 0]);
    }
}

// SPDX-License-Identifier: MIT
//! The short way for the one query that matters: IN A for a name that exists, without extensions.
//!
//! Whatever is unusual in any way is left to [`crate::answer`]; what is answered here means the same both ways.

use crate::TTL_SECONDS;
use crate::answer::rotated;
use crate::view::View;

const HEADER: usize = 12;
/// One question and nothing else.
const COUNTS: [u8; 8] = [0, 1, 0, 0, 0, 0, 0, 0];
const RECURSION_DESIRED: u8 = 0x01;
/// AD and CD: allowed in a query, never set in our answers.
const DNSSEC_FLAGS: u8 = 0x30;
const RESPONSE_AUTHORITATIVE: u8 = 0x84;
/// The root label, type A, class IN.
const END_OF_QUESTION: [u8; 5] = [0, 0, 1, 0, 1];
/// Names longer than this are not Cilo's; the key fits on the stack.
const MAX_KEY: usize = 254;
/// RFC 1035 section 4.2.1.
const MAX_DATAGRAM: usize = 512;
const RECORD_SIZE: usize = 16;

/// Answers into the empty `out`. `false`: not such a query, nothing was written.
pub(crate) fn answer(packet: &[u8], view: &View, turn: usize, out: &mut Vec<u8>) -> bool {
    let Some((header, question)) = packet.split_first_chunk::<HEADER>() else {
        return false;
    };
    let [id_high, id_low, flags, more_flags, counts @ ..] = *header;
    if flags & !RECURSION_DESIRED != 0 || more_flags & !DNSSEC_FLAGS != 0 || counts != COUNTS {
        return false;
    }
    let Some(name) = question.strip_suffix(&END_OF_QUESTION) else {
        return false;
    };
    let mut folded = [0; MAX_KEY];
    let Some(key) = folded.get_mut(..name.len()) else {
        return false;
    };
    key.copy_from_slice(name);
    // Lengths of labels are below `A`, so folding all bytes folds the labels only. Where they are not, no key matches.
    key.make_ascii_lowercase();
    let Some(addresses) = view.exact(key) else {
        return false;
    };
    if addresses.is_empty() || HEADER + question.len() + addresses.len() * RECORD_SIZE > MAX_DATAGRAM {
        return false;
    }
    let count = u16::try_from(addresses.len()).unwrap_or(u16::MAX).to_be_bytes();
    let first_flags = RESPONSE_AUTHORITATIVE | (flags & RECURSION_DESIRED);
    out.extend([
        id_high,
        id_low,
        first_flags,
        0,
        0,
        1,
        count[0],
        count[1],
        0,
        0,
        0,
        0,
    ]);
    out.extend(question);
    for address in rotated(addresses, turn) {
        // The owner is the question's name, by pointer and so in its spelling.
        out.extend([0xC0, 12, 0, 1, 0, 1]);
        out.extend(TTL_SECONDS.to_be_bytes());
        out.extend([0, 4]);
        out.extend(address.octets());
    }
    true
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::net::{Ipv4Addr, SocketAddr};

    use hickory_server::proto::op::Message;
    use proptest::prelude::*;

    use super::*;
    use crate::authority::Authority;
    use crate::files::StoredZone;
    use crate::{About, Zone};

    fn authority() -> Authority {
        let names = (0..20u8).map(|last| {
            let addresses = (0..last)
                .map(|third| Ipv4Addr::new(10, 224, third, last))
                .collect();
            (format!("svc_{last}.agent-1").parse().unwrap(), addresses)
        });
        let zone = Zone {
            suffix: "test".parse().unwrap(),
            env: "shop/agent-1".parse().unwrap(),
            id: "0".parse().unwrap(),
            names: names.collect::<BTreeMap<_, _>>(),
        };
        let (view, _) = View::build(&[StoredZone {
            zone,
            digest: "d".into(),
        }]);
        Authority::new(
            view,
            0,
            About {
                version: "0".into(),
                home: String::new(),
            },
        )
    }

    fn client() -> SocketAddr {
        "127.0.0.1:999".parse().unwrap()
    }

    fn question(header: [u8; 12], labels: &[String], end: [u8; 5]) -> Vec<u8> {
        let mut packet = header.to_vec();
        for label in labels {
            packet.push(u8::try_from(label.len()).unwrap());
            packet.extend(label.bytes());
        }
        packet.extend(end);
        packet
    }

    /// Mostly well-formed queries, so that the odd one differs from a good one in few places.
    fn packets() -> impl Strategy<Value = Vec<u8>> {
        let label = prop_oneof![
            "(?i)svc_1?[0-9]",
            "(?i)agent-1",
            "(?i)test",
            "[a-zA-Z0-9_-]{1,63}"
        ];
        let name = prop_oneof![
            4 => "(?i)svc_1?[0-9]\\.agent-1\\.test".prop_map(|name| name.split('.').map(str::to_owned).collect()),
            1 => proptest::collection::vec(label, 0..5),
        ];
        let flags =
            prop_oneof![3 => Just([0, 0]), 3 => Just([1, 0]), 1 => Just([1, 0x20]), 1 => any::<[u8; 2]>()];
        let counts = prop_oneof![6 => Just(COUNTS), 1 => any::<[u8; 8]>()];
        let end = prop_oneof![
            5 => Just(END_OF_QUESTION),
            1 => (0u8..=255).prop_map(|kind| [0, 0, kind, 0, 1]),
            1 => any::<[u8; 5]>(),
        ];
        let extra = prop_oneof![4 => Just(vec![]), 1 => proptest::collection::vec(any::<u8>(), 0..40)];
        (any::<[u8; 2]>(), flags, counts, name, (end, extra)).prop_map(
            |(id, flags, counts, name, (end, extra))| {
                let mut header = [0; 12];
                header[..2].copy_from_slice(&id);
                header[2..4].copy_from_slice(&flags);
                header[4..].copy_from_slice(&counts);
                let mut packet = question(header, &name, end);
                packet.extend(extra);
                packet
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]

        #[test]
        fn both_ways_give_the_same_answer(packet in packets(), turn in 0usize..100) {
            let authority = authority();
            let view = authority.view.load();
            let (mut short, mut long) = (Vec::new(), Vec::new());
            if answer(&packet, &view, turn, &mut short) {
                prop_assert!(crate::answer::datagram(&authority, &view, &packet, client(), turn, &mut long));
                // Not the same bytes: hickory does not compress against the question.
                prop_assert_eq!(parsed(&short), parsed(&long));
            } else {
                prop_assert!(short.is_empty());
            }
        }

        #[test]
        fn what_is_answered_is_dns_with_the_same_id(packet in packets()) {
            let mut out = Vec::new();
            if authority().answer_datagram(&packet, client(), &mut out) {
                let message = Message::from_vec(&out).unwrap();
                prop_assert_eq!(message.metadata.id.to_be_bytes(), [packet[0], packet[1]]);
                prop_assert!(out.len() <= 1232);
            }
        }

        #[test]
        fn no_packet_panics(packet in proptest::collection::vec(any::<u8>(), 0..600)) {
            let mut out = Vec::new();
            authority().answer_datagram(&packet, client(), &mut out);
        }
    }

    /// In a form that keeps the case of names.
    fn parsed(bytes: &[u8]) -> String {
        format!("{:?}", Message::from_vec(bytes).unwrap())
    }

    #[test]
    fn the_common_query_goes_the_short_way() {
        let authority = authority();
        let labels = ["SVC_3", "agent-1", "Test"].map(str::to_owned);
        let header = [7, 7, 1, 0x20, 0, 1, 0, 0, 0, 0, 0, 0];
        let mut out = Vec::new();
        assert!(answer(
            &question(header, &labels, END_OF_QUESTION),
            &authority.view.load(),
            0,
            &mut out
        ));
        assert_eq!(Message::from_vec(&out).unwrap().answers.len(), 3);
    }
}

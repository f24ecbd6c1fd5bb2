// SPDX-License-Identifier: MIT
//! From a parsed query to its answer. Pure but for the bell it rings on control queries.

use std::net::{Ipv4Addr, SocketAddr};

use hickory_server::net::xfer::Protocol;
use hickory_server::proto::op::{Edns, LowerQuery, Metadata, OpCode, ResponseCode};
use hickory_server::proto::rr::rdata::{A, NS, SOA, TXT};
use hickory_server::proto::rr::{DNSClass, Name, RData, Record, RecordType};
use hickory_server::proto::serialize::binary::BinEncoder;
use hickory_server::server::Request;
use hickory_server::zone_handler::MessageResponseBuilder;

use crate::TTL_SECONDS;
use crate::authority::Authority;
use crate::control::{self, Subject};
use crate::key;
use crate::view::{Found, View};

/// The largest datagram sent, where the client takes as much: what every path carries unfragmented (DNS flag day 2020).
const MAX_DATAGRAM: u16 = 1232;
const MIN_DATAGRAM: u16 = 512;
const HEADER: usize = 12;
/// An OPT record without options (RFC 6891 section 6.1.2).
const OPT_SIZE: usize = 11;
/// An A record but for its owner, type and class, which are as long as the question.
const ADDRESS_WITHOUT_OWNER: usize = 10;
/// In the third byte of a header: QR, the opcode, and what of a query is kept in an answer (opcode and RD).
const IS_RESPONSE: u8 = 0x80;
const OPCODE: u8 = 0x78;
const KEPT: u8 = 0x79;

/// What is sent back.
pub(crate) struct Reply {
    pub(crate) metadata: Metadata,
    pub(crate) answers: Vec<Record>,
    pub(crate) authorities: Vec<Record>,
    pub(crate) edns: Option<Edns>,
}

/// Answers a datagram of any content. `false`: it deserves no answer.
pub(crate) fn datagram(
    authority: &Authority,
    view: &View,
    packet: &[u8],
    from: SocketAddr,
    turn: usize,
    out: &mut Vec<u8>,
) -> bool {
    let Some(header) = packet.first_chunk::<HEADER>() else {
        return false;
    };
    // A response to nothing we asked: answering it could echo for ever.
    if header[2] & IS_RESPONSE != 0 {
        return false;
    }
    if header[2] & OPCODE != 0 {
        return refuse_unparsed(header, ResponseCode::NotImp, out);
    }
    // RFC 9619: a QUERY has exactly one question. Checked first, as the parser reserves room for what is announced.
    if header[4..6] != [0, 1] {
        return refuse_unparsed(header, ResponseCode::FormErr, out);
    }
    let Ok(request) = Request::from_bytes(packet.to_vec(), from, Protocol::Udp) else {
        return refuse_unparsed(header, ResponseCode::FormErr, out);
    };
    let mut reply = reply(authority, view, &request, turn);
    let limit = usize::from(reply.edns.as_ref().map_or(MIN_DATAGRAM, Edns::max_payload));
    let mut encoded = encode(&request, &reply, out);
    if out.len() > limit {
        cut(&mut reply, &request, limit);
        encoded = encode(&request, &reply, out);
    }
    encoded || refuse_unparsed(header, ResponseCode::ServFail, out)
}

/// Decides the answer to a parsed request.
pub(crate) fn reply(authority: &Authority, view: &View, request: &Request, turn: usize) -> Reply {
    let mut reply = Reply {
        metadata: Metadata::response_from_request(&request.metadata),
        answers: Vec::new(),
        authorities: Vec::new(),
        edns: request.edns.as_ref().map(answer_edns),
    };
    // RFC 4035 section 3.1.6: an authoritative server clears it.
    reply.metadata.checking_disabled = false;
    if request.metadata.op_code != OpCode::Query {
        reply.metadata.response_code = ResponseCode::NotImp;
        return reply;
    }
    if request.edns.as_ref().is_some_and(|edns| edns.version() > 0) {
        reply.metadata.response_code = ResponseCode::BADVERS;
        return reply;
    }
    let Ok(asked) = request.request_info() else {
        reply.metadata.response_code = ResponseCode::FormErr;
        return reply;
    };
    let transfer = matches!(asked.query.query_type(), RecordType::AXFR | RecordType::IXFR);
    if asked.query.query_class() != DNSClass::IN || transfer {
        reply.metadata.response_code = ResponseCode::Refused;
        return reply;
    }
    let key = key::of_name(asked.query.original().name());
    if let Some(relative) = below_control(&key) {
        if request.src().ip().to_canonical().is_loopback() {
            control_reply(&mut reply, authority, view, &relative, asked.query);
        } else {
            reply.metadata.response_code = ResponseCode::Refused;
        }
        return reply;
    }
    match view.find(&key) {
        None => reply.metadata.response_code = ResponseCode::Refused,
        Some((found, apex)) => zone_reply(&mut reply, view, asked.query, (found, apex), turn),
    }
    reply
}

fn zone_reply(reply: &mut Reply, view: &View, query: &LowerQuery, at: (Found<'_>, &Name), turn: usize) {
    let (found, apex) = at;
    let name = query.original().name();
    reply.metadata.authoritative = true;
    match found {
        Found::Addresses(addresses) if wants(query, RecordType::A) => {
            reply.answers = rotated(addresses, turn)
                .map(|address| record(name, RData::A(A(address))))
                .collect();
        }
        Found::Apex => {
            if wants(query, RecordType::SOA) {
                reply.answers.push(soa(name, view.serial));
            }
            if wants(query, RecordType::NS) {
                reply.answers.push(record(name, RData::NS(NS(localhost()))));
            }
        }
        Found::Missing => reply.metadata.response_code = ResponseCode::NXDomain,
        Found::Addresses(_) | Found::Empty => {}
    }
    // Nothing is said with how long that holds (RFC 2308 section 3).
    if reply.answers.is_empty() {
        reply.authorities.push(soa(apex, view.serial));
    }
}

fn control_reply(reply: &mut Reply, authority: &Authority, view: &View, relative: &str, query: &LowerQuery) {
    let name = query.original().name();
    reply.metadata.authoritative = true;
    let texts = match control::subject(relative) {
        Subject::Daemon => Some(authority.identity(view).texts()),
        Subject::Zone(env) => {
            authority.stale.notify_one();
            view.digest(&env).map(|digest| vec![digest.to_owned()])
        }
        Subject::Empty => Some(Vec::new()),
        Subject::Missing => None,
    };
    match texts {
        Some(texts) if !texts.is_empty() && wants(query, RecordType::TXT) => {
            // Never cached: the whole point is to see a change.
            let mut text = record(name, RData::TXT(TXT::new(texts)));
            text.ttl = 0;
            reply.answers.push(text);
            return;
        }
        Some(_) => {}
        None => reply.metadata.response_code = ResponseCode::NXDomain,
    }
    if let Ok(apex) = Name::from_ascii(format!("{}.", control::SUFFIX)) {
        reply.authorities.push(soa(&apex, view.serial));
    }
}

/// Whether such a record answers the query. ANY gets what there is, which is little (RFC 8482 section 4.1).
fn wants(query: &LowerQuery, kind: RecordType) -> bool {
    query.query_type() == kind || query.query_type() == RecordType::ANY
}

/// The addresses, beginning with another one at every turn.
pub(crate) fn rotated(addresses: &[Ipv4Addr], turn: usize) -> impl Iterator<Item = Ipv4Addr> {
    let first = turn.checked_rem(addresses.len()).unwrap_or(0);
    addresses[first..].iter().chain(&addresses[..first]).copied()
}

/// The part of a name in the control zone that is before the zone's own labels.
fn below_control(key: &[u8]) -> Option<String> {
    let rest = key.strip_suffix(&*key::of_text(control::SUFFIX))?;
    let labels: Vec<&[u8]> = key::and_above(rest)
        .map(|key| key.get(1..=usize::from(key[0])).unwrap_or_default())
        .collect();
    // A suffix of bytes could begin inside a label: then the labels before it do not add up.
    let length: usize = labels.iter().map(|label| label.len() + 1).sum();
    (length == rest.len()).then(|| {
        labels
            .iter()
            .map(|label| String::from_utf8_lossy(label))
            .collect::<Vec<_>>()
            .join(".")
    })
}

fn encode(request: &Request, reply: &Reply, out: &mut Vec<u8>) -> bool {
    out.clear();
    let mut builder = MessageResponseBuilder::from_message_request(request);
    if let Some(edns) = &reply.edns {
        builder.edns(edns);
    }
    let mut encoder = BinEncoder::new(out);
    encoder.set_max_size(u16::MAX);
    builder
        .build(reply.metadata, &reply.answers, &reply.authorities, [], [])
        .destructive_emit(&mut encoder)
        .is_ok()
}

/// Leaves out what does not fit and says so, so that the client asks again over TCP. The encoder's own limit would cut
/// off the OPT record first.
fn cut(reply: &mut Reply, request: &Request, limit: usize) {
    let question = request.queries.as_bytes().len();
    let fixed = HEADER + question + reply.edns.as_ref().map_or(0, |_| OPT_SIZE);
    // At most: not every owner is compressed.
    let address = question + ADDRESS_WITHOUT_OWNER;
    reply.answers.truncate(limit.saturating_sub(fixed) / address);
    reply
        .answers
        .retain(|answer| answer.record_type() == RecordType::A);
    reply.authorities.clear();
    reply.metadata.truncation = true;
}

/// A header alone, for what could not or need not be parsed.
fn refuse_unparsed(header: &[u8; HEADER], code: ResponseCode, out: &mut Vec<u8>) -> bool {
    let flags = IS_RESPONSE | (header[2] & KEPT);
    out.clear();
    out.extend([header[0], header[1], flags, code.low(), 0, 0, 0, 0, 0, 0, 0, 0]);
    true
}

/// Echoes DO (RFC 3225 section 3) and offers as much as the client takes, within bounds.
fn answer_edns(asked: &Edns) -> Edns {
    let mut edns = Edns::new();
    edns.set_max_payload(asked.max_payload().clamp(MIN_DATAGRAM, MAX_DATAGRAM));
    edns.set_dnssec_ok(asked.flags().dnssec_ok);
    edns
}

fn record(name: &Name, data: RData) -> Record {
    Record::from_rdata(name.clone(), TTL_SECONDS, data)
}

/// Names as RFC 6303 section 3 has them for zones that are local to a machine.
fn soa(apex: &Name, serial: u32) -> Record {
    let nobody = Name::from_ascii("nobody.invalid.").unwrap_or_default();
    let ttl = i32::try_from(TTL_SECONDS).unwrap_or(i32::MAX);
    record(
        apex,
        RData::SOA(SOA::new(localhost(), nobody, serial, ttl, ttl, ttl, TTL_SECONDS)),
    )
}

fn localhost() -> Name {
    Name::from_ascii("localhost.").unwrap_or_default()
}

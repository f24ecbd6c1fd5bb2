// SPDX-License-Identifier: MIT
//! What the server answers, asked through real sockets.

use std::net::Ipv4Addr;

use crate::support::{PATIENCE, Running, zone};
use cilo_dns::QueryType::{A, Aaaa, Any, Ns, Soa, Txt};
use cilo_dns::{Answer, Rcode, Zone, identify, publish, query};
use hickory_server::proto::op::{Edns, Message, OpCode, Query, ResponseCode};
use hickory_server::proto::rr::{DNSClass, Name, RData, RecordType};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};

fn shop() -> Zone {
    zone(
        "shop/agent-1",
        "test",
        &[
            ("api.agent-1", &[2, 3]),
            ("shop.agent-1", &[4]),
            ("idle.agent-1", &[]),
        ],
    )
}

async fn serving(zones: &[Zone]) -> (tempfile::TempDir, Running) {
    let dir = tempfile::tempdir().unwrap();
    for zone in zones {
        publish(dir.path(), zone).unwrap();
    }
    let server = Running::over(dir.path()).await;
    (dir, server)
}

fn question(name: &str, kind: RecordType) -> Message {
    let mut message = Message::query();
    message.add_query(Query::query(Name::from_ascii(name).unwrap(), kind));
    message
}

async fn raw(server: &Running, packet: &[u8]) -> Message {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.send_to(packet, server.address).await.unwrap();
    let mut buffer = [0; 4096];
    let (length, _) = tokio::time::timeout(PATIENCE, socket.recv_from(&mut buffer))
        .await
        .unwrap()
        .unwrap();
    Message::from_vec(&buffer[..length]).unwrap()
}

fn short(answer: &Answer) -> String {
    let Answer {
        rcode,
        authoritative,
        addresses,
        ttl,
        ..
    } = answer;
    let authority = if *authoritative { "aa" } else { "--" };
    format!("{rcode} {authority} {addresses:?} {ttl:?}")
}

#[tokio::test]
async fn every_kind_of_name() {
    let (_dir, server) = serving(&[shop(), zone("blog/b", "dev.example", &[("web.b", &[9])])]).await;
    let mut lines = Vec::new();
    for (name, kind) in [
        ("shop.agent-1.test", A),
        ("SHOP.Agent-1.TEST.", A),
        ("deep.down.shop.agent-1.test", A),
        ("shop.agent-1.test", Any),
        ("shop.agent-1.test", Aaaa),
        ("x.shop.agent-1.test", Aaaa),
        ("shop.agent-1.test", Txt),
        ("idle.agent-1.test", A),
        ("agent-1.test", A),
        ("other.agent-1.test", A),
        ("other.test", A),
        ("test", A),
        ("test", Soa),
        ("test", Ns),
        ("web.b.dev.example", A),
        ("b.dev.example", A),
        ("dev.example", Soa),
        ("example", A),
        ("web.b.test", A),
        ("example.com", A),
        (".", Ns),
        ("cilo.invalid", A),
        ("x.cilo.invalid", A),
        ("xcilo.invalid", A),
    ] {
        let answer = server.ask(name, kind).await;
        lines.push(format!("{name} {kind:?}: {}", short(&answer)));
    }
    insta::assert_snapshot!(lines.join("\n"), @r"
    shop.agent-1.test A: NOERROR aa [10.224.0.4] Some(5)
    SHOP.Agent-1.TEST. A: NOERROR aa [10.224.0.4] Some(5)
    deep.down.shop.agent-1.test A: NOERROR aa [10.224.0.4] Some(5)
    shop.agent-1.test Any: NOERROR aa [10.224.0.4] Some(5)
    shop.agent-1.test Aaaa: NOERROR aa [] Some(5)
    x.shop.agent-1.test Aaaa: NOERROR aa [] Some(5)
    shop.agent-1.test Txt: NOERROR aa [] Some(5)
    idle.agent-1.test A: NOERROR aa [] Some(5)
    agent-1.test A: NOERROR aa [] Some(5)
    other.agent-1.test A: NXDOMAIN aa [] Some(5)
    other.test A: NXDOMAIN aa [] Some(5)
    test A: NOERROR aa [] Some(5)
    test Soa: NOERROR aa [] Some(5)
    test Ns: NOERROR aa [] Some(5)
    web.b.dev.example A: NOERROR aa [10.224.0.9] Some(5)
    b.dev.example A: NOERROR aa [] Some(5)
    dev.example Soa: NOERROR aa [] Some(5)
    example A: REFUSED -- [] None
    web.b.test A: NXDOMAIN aa [] Some(5)
    example.com A: REFUSED -- [] None
    . Ns: REFUSED -- [] None
    cilo.invalid A: NOERROR aa [] Some(5)
    x.cilo.invalid A: NXDOMAIN aa [] Some(5)
    xcilo.invalid A: REFUSED -- [] None
    ");
}

#[tokio::test]
async fn all_replicas_in_turn() {
    let (_dir, server) = serving(&[shop()]).await;
    let mut first = Vec::new();
    for _ in 0..2 {
        let mut addresses = server.ask("api.agent-1.test", A).await.addresses;
        first.push(addresses[0]);
        addresses.sort();
        assert_eq!(
            addresses,
            [Ipv4Addr::new(10, 224, 0, 2), Ipv4Addr::new(10, 224, 0, 3)]
        );
    }
    assert_ne!(first[0], first[1]);
}

#[tokio::test]
async fn the_case_of_the_question_comes_back() {
    let (_dir, server) = serving(&[shop()]).await;
    for name in ["ShOp.aGenT-1.tEsT.", "X.ShOp.aGenT-1.tEsT."] {
        let answer = raw(&server, &question(name, RecordType::A).to_vec().unwrap()).await;
        assert_eq!(answer.queries[0].name().to_ascii(), name);
        assert_eq!(answer.answers[0].name.to_ascii(), name);
        assert!(!answer.metadata.recursion_available);
    }
}

#[tokio::test]
async fn nothing_is_said_with_a_short_soa() {
    let (_dir, server) = serving(&[shop()]).await;
    for name in ["none.test.", "agent-1.test.", "idle.agent-1.test."] {
        let answer = raw(&server, &question(name, RecordType::A).to_vec().unwrap()).await;
        let RData::SOA(soa) = &answer.authorities[0].data else {
            panic!("no SOA for {name}")
        };
        assert_eq!(
            (answer.authorities[0].name.to_ascii(), soa.minimum),
            ("test.".into(), 5)
        );
    }
}

#[tokio::test]
async fn extensions() {
    let (_dir, server) = serving(&[shop()]).await;
    let mut message = question("shop.agent-1.test.", RecordType::A);
    let mut edns = Edns::new();
    edns.set_max_payload(4096).set_dnssec_ok(true);
    message.set_edns(edns.clone());
    let answer = raw(&server, &message.to_vec().unwrap()).await;
    let given = answer.edns.unwrap();
    assert_eq!(
        (answer.answers.len(), given.max_payload(), given.flags().dnssec_ok),
        (1, 1232, true)
    );

    edns.set_version(1);
    message.set_edns(edns);
    let answer = raw(&server, &message.to_vec().unwrap()).await;
    // BADVERS and BADSIG are the same number.
    assert_eq!(u16::from(answer.metadata.response_code), 16);
    assert_eq!(answer.edns.unwrap().version(), 0);
}

#[tokio::test]
async fn what_is_not_a_plain_question() {
    let (_dir, server) = serving(&[shop()]).await;
    let plain = question("shop.agent-1.test.", RecordType::A);
    let code = async |message: &Message| {
        raw(&server, &message.to_vec().unwrap())
            .await
            .metadata
            .response_code
    };

    let mut two = plain.clone();
    two.add_query(plain.queries[0].clone());
    assert_eq!(code(&two).await, ResponseCode::FormErr);
    assert_eq!(code(&Message::query()).await, ResponseCode::FormErr);

    for opcode in [OpCode::Status, OpCode::Notify, OpCode::Update] {
        let mut other = plain.clone();
        other.metadata.op_code = opcode;
        assert_eq!(code(&other).await, ResponseCode::NotImp, "{opcode:?}");
    }
    let mut chaos = plain.clone();
    chaos.queries[0].set_query_class(DNSClass::CH);
    assert_eq!(code(&chaos).await, ResponseCode::Refused);
    assert_eq!(
        code(&question("test.", RecordType::AXFR)).await,
        ResponseCode::Refused
    );

    let mut broken = plain.to_vec().unwrap();
    broken.truncate(20);
    assert_eq!(
        raw(&server, &broken).await.metadata.response_code,
        ResponseCode::FormErr
    );
}

#[tokio::test]
async fn responses_and_scraps_get_no_answer() {
    let (_dir, server) = serving(&[shop()]).await;
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let good = question("shop.agent-1.test.", RecordType::A).to_vec().unwrap();
    let mut response = good.clone();
    response[2] |= 0x80;
    for scrap in [&response[..], &[], &good[..11]] {
        socket.send_to(scrap, server.address).await.unwrap();
    }
    // In the order of arrival: the first answer is to the last question.
    socket.send_to(&good, server.address).await.unwrap();
    let mut buffer = [0; 512];
    let length = tokio::time::timeout(PATIENCE, socket.recv(&mut buffer))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(Message::from_vec(&buffer[..length]).unwrap().answers.len(), 1);
}

#[tokio::test]
async fn many_replicas_are_cut_over_udp_and_whole_over_tcp() {
    let replicas: Vec<u8> = (1..=200).collect();
    let (_dir, server) = serving(&[zone("shop/a", "test", &[("api.a", &replicas)])]).await;
    let mut message = question("api.a.test.", RecordType::A);
    let answer = raw(&server, &message.to_vec().unwrap()).await;
    assert!(answer.metadata.truncation);
    assert!(
        (10..=30).contains(&answer.answers.len()),
        "{}",
        answer.answers.len()
    );

    message.set_edns(Edns::new().set_max_payload(1232).clone());
    let answer = raw(&server, &message.to_vec().unwrap()).await;
    assert!(answer.metadata.truncation && answer.edns.is_some());

    // The client asks again over TCP by itself.
    assert_eq!(server.ask("api.a.test", A).await.addresses.len(), 200);
}

#[tokio::test]
async fn tcp_questions_in_a_row_on_one_connection() {
    let (_dir, server) = serving(&[shop()]).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let mut burst = Vec::new();
    let questions: Vec<Message> = (0..100)
        .map(|n| {
            question(
                if n % 2 == 0 {
                    "shop.agent-1.test."
                } else {
                    "no.test."
                },
                RecordType::A,
            )
        })
        .collect();
    for question in &questions {
        let bytes = question.to_vec().unwrap();
        burst.extend(u16::try_from(bytes.len()).unwrap().to_be_bytes());
        burst.extend(bytes);
    }
    stream.write_all(&burst).await.unwrap();
    for (n, question) in questions.iter().enumerate() {
        let mut bytes = vec![0; usize::from(stream.read_u16().await.unwrap())];
        stream.read_exact(&mut bytes).await.unwrap();
        let answer = Message::from_vec(&bytes).unwrap();
        assert_eq!(answer.metadata.id, question.metadata.id);
        assert_eq!(answer.answers.len(), usize::from(n % 2 == 0));
    }
}

#[tokio::test]
async fn garbage_over_tcp_ends_that_connection_only() {
    let (_dir, server) = serving(&[shop()]).await;
    let mut garbage = TcpStream::connect(server.address).await.unwrap();
    garbage.write_all(&[0xFF; 4096]).await.unwrap();
    let mut half = TcpStream::connect(server.address).await.unwrap();
    half.write_all(&[0, 40, 1]).await.unwrap();
    assert_eq!(server.ask("shop.agent-1.test", A).await.addresses.len(), 1);
}

#[tokio::test]
async fn the_server_says_who_it_is_and_counts() {
    let (_dir, server) = serving(&[shop()]).await;
    let before = identify(server.address, PATIENCE).await.unwrap().unwrap();
    server.ask("shop.agent-1.test", A).await;
    server.ask("none.test", A).await;
    let after = identify(server.address, PATIENCE).await.unwrap().unwrap();
    assert_eq!(
        (after.pid, after.version.as_str(), after.home.as_str()),
        (std::process::id(), "9.8.7", "home-digest")
    );
    assert_eq!((after.zones, after.problems), (1, 0));
    assert_eq!(after.queries, before.queries + 3);
}

#[tokio::test]
async fn a_port_without_a_server_is_told_at_once() {
    let unused = UdpSocket::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let error = query(unused, "a.test", A, PATIENCE).await.unwrap_err();
    assert!(matches!(error, cilo_dns::QueryError::Reach { .. }), "{error:?}");
    let error = query(unused, "a..test", A, PATIENCE).await.unwrap_err();
    insta::assert_snapshot!(error, @"`a..test` is not a DNS name");
}

#[tokio::test]
async fn rcodes_have_their_usual_names() {
    let (_dir, server) = serving(&[]).await;
    assert_eq!(server.ask("nothing.test", A).await.rcode, Rcode::NxDomain);
    assert_eq!(server.ask("nothing.com", A).await.rcode.to_string(), "REFUSED");
}

// SPDX-License-Identifier: MIT
//! Publishing, withdrawing, restarting and failing while the server runs.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::support::{PATIENCE, Running, about, zone};
use cilo_dns::QueryType::A;
use cilo_dns::{
    AwaitError, BindError, Expected, Occupant, Rcode, Server, ZoneProblem, await_served, identify, publish,
    read_all, withdraw,
};
use tokio::net::{TcpListener, UdpSocket};

#[tokio::test]
async fn live_when_publish_is_awaited_gone_when_withdraw_is() {
    let dir = tempfile::tempdir().unwrap();
    let server = Running::over(dir.path()).await;
    let env = "shop/a".parse().unwrap();
    for last in 1..=50 {
        server
            .publish(&zone("shop/a", "test", &[("api.a", &[last])]))
            .await;
        assert_eq!(
            server.ask("api.a.test", A).await.addresses,
            [Ipv4Addr::new(10, 224, 0, last)]
        );
        if last % 10 == 0 {
            assert!(withdraw(dir.path(), &env).unwrap());
            await_served(server.address, Expected::Withdrawn(&env), PATIENCE)
                .await
                .unwrap();
            assert_eq!(server.ask("api.a.test", A).await.rcode, Rcode::NxDomain);
        }
    }
}

#[tokio::test]
async fn changes_are_noticed_without_being_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let server = Running::over(dir.path()).await;
    publish(dir.path(), &zone("shop/a", "test", &[("api.a", &[1])])).unwrap();
    wait_for(&server, "api.a.test", 1).await;
    withdraw(dir.path(), &"shop/a".parse().unwrap()).unwrap();
    wait_for(&server, "api.a.test", 0).await;
}

#[tokio::test]
async fn the_directory_may_come_late_and_be_replaced() {
    let base = tempfile::tempdir().unwrap();
    let dir = base.path().join("dns");
    let server = Running::over(&dir).await;
    assert_eq!(server.ask("api.a.test", A).await.rcode, Rcode::NxDomain);
    server.publish(&zone("shop/a", "test", &[("api.a", &[1])])).await;
    fs_err::remove_dir_all(&dir).unwrap();
    wait_for(&server, "api.a.test", 0).await;
    publish(&dir, &zone("shop/b", "test", &[("api.b", &[2, 3])])).unwrap();
    wait_for(&server, "api.b.test", 2).await;
}

#[tokio::test]
async fn a_restart_on_the_same_directory_and_port_answers_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let first = Running::over(dir.path()).await;
    first.publish(&zone("shop/a", "test", &[("api.a", &[1])])).await;
    let (address, before) = (first.address, first.ask("api.a.test", A).await);
    first.stop().await;
    let second = Running::on(address, dir.path()).await;
    assert_eq!(second.ask("api.a.test", A).await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_updates_a_second_never_give_a_half_answer() {
    let dir = tempfile::tempdir().unwrap();
    let server = Arc::new(Running::over(dir.path()).await);
    // Both names always have the same single address in one zone, and another zone stands still.
    let moving = |last| zone("shop/a", "test", &[("api.a", &[last, last]), ("web.a", &[last])]);
    server.publish(&moving(1)).await;
    server
        .publish(&zone("shop/b", "test", &[("api.b", &[250])]))
        .await;
    let done = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..4)
        .map(|_| {
            let (server, done) = (Arc::clone(&server), Arc::clone(&done));
            tokio::spawn(async move {
                let mut asked = 0u32;
                while !done.load(Ordering::Relaxed) {
                    let moving = server.ask("x.api.a.test", A).await.addresses;
                    assert!(moving.len() == 2 && moving[0] == moving[1], "{moving:?}");
                    let still = server.ask("api.b.test", A).await.addresses;
                    assert_eq!(still, [Ipv4Addr::new(10, 224, 0, 250)]);
                    asked += 2;
                }
                asked
            })
        })
        .collect();
    let mut ticks = tokio::time::interval(Duration::from_millis(10));
    for round in 0..200u8 {
        ticks.tick().await;
        publish(&server.dir, &moving(round)).unwrap();
    }
    let last = moving(201);
    server.publish(&last).await;
    assert_eq!(
        server.ask("web.a.test", A).await.addresses,
        [Ipv4Addr::new(10, 224, 0, 201)]
    );
    done.store(true, Ordering::Relaxed);
    for reader in readers {
        assert!(reader.await.unwrap() > 0);
    }
}

#[tokio::test]
async fn a_damaged_zone_takes_no_other_down() {
    let dir = tempfile::tempdir().unwrap();
    publish(dir.path(), &zone("shop/good", "test", &[("api.good", &[1])])).unwrap();
    publish(dir.path(), &zone("shop/bad", "test", &[("api.bad", &[2])])).unwrap();
    let path = |name: &str| dir.path().join(name);
    fs_err::copy(path("shop_good.json"), path("shop_copy.json")).unwrap();
    fs_err::write(path("shop_bad.json"), "{ \"version\": 1, \"suffix\": ").unwrap();
    fs_err::write(path("shop_new.json"), "{ \"version\": 2 }").unwrap();
    fs_err::create_dir(path("shop_dir.json")).unwrap();
    fs_err::write(path(".shop_x.123.tmp"), "half").unwrap();

    let (zones, problems) = read_all(dir.path());
    assert_eq!(zones.len(), 1);
    let messages: Vec<String> = problems
        .iter()
        .map(|p| p.to_string().replace(&dir.path().display().to_string(), "DIR"))
        .collect();
    insta::assert_snapshot!(messages.join("\n"), @r"
    the DNS zone DIR/shop_bad.json is damaged; `cilo up` of its environment writes it anew
    the DNS zone DIR/shop_copy.json belongs to shop/good and is not its file; remove it
    cannot read the DNS zone DIR/shop_dir.json
    the DNS zone DIR/shop_new.json has version 2, this Cilo reads version 1; restart the daemon with the newer one
    ");
    assert!(matches!(problems[0], ZoneProblem::Damaged { .. }));

    let server = Running::over(dir.path()).await;
    assert_eq!(server.ask("api.good.test", A).await.addresses.len(), 1);
    assert_eq!(
        identify(server.address, PATIENCE)
            .await
            .unwrap()
            .unwrap()
            .problems,
        4
    );
    server
        .publish(&zone("shop/bad", "test", &[("api.bad", &[2])]))
        .await;
    assert_eq!(server.ask("api.bad.test", A).await.addresses.len(), 1);
}

#[test]
fn publishing_the_same_again_writes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let same = zone("shop/a", "test", &[("api.a", &[1])]);
    assert!(publish(dir.path(), &same).unwrap());
    assert!(!publish(dir.path(), &same).unwrap());
    assert_eq!(read_all(dir.path()).0, [same]);
    fs_err::write(dir.path().join(".shop_a.left.tmp"), "").unwrap();
    assert!(withdraw(dir.path(), &"shop/a".parse().unwrap()).unwrap());
    assert!(!withdraw(dir.path(), &"shop/a".parse().unwrap()).unwrap());
    assert_eq!(fs_err::read_dir(dir.path()).unwrap().count(), 0);
    assert!(!withdraw(&dir.path().join("missing"), &"shop/a".parse().unwrap()).unwrap());
}

#[test]
fn a_directory_that_cannot_be_had_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs_err::write(&file, "").unwrap();
    let error = publish(&file.join("dns"), &zone("shop/a", "test", &[])).unwrap_err();
    assert!(error.to_string().contains("/file/dns"), "{error}");
    let long = format!(
        "{}.dev",
        ["x".repeat(60), "y".repeat(60), "z".repeat(60)].join(".")
    );
    let long_suffix = ["s".repeat(60), "t".repeat(60)].join(".");
    let error = publish(dir.path(), &zone("shop/a", &long_suffix, &[(&long, &[])])).unwrap_err();
    assert!(error.to_string().contains("253"), "{error}");
}

#[tokio::test]
async fn a_taken_port_says_by_whom() {
    let dir = tempfile::tempdir().unwrap();
    let first = Running::over(dir.path()).await;
    let error = Server::bind(first.address, dir.path(), about())
        .await
        .unwrap_err();
    let BindError::Taken {
        occupant: Occupant::Cilo(daemon),
        ..
    } = &error
    else {
        panic!("{error:?}")
    };
    assert_eq!(daemon.home, "home-digest");
    insta::assert_snapshot!(
        error.to_string().replace(&first.address.to_string(), "ADDRESS").replace(&std::process::id().to_string(), "PID"),
        @"ADDRESS is taken by cilo 9.8.7 (pid PID); stop it, or choose another port for Cilo's DNS"
    );

    let tcp_only = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let error = Server::bind(tcp_only.local_addr().unwrap(), dir.path(), about())
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            BindError::Taken {
                occupant: Occupant::Unknown,
                ..
            }
        ),
        "{error:?}"
    );

    let udp_only = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let error = Server::bind(udp_only.local_addr().unwrap(), dir.path(), about())
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            BindError::Taken {
                occupant: Occupant::Unknown,
                ..
            }
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn waiting_for_what_does_not_come_ends_and_says_why() {
    let (dir, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Running::over(dir.path()).await;
    let zone = zone("shop/a", "test", &[("api.a", &[1])]);
    publish(elsewhere.path(), &zone).unwrap();
    let short = Duration::from_millis(100);
    let error = await_served(server.address, Expected::Published(&zone), short)
        .await
        .unwrap_err();
    assert!(matches!(error, AwaitError::NotServed { .. }), "{error:?}");

    let unused = UdpSocket::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let error = await_served(unused, Expected::Published(&zone), short)
        .await
        .unwrap_err();
    assert!(matches!(error, AwaitError::Unanswered { .. }), "{error:?}");
}

async fn wait_for(server: &Running, name: &str, addresses: usize) {
    let noticed = async {
        while server.ask(name, A).await.addresses.len() != addresses {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, noticed).await.unwrap();
}

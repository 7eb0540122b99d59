//! The services fail as they are told to.

use std::collections::BTreeSet;

use fulfilment::services::{ServiceError, Undo};
use uuid::Uuid;

use crate::server::{Server, command};

#[tokio::test]
async fn a_share_of_the_orders_is_refused_for_good_and_the_same_after_a_restart() {
    let args = ["--fail", "ship=0.1,charge=0.05"];
    let mut server = Server::start(&args);
    let mut runs = Vec::new();
    for _ in 0..2 {
        let services = server.services();
        let (mut shipped, mut charged) = (BTreeSet::new(), BTreeSet::new());
        for number in 1..=300 {
            let order_id = format!("order-{number}");
            services.reserve(Uuid::now_v7(), &order_id, 500).await.unwrap();
            if let Err(error) = services.charge(Uuid::now_v7(), &order_id, 500).await {
                assert_eq!(error.to_string(), format!("refused: payment will not charge {order_id}"));
                charged.insert(number);
            }
            if let Err(error) = services.ship(Uuid::now_v7(), &order_id, 500).await {
                assert!(matches!(error, ServiceError::Refused { .. }), "{error}");
                shipped.insert(number);
            }
        }
        runs.push((shipped, charged));
        server = server.restart(&args);
    }
    let (shipped, charged) = &runs[0];
    assert!((15..45).contains(&shipped.len()) && (5..30).contains(&charged.len()), "{runs:?}");
    assert_eq!(runs[0], runs[1]);
    assert_eq!(server.entries().len(), 2 * (900 - shipped.len() - charged.len()), "a refusal leaves no line");
}

#[tokio::test]
async fn a_flaky_call_is_turned_away_before_its_effect() {
    let server = Server::start(&["--flaky", "1"]);
    let key = Uuid::now_v7();
    for _ in 0..3 {
        let error = server.services().reserve(key, "order-1", 500).await.unwrap_err();
        assert!(matches!(error, ServiceError::Unavailable { .. }), "{error}");
    }
    let error = server.services().release(Uuid::now_v7(), "order-1", 500, key).await.unwrap_err();
    assert!(matches!(error, ServiceError::Unavailable { .. }), "{error}");
    assert_eq!(server.entries(), []);

    let server = server.restart(&["--flaky", "0.5"]);
    let services = server.services();
    let (mut away, mut done) = (0, 0);
    for number in 0..200 {
        match services.reserve(Uuid::now_v7(), &format!("order-{number}"), 500).await {
            Ok(_) => done += 1,
            Err(ServiceError::Unavailable { .. }) => away += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert!(away >= 50 && done >= 50, "{away} turned away, {done} done");
    assert_eq!(server.entries().len(), done);
}

#[tokio::test]
async fn a_lost_answer_is_a_broken_connection_after_the_effect() {
    let server = Server::start(&["--lossy", "1"]);
    let (charge, refund) = (Uuid::now_v7(), Uuid::now_v7());
    let error = server.services().charge(charge, "order-1", 500).await.unwrap_err();
    assert!(matches!(error, ServiceError::Unanswered { .. }), "{error}");
    assert_eq!(server.entries().len(), 1);
    let error = server.services().refund(refund, "order-1", 500, charge).await.unwrap_err();
    assert!(matches!(error, ServiceError::Unanswered { .. }), "{error}");
    assert_eq!(server.entries().len(), 2);

    let server = server.restart(&[]);
    server.services().charge(charge, "order-1", 500).await.unwrap();
    assert_eq!(server.services().refund(refund, "order-1", 500, charge).await.unwrap(), Undo::Undone);
    assert_eq!(server.entries().len(), 2, "asked again under the same keys, they have no second effect");
}

#[tokio::test]
async fn who_asks_again_until_there_is_an_answer_has_each_effect_once() {
    let server = Server::start(&["--flaky", "0.3", "--lossy", "0.3"]);
    let services = server.services();
    let mut asked = 0;
    for number in 0..100 {
        let key = Uuid::now_v7();
        loop {
            asked += 1;
            match services.ship(key, &format!("order-{number}"), 500).await {
                Ok(_) => break,
                Err(ServiceError::Unavailable { .. } | ServiceError::Unanswered { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }
    assert!(asked > 120, "{asked}");
    assert_eq!(server.entries().len(), 100);
}

#[test]
fn a_bad_rate_is_a_bad_command_line() {
    let run = |args: &[&str]| {
        let output = command(&["services", "--ledger", "unused"]).args(args).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).unwrap()
    };
    let stderr = run(&["--fail", "sail=0.1"]);
    assert!(stderr.contains("`sail` is no action: write one of `reserve`, "), "{stderr}");
    let stderr = run(&["--flaky", "20"]);
    assert!(stderr.contains("`20` is no share: write a number from 0 to 1"), "{stderr}");
}

//! The services are killed, and start again with what they knew.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::time::Duration;

use fulfilment::services::{Action, ServiceError, Undo};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::server::{Server, command};

#[tokio::test]
async fn a_key_is_answered_as_before_by_a_server_that_was_killed() {
    let server = Server::start(&[]);
    let services = server.services();
    let (reserve, charge, ship, refund) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
    let reservation = services.reserve(reserve, "order-1", 500).await.unwrap();
    let payment = services.charge(charge, "order-1", 500).await.unwrap();
    let shipment = services.ship(ship, "order-1", 500).await.unwrap();
    assert_eq!(services.refund(refund, "order-1", 500, charge).await.unwrap(), Undo::Undone);
    let before = fs::read_to_string(server.ledger()).unwrap();
    assert_eq!(
        before.lines().next().unwrap(),
        format!(
            r#"{{"service":"inventory","action":"reserve","key":"{reserve}","order_id":"order-1","amount":500}}"#
        )
    );

    let server = server.restart(&[]);
    let services = server.services();
    assert_eq!(services.reserve(reserve, "order-1", 500).await.unwrap(), reservation);
    assert_eq!(services.charge(charge, "order-1", 500).await.unwrap(), payment);
    assert_eq!(services.ship(ship, "order-1", 500).await.unwrap(), shipment);
    assert_eq!(services.refund(refund, "order-1", 500, charge).await.unwrap(), Undo::Undone);
    assert_eq!(fs::read_to_string(server.ledger()).unwrap(), before);
}

#[tokio::test]
async fn what_was_answered_before_a_kill_in_the_middle_is_in_the_ledger_and_nothing_is_there_twice() {
    let mut server = Server::start(&[]);
    let mut answered = Vec::new();
    for round in 0..5 {
        let mut calls = JoinSet::new();
        for number in 0..200 {
            let services = server.services();
            calls.spawn(async move {
                let key = Uuid::now_v7();
                let answer = services.charge(key, &format!("order-{round}-{number}"), 500).await;
                (key, answer.is_ok())
            });
        }
        let mut answers = 0;
        while answers < 50 {
            let (key, ok) = calls.join_next().await.unwrap().unwrap();
            answers += 1;
            answered.extend(ok.then_some(key));
        }
        server = server.restart(&[]);
        answered.extend(calls.join_all().await.into_iter().filter_map(|(key, ok)| ok.then_some(key)));
    }
    assert!(answered.len() >= 250, "{}", answered.len());
    let mut keys: Vec<Uuid> = server.entries().into_iter().map(|entry| entry.key).collect();
    assert!(answered.iter().all(|key| keys.contains(key)));
    let lines = keys.len();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), lines);
}

#[tokio::test]
async fn a_torn_last_line_has_not_happened() {
    let server = Server::start(&[]);
    let (first, second) = (Uuid::now_v7(), Uuid::now_v7());
    server.services().reserve(first, "order-1", 500).await.unwrap();
    server.services().charge(second, "order-1", 500).await.unwrap();
    let path = server.ledger();
    let whole = fs::read(&path).unwrap();
    let folder = server.kill();
    OpenOptions::new().write(true).open(&path).unwrap().set_len(whole.len() as u64 - 20).unwrap();

    let server = Server::start_in(folder, "127.0.0.1:0", &[]);
    assert_eq!(server.entries().len(), 1);
    server.services().charge(second, "order-1", 500).await.unwrap();
    assert_eq!(fs::read(&path).unwrap(), whole);
}

#[tokio::test]
async fn a_stopped_server_leaves_the_outcome_open_and_a_killed_one_is_not_there() {
    let server = Server::start(&[]);
    let impatient =
        fulfilment::services::Services::There(server.client().timeout(Duration::from_millis(200)));
    let key = Uuid::now_v7();
    server.signal("-STOP");
    let error = impatient.ship(key, "order-1", 500).await.unwrap_err();
    assert!(matches!(error, ServiceError::Unanswered { .. }), "{error}");
    server.signal("-CONT");
    server.services().ship(key, "order-1", 500).await.unwrap();
    assert_eq!(server.entries().len(), 1);

    let services = server.services();
    server.kill();
    // The first call may find a connection that the server's end has closed under it; the next has to open one.
    let error = async || services.ship(Uuid::now_v7(), "order-2", 500).await.unwrap_err();
    error().await;
    let error = error().await;
    assert!(matches!(error, ServiceError::Unavailable { .. }), "{error}");
}

#[test]
fn a_ledger_that_is_in_use_or_no_ledger_is_said_in_words() {
    let server = Server::start(&[]);
    let ledger = server.ledger();
    let run = |ledger: &str| {
        let output = command(&["services", "--listen", "127.0.0.1:0", "--ledger", ledger]).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let ledger_name = ledger.to_str().unwrap();
    assert_eq!(
        run(ledger_name),
        (Some(2), format!("fulfilment: {ledger_name} is in use by another process\n"))
    );

    let folder = server.kill();
    writeln!(OpenOptions::new().append(true).open(&ledger).unwrap(), "hello").unwrap();
    let (code, stderr) = run(ledger_name);
    assert_eq!(code, Some(2));
    assert!(
        stderr.starts_with(&format!("fulfilment: {ledger_name}, line 1: this is no line of a ledger: ")),
        "{stderr}"
    );
    drop(folder);
}

#[tokio::test]
async fn racing_calls_with_one_key_have_one_effect_and_one_answer() {
    let server = Server::start(&[]);
    for round in 0..20 {
        let key = Uuid::now_v7();
        let order_id = format!("order-{round}");
        let mut calls = JoinSet::new();
        for _ in 0..16 {
            // A client of its own is a connection of its own.
            let (services, order_id) = (server.services(), order_id.clone());
            calls.spawn(async move { services.charge(key, &order_id, 500).await.unwrap() });
        }
        let payments = calls.join_all().await;
        assert!(payments.iter().all(|payment| *payment == payments[0]), "{payments:?}");
        let entries = server.entries();
        assert_eq!(entries.iter().filter(|entry| entry.key == key).count(), 1);
        assert_eq!(entries.len(), round + 1);
        assert_eq!(entries[round].action, Action::Charge);
    }
}

//! On PostgreSQL: what is placed stays placed, whatever becomes of the run.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use ::orders::{Cents, CustomerId, LineItem, Order, OrderId, PlaceOrder, ProductId};
use kenning::{Kenning, PostgresStore};
use serde_json::json;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection, Executor};
use time::OffsetDateTime;
use time::macros::datetime;
use uuid::Uuid;

use crate::program::{HEADER, Run, command, file, orders};

#[tokio::test]
async fn run_again_it_changes_nothing_and_says_so() {
    let database = Database::create().await;
    let file = file(&lines(300));
    let first = orders(&file, &["--json", "--store", &database.url]);
    let again = orders(&file, &["--json", "--store", &database.url]);

    let (placed, rejected, dropped, total) = (257, 43, 43, total(300));
    assert_eq!(
        first.json(),
        json!({
            "orders": 300, "placed": placed, "already_placed": 0, "rejected": rejected, "malformed": 0, "lines": 300,
            "lines_dropped": dropped, "events": placed, "total_cents": total,
        })
    );
    assert_eq!(
        again.json(),
        json!({
            "orders": 300, "placed": 0, "already_placed": placed, "rejected": rejected, "malformed": 0, "lines": 300,
            "lines_dropped": dropped, "events": 0, "total_cents": total,
        })
    );
    assert_eq!((first.code, again.code), (Some(0), Some(0)));
    assert_eq!(first.stderr, again.stderr);

    // The read models have seen both runs, and each order once; a rebuild gives the same.
    let expected = json!([{ "customer_id": 10, "orders": placed, "total_cents": total }]);
    for asked in [&["--top", "5"][..], &["--top", "5", "--rebuild"]] {
        let asked = orders(&file, &[&["--json", "--store", &database.url], asked].concat());
        assert_eq!(asked.json()["top"], expected);
    }
    database.drop().await;
}

#[tokio::test]
async fn killed_in_the_middle_and_run_again_the_total_is_that_of_an_undisturbed_run() {
    let database = Database::create().await;
    let lines = lines(3_000);
    let mut child = command(&["--json", "--file", "/dev/stdin", "--store", &database.url])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let (before, after) = lines.split_at(1_500);
    writeln!(stdin, "{HEADER}\n{}", before.join("\n")).unwrap();
    // Order 1,400 is rejected, and that is said when all before it have their answers: now orders are being written.
    let mut reports = BufReader::new(child.stderr.take().unwrap()).lines();
    let seen = reports.find(|line| line.as_ref().is_ok_and(|line| line.contains("order 1400 is rejected")));
    assert!(seen.is_some(), "the program was still running");
    writeln!(stdin, "{}", after[..500].join("\n")).unwrap();
    child.kill().unwrap();
    let status = child.wait().unwrap();
    assert!(!status.success(), "killed, not finished");

    let file = file(&lines);
    let rest = orders(&file, &["--json", "--store", &database.url]);
    let object = rest.json();
    let (placed, already) = (object["placed"].as_u64().unwrap(), object["already_placed"].as_u64().unwrap());
    assert!(already >= 1_200 && placed >= 857, "{already} were placed before the kill, {placed} after it");
    assert_eq!(placed + already, 2_571);
    assert_eq!(object["events"], placed, "each of the rest is stored once, none of the others again");
    assert_eq!(object["total_cents"], total(3_000));
    assert_eq!(rest.code, Some(0));
    database.drop().await;
}

#[tokio::test]
async fn an_order_that_has_changed_since_is_reported_and_stays_as_it_was() {
    let database = Database::create().await;
    let before = file(&["1,10,2026-03-02T08:00:00Z,7,1,1.00", "2,10,2026-03-02T08:00:00Z,7,1,1.00"]);
    let after = file(&["1,10,2026-03-02T08:00:00Z,7,1,9.00", "2,10,2026-03-02T08:00:00Z,7,1,1.00"]);
    assert_eq!(orders(&before, &["--json", "--store", &database.url]).code, Some(0));
    let changed = orders(&after, &["--json", "--store", &database.url]);
    assert_eq!(
        changed.stderr,
        "line 2: order 1 is rejected: it was placed before with other contents, which stay\n"
    );
    assert_eq!(
        changed.json(),
        json!({
            "orders": 2, "placed": 0, "already_placed": 1, "rejected": 1, "malformed": 0, "lines": 2,
            "lines_dropped": 0, "events": 0, "total_cents": 100,
        })
    );
    assert_eq!(changed.code, Some(1));
    let same = orders(&before, &["--json", "--store", &database.url]);
    assert_eq!(
        (same.json()["already_placed"].as_u64(), same.json()["total_cents"].as_u64()),
        (Some(2), Some(200))
    );
    database.drop().await;
}

/// As after thirty days, when the ledger has forgotten the import's own command.
#[tokio::test]
async fn an_order_that_another_command_has_placed_is_placed_already_or_contradicts() {
    let database = Database::create().await;
    let store = PostgresStore::connect(&database.url).await.unwrap();
    let app = Kenning::builder(store).aggregate::<Order>().build().await.unwrap();
    for order_id in [OrderId(1), OrderId(2)] {
        let item = LineItem { product_id: ProductId(7), quantity: 1, amount: Cents(100) };
        let (customer_id, placed_at) = (CustomerId(10), datetime!(2026-03-02 08:00:00 UTC));
        app.execute(PlaceOrder { order_id, customer_id, placed_at, items: vec![item] }).await.unwrap();
    }
    app.close().await;

    let file = file(&["1,10,2026-03-02T08:00:00Z,7,1,1.00", "2,10,2026-03-02T08:00:00Z,7,1,9.00"]);
    let run = orders(&file, &["--json", "--store", &database.url]);
    assert_eq!(
        run.stderr,
        "line 3: order 2 is rejected: it was placed before with other contents, which stay\n"
    );
    assert_eq!(
        run.json(),
        json!({
            "orders": 2, "placed": 0, "already_placed": 1, "rejected": 1, "malformed": 0, "lines": 2,
            "lines_dropped": 0, "events": 0, "total_cents": 100,
        })
    );
    assert_eq!(run.code, Some(1));
    database.drop().await;
}

#[test]
fn a_server_that_is_not_there_is_said_in_words() {
    let run =
        Run::of(command(&["--json", "--store", "postgres://postgres:secret@127.0.0.1:1/nowhere"]).output());
    assert_eq!((run.code, &*run.stdout), (Some(2), ""), "{run:?}");
    assert!(run.stderr.starts_with("orders: the store is not available: "), "{run:?}");
    assert!(!run.stderr.contains("secret"), "{run:?}");
}

/// So many orders of one line; every seventh has the quantity 0.
fn lines(orders: u64) -> Vec<String> {
    (0..orders).map(|order| format!("{order},10,2026-03-02T08:00:00Z,7,{},{order}.05", order % 7)).collect()
}

/// What they cost, in cents.
fn total(orders: u64) -> u64 {
    (0..orders).filter(|order| order % 7 != 0).map(|order| order * 100 + 5).sum()
}

/// A database of a test's own on the server of `DATABASE_URL`.
struct Database {
    server: PgConnectOptions,
    name: String,
    url: String,
}

impl Database {
    async fn create() -> Self {
        let url = std::env::var("DATABASE_URL").unwrap_or_else(|_| {
            panic!("DATABASE_URL is not set: run `tests/run`, or name a PostgreSQL server whose user may create databases")
        });
        let server: PgConnectOptions = url.parse().unwrap();
        let name = format!(
            "kenning_test_{}_{}",
            OffsetDateTime::now_utc().unix_timestamp(),
            Uuid::now_v7().simple()
        );
        let mut connection = PgConnection::connect_with(&server).await.unwrap();
        connection.execute(sqlx::AssertSqlSafe(format!("create database {name}"))).await.unwrap();
        let url = server.clone().database(&name).to_url_lossy().to_string();
        Self { server, name, url }
    }

    async fn drop(self) {
        let mut connection = PgConnection::connect_with(&self.server).await.unwrap();
        let sql = format!("drop database {} with (force)", self.name);
        connection.execute(sqlx::AssertSqlSafe(sql)).await.unwrap();
    }
}

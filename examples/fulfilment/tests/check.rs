//! The checker as a program, on a database with the store's tables as they are documented: it reads them with nothing of Kenning, and so does this test write them.

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};
use tempfile::NamedTempFile;
use time::OffsetDateTime;
use uuid::Uuid;

const TABLES: &str = "
    create schema \"the shop\";
    create table \"the shop\".events (stream text collate \"C\" not null, version bigint not null, name text collate \"C\" not null);
    create table \"the shop\".sagas (saga text not null, id text not null, status text not null)
";

#[tokio::test]
async fn sagas_and_the_ledger_are_held_against_each_other() {
    let mut database = Database::create().await;
    database
        .run(
            "insert into events values ('order-order-1', 1, 'order.placed'), ('order-order-1', 2, 'order.shipped'),
                ('order-order-2', 1, 'order.placed'), ('payment-9', 1, 'payment.settled');
             insert into sagas values ('order-fulfilment', 'order-1', 'completed'),
                ('order-fulfilment', 'order-2', 'compensated'), ('order-fulfilment', 'order-3', 'parked'),
                ('another', 'order-4', 'running')",
        )
        .await;
    let sound = "order-1 reserve, order-2 reserve, order-1 charge, order-2 release, order-1 ship";
    let run = database.check(&ledger(sound), &[]);
    let summary = json!({
        "orders": 3, "completed": 1, "compensated": 1, "parked": 1, "effects": 4, "undos": 1, "mistakes": 0,
    });
    assert_eq!(run, (Some(0), summary, String::new()));

    let (code, summary, stderr) = database.check(&ledger("order-2 reserve, order-4 reserve"), &[]);
    assert_eq!((code, &summary["mistakes"]), (Some(1), &json!(5)));
    assert_eq!(
        stderr,
        "order-1: it is completed without a `reserve`\norder-1: it is completed without a `charge`\n\
         order-1: it is completed without a `ship`\norder-2: it is compensated, but its `reserve` is not undone\n\
         order-4: the store does not know it, but there is a `reserve`\n"
    );

    database
        .run(
            "insert into events values ('order-order-5', 1, 'order.placed');
             update sagas set status = 'compensating' where id = 'order-2'",
        )
        .await;
    let (code, summary, stderr) = database.check(&ledger(sound), &[]);
    assert_eq!((code, &summary["orders"]), (Some(1), &json!(4)));
    assert_eq!(
        stderr, "order-2: it has no end, it is `compensating`\norder-5: it has no end, it is `placed`\n",
        "an order for which no saga was started has no end either"
    );
    database.drop().await;
}

#[tokio::test]
async fn without_an_orchestrator_the_last_event_is_the_end() {
    let mut database = Database::create().await;
    database
        .run(
            "insert into events values
                ('order-order-1', 1, 'order.placed'), ('order-order-1', 2, 'order.shipped'),
                ('order-order-2', 2, 'order.cancelled'), ('order-order-2', 1, 'order.placed'),
                ('inventory-order-1', 1, 'inventory.reserved')",
        )
        .await;
    let ledger = ledger("order-1 reserve, order-1 charge, order-1 ship");
    let run = database.check(&ledger, &["--choreography"]);
    let summary = json!({
        "orders": 2, "completed": 1, "compensated": 1, "parked": 0, "effects": 3, "undos": 0, "mistakes": 0,
    });
    assert_eq!(run, (Some(0), summary, String::new()));

    database.run("insert into events values ('order-order-3', 1, 'order.placed')").await;
    let (code, _, stderr) = database.check(&ledger, &["--choreography"]);
    assert_eq!((code, &*stderr), (Some(1), "order-3: it has no end, it is `order.placed`\n"));
    database.drop().await;
}

#[tokio::test]
async fn what_cannot_be_read_is_no_verdict() {
    let mut database = Database::create().await;
    let (code, stdout, stderr) = database.check(Path::new("/nowhere/ledger"), &[]);
    assert_eq!((code, stdout), (Some(2), Value::Null));
    assert!(stderr.starts_with("fulfilment-check: /nowhere/ledger: it cannot be read: "), "{stderr}");
    let (code, _, stderr) = database.check(&ledger(""), &["--schema", "elsewhere"]);
    assert_eq!(code, Some(2));
    assert!(stderr.starts_with("fulfilment-check: the store cannot be read: "), "{stderr}");
    database.run("drop table sagas").await;
    assert_eq!(database.check(&ledger(""), &[]).0, Some(2));
    database.drop().await;
}

/// A ledger of these actions, each under a key of its own.
fn ledger(text: &str) -> tempfile::TempPath {
    let mut lines = String::new();
    for line in text.split(", ").filter(|line| !line.is_empty()) {
        let (order_id, action) = line.split_once(' ').unwrap();
        let key = Uuid::now_v7();
        let line = json!({ "service": "a", "action": action, "key": key, "order_id": order_id, "amount": 5 });
        writeln!(lines, "{line}").unwrap();
    }
    let file = NamedTempFile::new().unwrap();
    std::fs::write(file.path(), lines).unwrap();
    file.into_temp_path()
}

/// A database of a test's own on the server of `DATABASE_URL`.
struct Database {
    server: PgConnectOptions,
    name: String,
    url: String,
    connection: PgConnection,
}

impl Database {
    async fn create() -> Self {
        let url = std::env::var("DATABASE_URL").unwrap_or_else(|_| {
            panic!("DATABASE_URL is not set: run `tests/run`, or name a PostgreSQL server whose user may create databases")
        });
        let server: PgConnectOptions = url.parse().unwrap();
        let id = Uuid::now_v7().simple();
        let name = format!("kenning_test_{}_{id}", OffsetDateTime::now_utc().unix_timestamp());
        let mut connection = PgConnection::connect_with(&server).await.unwrap();
        connection.execute(AssertSqlSafe(format!("create database {name}"))).await.unwrap();
        let options = server.clone().database(&name);
        let url = options.to_url_lossy().to_string();
        let mut connection = PgConnection::connect_with(&options).await.unwrap();
        connection.execute(TABLES).await.unwrap();
        connection.execute("set search_path = \"the shop\"").await.unwrap();
        Self { server, name, url, connection }
    }

    async fn run(&mut self, sql: &'static str) {
        self.connection.execute(sql).await.unwrap();
    }

    /// What the checker exits with, and prints.
    fn check(&self, ledger: &Path, args: &[&str]) -> (Option<i32>, Value, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fulfilment-check"));
        command.args(["--store", &self.url, "--ledger"]).arg(ledger);
        if !args.contains(&"--schema") {
            command.args(["--schema", "the shop"]);
        }
        let output = command.args(args).output().unwrap();
        let stdout = String::from_utf8(output.stdout).unwrap();
        assert!(stdout.lines().count() <= 1, "{stdout}");
        let summary = if stdout.is_empty() { Value::Null } else { serde_json::from_str(&stdout).unwrap() };
        (output.status.code(), summary, String::from_utf8(output.stderr).unwrap())
    }

    async fn drop(self) {
        let mut connection = PgConnection::connect_with(&self.server).await.unwrap();
        let sql = format!("drop database {} with (force)", self.name);
        connection.execute(AssertSqlSafe(sql)).await.unwrap();
    }
}

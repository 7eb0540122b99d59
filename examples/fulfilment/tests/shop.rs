//! The program on a database, beside services of its own.

use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};
use uuid::Uuid;

use crate::server::{Server, command};

/// A database and the services.
pub(crate) struct Shop {
    connect: PgConnectOptions,
    name: String,
    url: String,
    pub(crate) server: Server,
}

impl Shop {
    pub(crate) async fn create(faults: &[&str]) -> Self {
        let url = std::env::var("DATABASE_URL").unwrap_or_else(|_| {
            panic!("DATABASE_URL is not set: run `tests/run`, or name a PostgreSQL server whose user may create databases")
        });
        let connect: PgConnectOptions = url.parse().unwrap();
        let name = format!("kenning_test_{}", Uuid::now_v7().simple());
        let mut connection = PgConnection::connect_with(&connect).await.unwrap();
        connection.execute(AssertSqlSafe(format!("create database {name}"))).await.unwrap();
        let url = connect.clone().database(&name).to_url_lossy().to_string();
        Self { connect, name, url, server: Server::start(faults) }
    }

    /// The services begin anew, with these faults.
    pub(crate) fn with_services(mut self, faults: &[&str]) -> Self {
        self.server = self.server.restart(faults);
        self
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = command(args);
        command.args(["--store", &self.url]).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Command {
        let mut command = self.command(&[&["run", "--json", "--lease", "2s"], args].concat());
        command.args(["--services", &self.server.address]);
        command
    }

    /// What an operator is told; nothing may go wrong.
    pub(crate) fn operate(&self, args: &[&str]) -> String {
        let (code, stdout, stderr) = said(self.command(args));
        assert_eq!((code, &*stderr), (Some(0), ""));
        stdout
    }

    pub(crate) fn check(&self, args: &[&str]) -> Value {
        let mut check = Command::new(env!("CARGO_BIN_EXE_fulfilment-check"));
        check.args(["--store", &self.url, "--ledger"]).arg(self.server.ledger()).args(args);
        let (_, stdout, stderr) = said(check);
        assert_eq!(stderr, "");
        serde_json::from_str(&stdout).unwrap()
    }

    pub(crate) async fn drop(self) {
        let mut connection = PgConnection::connect_with(&self.connect).await.unwrap();
        let sql = format!("drop database {} with (force)", self.name);
        connection.execute(AssertSqlSafe(sql)).await.unwrap();
    }
}

pub(crate) fn said(mut command: Command) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

/// A run that goes on beside the test.
pub(crate) struct Run(Child);

impl Run {
    pub(crate) fn start(mut command: Command) -> Self {
        Self(command.spawn().unwrap())
    }

    /// The object with which it ends, of which the time is checked and taken out.
    pub(crate) fn ended(self) -> Value {
        let Output { status, stdout, stderr } = self.0.wait_with_output().unwrap();
        let (stdout, stderr) = (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap());
        assert_eq!((status.code(), &*stderr), (Some(0), ""));
        let mut object: Value = serde_json::from_str(stdout.lines().last().unwrap()).unwrap();
        let seconds = object.as_object_mut().unwrap().remove("seconds").unwrap();
        assert!(seconds.as_f64().is_some_and(|seconds| seconds > 0.0), "{seconds}");
        object
    }
}

/// What another process does is waited for.
pub(crate) fn wait_for(what: &str, is_there: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_there() {
        assert!(begun.elapsed() < Duration::from_secs(60), "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

//! What the attacks on PostgreSQL share: stores, the stored rows read past the library, servers of their own.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use kenning::store::EventStore;
use kenning::{Kenning, PostgresStore};
use kenning_tests::storm::{Added, Stored, Tally};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Executor, PgConnection};
use tokio::process::Command;

/// A prepared store on a database.
pub(crate) async fn store(url: &str) -> PostgresStore {
    let store = PostgresStore::connect(url).await.expect("the database answers");
    store.prepare().await.expect("the schema is made");
    store
}

/// An application on a store.
pub(crate) async fn app(store: &PostgresStore) -> Kenning {
    Kenning::builder(store.clone()).aggregate::<Tally>().build().await.expect("an application")
}

/// A session that the library knows nothing of.
pub(crate) async fn session(url: &str) -> PgConnection {
    let options: PgConnectOptions = url.parse().expect("a URL");
    options.connect().await.expect("the database answers")
}

/// Runs SQL text.
pub(crate) async fn run(session: &mut PgConnection, sql: impl Into<String>) {
    let sql = sql.into();
    session.execute(AssertSqlSafe(sql.clone())).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

/// The events of all tallies as the table holds them, in the order of the positions.
pub(crate) async fn stored(url: &str) -> Vec<Stored> {
    let mut session = session(url).await;
    let rows: Vec<(i64, uuid::Uuid, String, i64, String)> = sqlx::query_as(
        "select position, event_id, stream, version, payload::text from kenning.events where stream like 'tally-%' order by position",
    )
    .fetch_all(&mut session)
    .await
    .expect("the table can be read");
    rows.into_iter()
        .map(|(position, id, stream, version, payload)| {
            let added: Added = serde_json::from_str(&payload).expect("an event of a tally");
            let (position, version) = (position.cast_unsigned(), version.cast_unsigned());
            Stored { position, id, stream, version, tag: added.tag, number: added.number }
        })
        .collect()
}

/// A server of a test's own, which it may stop as a crash would.
pub(crate) struct Server {
    folder: tempfile::TempDir,
    /// The URL of its database.
    pub(crate) url: String,
}

impl Server {
    /// A new server. It is told to answer commits before they are written, which the store has to overrule: what a crash of the server's processes takes
    /// back must not have been acknowledged.
    pub(crate) async fn start() -> Arc<Self> {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let url = script("up", &folder.path().join("server")).await;
        let server = Self { folder, url: url.trim().to_owned() };
        run(&mut session(&server.url).await, "alter database postgres set synchronous_commit = off").await;
        Arc::new(server)
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("server")
    }

    /// Ends all its processes at once, as a crash does, and starts it again.
    pub(crate) async fn crash(&self) {
        script("stop", &self.path()).await;
        script("start", &self.path()).await;
    }

    /// From now on nothing reaches the disk but what a commit puts there: the process that does it at its leisure is stopped.
    pub(crate) async fn pause_wal_writer(&self) {
        let sql = "select pid from pg_stat_activity where backend_type = 'walwriter'";
        let pid: i32 =
            sqlx::query_scalar(sql).fetch_one(&mut session(&self.url).await).await.expect("there is one");
        signal("-STOP", &pid.to_string()).await;
    }

    /// Stops it in good order, which ends every session, and starts it again.
    pub(crate) async fn restart(&self) {
        let pids = std::fs::read_to_string(self.path().join("data/postmaster.pid")).expect("it is running");
        let pid = pids.lines().next().expect("the first line is the process id").to_owned();
        signal("-INT", &pid).await;
        super::until("the server to stop", async || !self.path().join("data/postmaster.pid").exists()).await;
        script("start", &self.path()).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let down = std::process::Command::new(SCRIPT).arg("down").arg(self.path()).status();
        if !down.is_ok_and(|status| status.success()) {
            eprintln!("the server in {} may still be running", self.path().display());
        }
    }
}

async fn signal(signal: &str, pid: &str) {
    let sent = Command::new("kill").args([signal, pid]).status().await.expect("kill can be run");
    assert!(sent.success(), "process {pid} could not be sent {signal}");
}

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/postgres-server");

async fn script(command: &str, folder: &Path) -> String {
    let done = Command::new(SCRIPT).arg(command).arg(folder).output().await.expect("the script can be run");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(done.status.success(), "postgres-server {command}: {}", text(&done.stderr));
    text(&done.stdout)
}

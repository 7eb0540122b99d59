//! A PostgreSQL server in its own folder, which can be copied, killed, stopped and promoted.

use std::path::PathBuf;
use std::time::Duration;

use tokio::process::Command;

use crate::adversary::postgres::{run, session};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/postgres-server");

/// A server that is removed with this value.
pub(super) struct Node {
    folder: tempfile::TempDir,
    /// The URL of its database, without the proxy.
    pub(super) url: String,
}

impl Node {
    /// A new server. Its commits wait for the standby, if there is one.
    pub(super) async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let url = script(&["up", &path_in(&folder)]).await;
        let node = Self { folder, url };
        node.sql("alter database postgres set synchronous_commit = on").await;
        node
    }

    /// A copy of a server that is not running. It is not started.
    pub(super) async fn copy_of(other: &Self) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        script(&["copy", &path_in(&folder), &path_in(&other.folder)]).await;
        Self { folder, url: String::new() }
    }

    pub(super) fn data(&self) -> PathBuf {
        self.folder.path().join("server/data")
    }

    async fn script(&self, command: &str) -> String {
        script(&[command, &path_in(&self.folder)]).await
    }

    pub(super) async fn start(&mut self) {
        self.url = self.script("start").await;
    }

    /// SIGKILL for every process of the server.
    pub(super) async fn kill(&self) {
        self.script("kill").await;
    }

    /// Stops it in good order.
    pub(super) async fn shut(&self) {
        self.script("shut").await;
    }

    /// Adds settings, which its next start reads.
    pub(super) fn configure(&self, settings: &str) {
        let file = self.data().join("postgresql.auto.conf");
        let before = std::fs::read_to_string(&file).expect("its settings can be read");
        std::fs::write(file, format!("{before}{settings}\n")).expect("its settings can be written");
    }

    /// Makes it a standby of the server with this URL, from its next start on.
    pub(super) fn follow(&self, url: &str) {
        let address = url.strip_prefix("postgres://postgres@").expect("a URL of this module");
        let (address, _) = address.split_once('/').expect("the URL has a database");
        let (host, port) = address.split_once(':').expect("the URL has a port");
        self.configure(&format!(
            "primary_conninfo = 'host={host} port={port} user=postgres application_name=standby \
             sslmode=disable gssencmode=disable'\nwal_retrieve_retry_interval = '100ms'"
        ));
        self.stand_by();
    }

    /// Makes it read-only, as a standby that has lost its primary, from its next start on.
    pub(super) fn stand_by(&self) {
        self.signal_file("standby.signal");
    }

    /// Makes it recover up to a place in the log and begin a new timeline there, at its next start.
    pub(super) fn recover_to(&self, later: &Self, lsn: &str) {
        let (from, to) = (later.data().join("pg_wal"), self.data().join("pg_wal"));
        for entry in std::fs::read_dir(from).expect("the log can be listed") {
            let entry = entry.expect("the log can be listed");
            if entry.file_type().is_ok_and(|kind| kind.is_file()) {
                std::fs::copy(entry.path(), to.join(entry.file_name())).expect("the log can be copied");
            }
        }
        let owner = format!("--reference={}", self.data().display());
        let owned = std::process::Command::new("chown").args(["-R", &owner]).arg(&to).status();
        assert!(owned.is_ok_and(|status| status.success()), "the log has the owner of the server");
        self.configure(&format!(
            "restore_command = 'false'\nrecovery_target_lsn = '{lsn}'\n\
             recovery_target_inclusive = off\nrecovery_target_action = 'promote'"
        ));
        self.signal_file("recovery.signal");
    }

    fn signal_file(&self, name: &str) {
        std::fs::write(self.data().join(name), "").expect("the folder can be written");
    }

    /// Ends its recovery. It is writable afterwards.
    pub(super) async fn promote(&self) {
        self.sql("select pg_promote(true, 60)").await;
    }

    /// `-STOP` or `-CONT` for every process of the server.
    pub(super) async fn signal(&self, signal: &str) {
        let file = std::fs::read_to_string(self.data().join("postmaster.pid")).expect("it is running");
        let first = file.lines().next().expect("the first line is the process id").to_owned();
        let children = Command::new("pgrep").args(["-P", &first]).output().await.expect("pgrep can be run");
        let children = String::from_utf8_lossy(&children.stdout).into_owned();
        let mut kill = Command::new("kill");
        kill.arg(signal).args(children.split_whitespace()).arg(&first);
        let sent = kill.status().await.expect("kill can be run");
        assert!(sent.success(), "the server could not be sent {signal}");
    }

    /// Runs SQL text in a new session.
    pub(super) async fn sql(&self, sql: &str) {
        run(&mut session(&self.url).await, sql).await;
    }

    /// The text that a query answers.
    pub(super) async fn value(&self, sql: &'static str) -> String {
        sqlx::query_scalar(sql).fetch_one(&mut session(&self.url).await).await.expect("the server answers")
    }

    /// Waits until a query says true.
    pub(super) async fn until(&self, what: &str, sql: &'static str) {
        let mut session = session(&self.url).await;
        crate::adversary::until(what, async || {
            sqlx::query_scalar(sql).fetch_one(&mut session).await.expect("the server answers")
        })
        .await;
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let down = std::process::Command::new(SCRIPT).arg("down").arg(path_in(&self.folder)).status();
        if !down.is_ok_and(|status| status.success()) {
            eprintln!("the server in {} may still be running", self.folder.path().display());
        }
    }
}

fn path_in(folder: &tempfile::TempDir) -> String {
    folder.path().join("server").display().to_string()
}

async fn script(arguments: &[&str]) -> String {
    // Starting with a start under load: two minutes are a guard against hanging.
    let done = Command::new(SCRIPT).args(arguments).output();
    let done = tokio::time::timeout(Duration::from_secs(120), done).await.expect("the script ends");
    let done = done.expect("the script can be run");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    assert!(done.status.success(), "postgres-server {arguments:?}: {}", text(&done.stderr));
    text(&done.stdout)
}

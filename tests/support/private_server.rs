//! A server of one test alone, whose settings it may change.

use std::path::PathBuf;
use std::process::Command;

use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, PgConnection};

/// Stopped and removed when it is dropped.
pub struct PrivateServer {
    pub url: String,
    folder: tempfile::TempDir,
}

fn script() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("postgres-server")
}

impl PrivateServer {
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        // The server runs as another user, who has to reach its folder.
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(folder.path(), open).expect("the folder is ours");
        let data = folder.path().join("server");
        let up = Command::new(script()).arg("up").arg(&data).output().expect("tests/postgres-server runs");
        let said = String::from_utf8_lossy(&up.stderr).into_owned();
        assert!(up.status.success(), "no server: {said}");
        let url = String::from_utf8(up.stdout).expect("a URL is text").trim().to_owned();
        Self { url, folder }
    }

    /// A session of an operator.
    pub async fn admin(&self) -> PgConnection {
        let options: sqlx::postgres::PgConnectOptions = self.url.parse().expect("the URL can be read");
        options.connect().await.expect("the server answers")
    }

    /// Sets something for the whole server, and waits until a new session has it.
    pub async fn set(&self, name: &str, value: &str) {
        let mut admin = self.admin().await;
        let set = format!("alter system set {name} = '{value}'");
        admin.execute(AssertSqlSafe(set)).await.expect("the setting is known");
        admin.execute("select pg_reload_conf()").await.expect("the server reads its settings");
        admin.close().await.expect("the session ends");
        loop {
            let mut admin = self.admin().await;
            let show = AssertSqlSafe(format!("show {name}"));
            let now: String = sqlx::query_scalar(show).fetch_one(&mut admin).await.expect("it can be shown");
            if now == value {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }
}

impl Drop for PrivateServer {
    fn drop(&mut self) {
        let down = Command::new(script()).arg("down").arg(self.folder.path().join("server")).status();
        if !down.is_ok_and(|status| status.success()) {
            eprintln!("the server in {} was not stopped", self.folder.path().display());
        }
    }
}

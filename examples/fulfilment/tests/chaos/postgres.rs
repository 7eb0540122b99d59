//! A database server of the test's own, which it may end.

use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/postgres-server");

pub(super) struct Server {
    folder: TempDir,
    pub(super) url: String,
}

impl Server {
    pub(super) fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let url = script("up", &folder.path().join("server"));
        Self { url: url.trim().to_owned(), folder }
    }

    /// Ends all its processes at once, as a crash does, and starts it again.
    pub(super) fn crash(&self) {
        script("stop", &self.path());
        script("start", &self.path());
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("server")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let down = Command::new(SCRIPT).arg("down").arg(self.path()).status();
        if !down.is_ok_and(|status| status.success()) {
            eprintln!("the server in {} may still be running", self.path().display());
        }
    }
}

fn script(command: &str, folder: &std::path::Path) -> String {
    let done = Command::new(SCRIPT).arg(command).arg(folder).output().unwrap();
    assert!(done.status.success(), "postgres-server {command}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

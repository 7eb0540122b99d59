//! Runs the services as a process of their own.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fulfilment::services::{Client, Entry, Services};
use tempfile::TempDir;

/// Longer than any call takes on a machine that is busy: only a hang reaches it.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fulfilment"));
    command.args(args).stdin(Stdio::null());
    command
}

/// The services, with a ledger that outlives them.
pub(crate) struct Server {
    child: Child,
    folder: TempDir,
    pub(crate) address: String,
}

impl Server {
    pub(crate) fn start(args: &[&str]) -> Self {
        Self::start_in(TempDir::new().unwrap(), "127.0.0.1:0", args)
    }

    /// Kills the server and starts it again, at the same address and with the same ledger.
    pub(crate) fn restart(self, args: &[&str]) -> Self {
        let listen = self.address.strip_prefix("http://").unwrap().to_owned();
        Self::start_in(self.kill(), &listen, args)
    }

    /// Kills the server; the ledger is left.
    pub(crate) fn kill(mut self) -> TempDir {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        std::mem::replace(&mut self.folder, TempDir::new().unwrap())
    }

    pub(crate) fn start_in(folder: TempDir, listen: &str, args: &[&str]) -> Self {
        let ledger = folder.path().join("ledger");
        let mut child = command(&["services", "--listen", listen, "--ledger", ledger.to_str().unwrap()])
            .args(args)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut address = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut address).unwrap();
        let address = address.trim_end().to_owned();
        assert!(address.starts_with("http://127.0.0.1:"), "the first line is the address: {address:?}");
        Self { child, folder, address }
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(&self.address).unwrap().timeout(PATIENCE)
    }

    pub(crate) fn services(&self) -> Services {
        Services::There(self.client())
    }

    pub(crate) fn ledger(&self) -> PathBuf {
        self.folder.path().join("ledger")
    }

    /// The effects by now, as anybody reads them from the file.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        let text = fs::read_to_string(self.ledger()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    pub(crate) fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

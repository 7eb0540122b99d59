//! Writers in processes of their own.

use std::path::PathBuf;
use std::process::Stdio;

use kenning_tests::storm::{Entry, read_journal};
use tokio::process::{Child, Command};

/// The writers of a storm and what they wrote down.
pub(crate) struct Writers {
    url: String,
    tallies: u32,
    folder: tempfile::TempDir,
    journals: Vec<PathBuf>,
    running: Vec<Child>,
}

impl Writers {
    /// Writers to so many tallies of a prepared database.
    pub(crate) fn new(url: &str, tallies: u32) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        Self { url: url.to_owned(), tallies, folder, journals: Vec::new(), running: Vec::new() }
    }

    /// How many were started.
    pub(crate) fn started(&self) -> usize {
        self.journals.len()
    }

    /// Starts one more.
    pub(crate) fn start(&mut self) {
        let seed = self.journals.len();
        let journal = self.folder.path().join(format!("journal-{seed}"));
        let child = Command::new(env!("CARGO_BIN_EXE_writer"))
            .arg(&self.url)
            .arg(&journal)
            .args([
                seed.to_string(),
                "6".to_owned(),
                self.tallies.to_string(),
                "150".to_owned(),
                "6".to_owned(),
            ])
            .stdin(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the writer starts");
        self.journals.push(journal);
        self.running.push(child);
    }

    /// SIGKILL, in the middle of whatever it is doing.
    pub(crate) async fn kill_one(&mut self) {
        let mut victim = self.running.remove(fastrand::usize(..self.running.len()));
        assert_eq!(victim.try_wait().expect("a child can be asked"), None, "a writer ended by itself");
        victim.kill().await.expect("a child can be killed");
    }

    /// Lets all finish what they are doing.
    pub(crate) async fn stop(&mut self) {
        for child in &mut self.running {
            drop(child.stdin.take());
        }
        for mut child in self.running.drain(..) {
            let status =
                super::in_time("a writer to end", child.wait()).await.expect("a child can be waited for");
            assert!(status.success(), "a writer failed: {status}");
        }
    }

    /// What all of them wrote down, those killed too.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.journals.iter().flat_map(|journal| read_journal(journal)).collect()
    }
}

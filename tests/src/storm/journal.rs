//! What a writer was told, written down before and after each attempt, so that it outlives the writer.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::tally::Add;

/// What a writer is about to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// Its name, in each of its events.
    pub tag: Uuid,
    /// The streams, all or none of which get events.
    pub streams: Vec<String>,
    /// How many events each of them gets.
    pub events: u64,
    /// The command, when it was sent under `tag` as its id and may be sent again.
    pub command: Option<Add>,
}

/// What a writer was told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// Durable; the version that the first stream has afterwards.
    Accepted(u64),
    /// Nothing is stored, says the answer.
    Refused(String),
    /// The answer leaves it open.
    Unknown(String),
}

/// A line of a journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Entry {
    /// Before the attempt.
    Intent(Intent),
    /// After it.
    Outcome(Uuid, Outcome),
    /// An answer that no store may give.
    Broken(String),
}

/// Writes entries to a file, each with one system call: what was written survives a SIGKILL.
#[derive(Debug)]
pub struct Journal {
    file: Mutex<File>,
}

impl Journal {
    /// Opens a file, which may have entries.
    #[must_use]
    pub fn open(path: &Path) -> Self {
        let file = OpenOptions::new().create(true).append(true).open(path).expect("a journal can be opened");
        Self { file: Mutex::new(file) }
    }

    /// Writes one entry.
    pub fn write(&self, entry: &Entry) {
        let mut line = serde_json::to_vec(entry).expect("an entry can be encoded");
        line.push(b'\n');
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(&line).expect("a journal can be written");
    }
}

/// Reads a journal; the last line of a writer that was killed may be cut short and counts as not written.
#[must_use]
pub fn read_journal(path: &Path) -> Vec<Entry> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let mut entries = Vec::new();
    for line in text.split_inclusive('\n') {
        match serde_json::from_str(line) {
            Ok(entry) => entries.push(entry),
            Err(_) if !line.ends_with('\n') => {}
            Err(error) => panic!("a journal has a line that cannot be read: {error}: {line}"),
        }
    }
    entries
}

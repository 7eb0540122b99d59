//! The history of a storm: each request before it is made, each answer after it.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What a caller was answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// `Ok`: the stream's version after the events.
    Accepted(u64),
    /// `Rejected` or `Conflict`, or an error that says that nothing is stored.
    Nothing(String),
    /// `OutcomeUnknown`.
    Unknown(String),
}

/// A line of a history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Line {
    /// A command or an append is about to be made: its tag, its stream, how many events it causes.
    Asked {
        /// The tag, in each of its events; a command's id.
        tag: Uuid,
        /// The stream.
        stream: String,
        /// The number of events.
        events: u64,
        /// When, in milliseconds after 1970.
        at: u64,
    },
    /// A saga is about to be started, which adds one event with its tag.
    Starting {
        /// The tag of its event; the id of the instance.
        tag: Uuid,
        /// The stream of its event.
        stream: String,
        /// When, in milliseconds after 1970.
        at: u64,
    },
    /// The answer to what has this tag.
    Answered {
        /// The tag.
        tag: Uuid,
        /// The answer.
        answer: Answer,
        /// When it came, in milliseconds after 1970.
        at: u64,
    },
    /// An answer that contradicts itself or what its caller can see.
    Wrong {
        /// In words.
        what: String,
        /// When it was seen, in milliseconds after 1970.
        at: u64,
    },
}

/// The time as a history has it.
#[must_use]
pub(super) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Writes lines to a file, each with one system call: they survive a SIGKILL.
#[derive(Debug)]
pub struct History {
    file: Mutex<File>,
}

impl History {
    /// Opens a file, which may have lines.
    ///
    /// # Panics
    /// If it cannot be opened.
    #[must_use]
    pub fn open(path: &Path) -> Self {
        let file = OpenOptions::new().create(true).append(true).open(path).expect("a history can be opened");
        Self { file: Mutex::new(file) }
    }

    /// Writes one line.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn write(&self, line: &Line) {
        let mut text = serde_json::to_vec(line).expect("a line can be encoded");
        text.push(b'\n');
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(&text).expect("a history can be written");
    }

    /// Writes an answer.
    pub fn answered(&self, tag: Uuid, answer: Answer) {
        self.write(&Line::Answered { tag, answer, at: now() });
    }

    /// Writes what is wrong.
    pub fn wrong(&self, what: String) {
        self.write(&Line::Wrong { what, at: now() });
    }
}

/// Reads a history. The last line of a process that was killed may be cut short and counts as not
/// written.
///
/// # Panics
/// If another line cannot be read.
#[must_use]
pub fn read_history(path: &Path) -> Vec<Line> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let mut lines = Vec::new();
    for line in text.split_inclusive('\n') {
        match serde_json::from_str(line) {
            Ok(line) => lines.push(line),
            Err(_) if !line.ends_with('\n') => {}
            Err(error) => panic!("a history has a line that cannot be read: {error}: {line}"),
        }
    }
    lines
}

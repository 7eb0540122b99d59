//! What has happened, in the order in which it did: all that the services remember.

use std::collections::{HashMap, HashSet};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Action;
use super::call::Call;

/// An effect: one line of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub service: String,
    pub action: Action,
    pub key: Uuid,
    pub order_id: String,
    pub amount: i64,
}

/// A key under which nothing may happen any more: one line of the file beside the ledger.
#[derive(Serialize, Deserialize)]
struct Closed {
    key: Uuid,
    action: Action,
    order_id: String,
}

/// The effects in memory, and in two files if they are to outlive the process: `FILE` has the effects, `FILE.closed` the keys that were closed without one.
#[derive(Debug, Default)]
pub struct Ledger {
    entries: Vec<Entry>,
    by_key: HashMap<Uuid, usize>,
    closed: HashSet<Uuid>,
    files: Option<Files>,
}

#[derive(Debug)]
struct Files {
    effects: File,
    closed: File,
    /// A line was not written as a whole: what comes after it would be unreadable, so nothing does. The next start cuts it off.
    torn: bool,
}

/// A ledger that cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    #[error("{} cannot be opened", path.display())]
    Io { path: PathBuf, source: io::Error },

    /// Two processes would not see each other's keys.
    #[error("{} is in use by another process", path.display())]
    InUse { path: PathBuf },

    #[error("{}, line {line}: this is no line of a ledger", path.display())]
    Unreadable { path: PathBuf, line: usize, source: serde_json::Error },
}

impl Ledger {
    /// A ledger that is forgotten with the process.
    pub fn in_memory() -> Self {
        Self::default()
    }

    /// Reads the files back, or begins them. A last line without its end is cut off: its effect was never answered, so it has not happened.
    ///
    /// # Errors
    ///
    /// [`LedgerError`]: the files cannot be opened, another process has them, or they hold something else.
    pub fn open(path: &Path) -> Result<Self, LedgerError> {
        let mut closed_path = path.as_os_str().to_owned();
        closed_path.push(".closed");
        let (effects, entries) = read::<Entry>(path)?;
        let (closed_file, closed) = read::<Closed>(Path::new(&closed_path))?;
        let by_key = entries.iter().enumerate().map(|(index, entry)| (entry.key, index)).collect();
        let closed = closed.into_iter().map(|closed| closed.key).collect();
        let files = Files { effects, closed: closed_file, torn: false };
        Ok(Self { entries, by_key, closed, files: Some(files) })
    }

    /// All effects, in order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub(crate) fn effect(&self, key: Uuid) -> Option<&Entry> {
        self.by_key.get(&key).map(|&index| &self.entries[index])
    }

    pub(crate) fn is_closed(&self, key: Uuid) -> bool {
        self.closed.contains(&key)
    }

    /// Records an effect, which has happened when this returns.
    pub(crate) fn record(&mut self, call: &Call<'_>) -> io::Result<()> {
        let entry = Entry {
            service: call.action.service().to_owned(),
            action: call.action,
            key: call.key,
            order_id: call.order_id.to_owned(),
            amount: call.amount,
        };
        if let Some(files) = &mut self.files {
            files.write(|files| &mut files.effects, &entry)?;
        }
        self.by_key.insert(entry.key, self.entries.len());
        self.entries.push(entry);
        Ok(())
    }

    /// Closes the key of an effect that has not happened.
    pub(crate) fn close(&mut self, effect: &Call<'_>) -> io::Result<()> {
        let Call { key, action, order_id, .. } = *effect;
        if let Some(files) = &mut self.files {
            files.write(|files| &mut files.closed, &Closed { key, action, order_id: order_id.to_owned() })?;
        }
        self.closed.insert(key);
        Ok(())
    }
}

impl Files {
    /// Writes a line by one call, so that a process that is killed leaves the whole of it or, at worst, a torn one at the end.
    fn write(&mut self, file: impl FnOnce(&mut Self) -> &mut File, line: &impl Serialize) -> io::Result<()> {
        if self.torn {
            return Err(io::Error::other("an earlier line of the ledger could not be written"));
        }
        let mut bytes = serde_json::to_vec(line)?;
        bytes.push(b'\n');
        let written = file(self).write_all(&bytes);
        self.torn = written.is_err();
        written
    }
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<(File, Vec<T>), LedgerError> {
    let named = |source| LedgerError::Io { path: path.to_owned(), source };
    let mut file = OpenOptions::new().read(true).append(true).create(true).open(path).map_err(named)?;
    // The lock goes with the process, also when it is killed.
    file.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => LedgerError::InUse { path: path.to_owned() },
        TryLockError::Error(source) => named(source),
    })?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(named)?;
    let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
    if whole < bytes.len() {
        file.set_len(whole as u64).map_err(named)?;
    }
    let lines = bytes[..whole].split_inclusive(|&byte| byte == b'\n').enumerate();
    let lines = lines.map(|(index, line)| {
        serde_json::from_slice(line).map_err(|source| LedgerError::Unreadable {
            path: path.to_owned(),
            line: index + 1,
            source,
        })
    });
    Ok((file, lines.collect::<Result<_, _>>()?))
}

#[cfg(test)]
mod tests;

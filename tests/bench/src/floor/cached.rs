//! A queue for each stream in the process and the state that its last command left behind: no load for a stream that is known or new, no conflict
//! with oneself.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use sqlx::PgPool;
use uuid::Uuid;

use super::committer::Committer;
use super::event::{account, apply, decide, encode};
use super::loader::Loader;
use super::plain::{insert, load, stream};
use crate::Result;
use crate::domain::Account;
use crate::driver::{Bank, Wish};

/// How many streams are known at the most; when there are more, those that nobody is using are forgotten.
const KNOWN: usize = 100_000;

/// How events are read and written.
pub(crate) enum Commit {
    /// By one statement for all that queued up: best for many streams.
    Group { committer: Committer, loader: Loader },
    /// By one statement a command: best for one stream, where nothing can queue up.
    Single,
}

impl Commit {
    pub(crate) fn group(pool: &PgPool) -> Self {
        Self::Group { committer: Committer::spawn(pool.clone()), loader: Loader::spawn(pool.clone()) }
    }
}

/// A state and its version, once it is known. The lock is fair: commands are decided in the order in which they came.
type Slot = Arc<tokio::sync::Mutex<Option<(Account, i64)>>>;

pub(crate) struct Cached {
    pool: PgPool,
    commit: Commit,
    slots: Mutex<HashMap<Uuid, Slot>>,
}

impl Cached {
    pub(crate) fn new(pool: PgPool, commit: Commit) -> Self {
        Self { pool, commit, slots: Mutex::default() }
    }

    fn slot(&self, account: Uuid) -> Slot {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= KNOWN {
            slots.retain(|_, slot| Arc::strong_count(slot) > 1);
        }
        Arc::clone(slots.entry(account).or_default())
    }
}

impl Bank for Cached {
    async fn execute(&self, wish: Wish) -> Result<()> {
        let account = account(&wish);
        let stream = stream(account);
        let slot = self.slot(account);
        let mut known = slot.lock().await;
        // Taken out: whatever fails from here on leaves the stream unknown, and the next command loads it.
        let (mut state, version) = match known.take() {
            Some(known) => known,
            None if matches!(wish, Wish::Open(_)) => (Account::default(), 0),
            None => match &self.commit {
                Commit::Group { loader, .. } => loader.load(stream.clone()).await?,
                Commit::Single => load(&self.pool, &stream).await?,
            },
        };
        let events = decide(&state, wish)?;
        let drafts = encode(&events)?;
        match &self.commit {
            Commit::Group { committer, .. } => committer.append(stream, version, drafts).await?,
            Commit::Single => insert(&self.pool, &stream, version, &drafts).await?,
        }
        let version = (version..).nth(events.len()).unwrap_or(version);
        events.iter().for_each(|event| apply(&mut state, event));
        *known = Some((state, version));
        Ok(())
    }
}

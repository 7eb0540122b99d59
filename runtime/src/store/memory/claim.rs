//! Who may write to what while transactions are open.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use tokio::sync::{Mutex, OwnedMutexGuard};
use uuid::Uuid;

use super::Shared;
use crate::store::{Append, StoreError};
use crate::stream::StreamName;

/// What a writer claims before it writes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Key {
    Stream(StreamName),
    Command(Uuid),
}

impl Key {
    /// What an append writes to, in the one order in which everybody claims it.
    pub(super) fn of(append: &Append) -> Vec<Self> {
        let streams = append.streams.iter().map(|target| Self::Stream(target.stream.clone()));
        let mut keys: Vec<_> =
            streams.chain(append.command.as_ref().map(|command| Self::Command(command.command_id))).collect();
        keys.sort_unstable();
        keys
    }
}

/// A transaction, or an append that waits for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Owner(u64);

/// The claims of now. Empty as long as no transaction is open: then appends write at once.
#[derive(Default)]
pub(super) struct Claims {
    owners: u64,
    held: HashMap<Key, Held>,
    waiting: HashMap<Owner, Key>,
}

#[derive(Default)]
struct Held {
    /// Hands over in the order of arrival.
    turn: Arc<Mutex<()>>,
    by: Option<Owner>,
}

impl Claims {
    /// Names a new owner.
    pub(super) fn owner(&mut self) -> Owner {
        self.owners += 1;
        Owner(self.owners)
    }

    /// Whether nobody claims anything.
    pub(super) fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Whether somebody claims something that the append writes to.
    pub(super) fn concern(&self, append: &Append) -> bool {
        !self.held.is_empty() && Key::of(append).iter().any(|key| self.held.contains_key(key))
    }

    /// Whether the holder of `key` waits, over any number of others, for something that `owner` holds.
    fn would_deadlock(&self, owner: Owner, key: &Key) -> bool {
        let mut holder = self.held.get(key).and_then(|held| held.by);
        while let Some(by) = holder {
            if by == owner {
                return true;
            }
            holder = self.waiting.get(&by).and_then(|key| self.held.get(key)).and_then(|held| held.by);
        }
        false
    }
}

/// One key, claimed by one owner until it is dropped.
pub(super) struct Claim {
    shared: Arc<Shared>,
    owner: Owner,
    key: Key,
    /// `None` while it waits, and at its end.
    turn: Option<OwnedMutexGuard<()>>,
}

impl Claim {
    /// Waits until the key is free. Dropping the future withdraws the claim.
    pub(super) async fn wait(shared: &Arc<Shared>, owner: Owner, key: Key) -> Result<Self, StoreError> {
        let (turn, mut claim) = {
            let mut log = shared.log();
            if log.claims.would_deadlock(owner, &key) {
                return Err(StoreError::Contention("two transactions wait for each other".into()));
            }
            let turn = Arc::clone(&log.claims.held.entry(key.clone()).or_default().turn);
            log.claims.waiting.insert(owner, key.clone());
            (turn, Self { shared: Arc::clone(shared), owner, key, turn: None })
        };
        claim.turn = Some(turn.lock_owned().await);
        let mut log = shared.log();
        log.claims.waiting.remove(&owner);
        if let Some(held) = log.claims.held.get_mut(&claim.key) {
            held.by = Some(owner);
        }
        drop(log);
        Ok(claim)
    }

    /// Claims everything that an append writes to.
    pub(super) async fn all(
        shared: &Arc<Shared>,
        owner: Owner,
        keys: Vec<Key>,
        claims: &mut Vec<Self>,
    ) -> Result<(), StoreError> {
        for key in keys {
            if claims.iter().all(|claim| claim.key != key) {
                claims.push(Self::wait(shared, owner, key).await?);
            }
        }
        Ok(())
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut log = self.shared.log.lock().unwrap_or_else(PoisonError::into_inner);
        let claims = &mut log.claims;
        let waited = self.turn.take().is_none();
        if waited {
            claims.waiting.remove(&self.owner);
        }
        if let Some(held) = claims.held.get_mut(&self.key) {
            if !waited {
                held.by = None;
            }
            // Whoever waits has a share of it, taken under the log's lock; the last one tidies up.
            if Arc::strong_count(&held.turn) == 1 {
                claims.held.remove(&self.key);
            }
        }
        if claims.is_empty() {
            self.shared.idle.notify_waiters();
        }
    }
}

//! The memory store with one fault.

mod append;
mod consumers;
mod consuming;
mod events;
mod rows;
mod saga_writes;
mod sagas;
mod transactions;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use kenning::store::{MemoryStore, Snapshot, StoreError, Table};
use uuid::Uuid;

use super::fault::Fault;

/// A memory store that does one thing wrong.
pub struct Wrong {
    store: MemoryStore,
    fault: Fault,
    /// Counts what the fault counts.
    count: AtomicU64,
    /// The fault has begun to show.
    broken: AtomicBool,
    /// Ids that the fault remembers.
    ids: Mutex<HashSet<Uuid>>,
    snapshots: Mutex<HashMap<String, Snapshot>>,
    /// The only table of a store that has one.
    table_of_all: Mutex<Option<Table>>,
    /// The last description of each definition of a saga.
    descriptions: Mutex<HashMap<(String, u64), String>>,
}

impl Wrong {
    pub fn new(fault: Fault) -> Self {
        Self {
            store: store(),
            fault,
            count: AtomicU64::new(0),
            broken: AtomicBool::new(false),
            ids: Mutex::default(),
            snapshots: Mutex::default(),
            table_of_all: Mutex::default(),
            descriptions: Mutex::default(),
        }
    }

    fn is(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    /// Counts one more; says how many were before.
    fn next(&self) -> u64 {
        self.count.fetch_add(1, Ordering::SeqCst)
    }

    fn is_broken(&self) -> bool {
        self.broken.load(Ordering::SeqCst)
    }

    fn set_broken(&self, broken: bool) {
        self.broken.store(broken, Ordering::SeqCst);
    }

    fn ids(&self) -> MutexGuard<'_, HashSet<Uuid>> {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A store by tokio's clock, so that rules with leases need no real time.
fn store() -> MemoryStore {
    MemoryStore::with_clock(kenning::Clock::tokio(time::OffsetDateTime::now_utc()))
}

fn unavailable() -> StoreError {
    StoreError::Unavailable("a fault".into())
}

fn contention() -> StoreError {
    StoreError::Contention("a fault".into())
}

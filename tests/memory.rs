//! `MemoryStore` keeps the contract.

use kenning::{Clock, MemoryStore};
use time::macros::datetime;

/// Goes by tokio's time, which stands still but where everybody waits.
async fn paused() -> MemoryStore {
    tokio::time::pause();
    MemoryStore::with_clock(Clock::tokio(datetime!(2026-11-23 12:00 UTC)))
}

mod p10_the_contract {
    use super::{MemoryStore, paused};

    kenning::store_contract!(async { MemoryStore::new() });
    kenning::transaction_contract!(async { MemoryStore::new() });
    kenning::consumer_contract!(paused());
    kenning::saga_contract!(paused());
}

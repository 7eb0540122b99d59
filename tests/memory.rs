//! `MemoryStore` keeps the contract.

use kenning::MemoryStore;

mod p10_the_contract {
    use super::MemoryStore;

    kenning::store_contract!(async { MemoryStore::new() });
    kenning::transaction_contract!(async { MemoryStore::new() });
}

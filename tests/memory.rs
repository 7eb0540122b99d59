//! The contract on the memory store.

use kenning::MemoryStore;

kenning::store_contract!(async { MemoryStore::new() });
kenning::transaction_contract!(async { MemoryStore::new() });

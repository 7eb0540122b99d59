//! `PostgresStore` keeps the contract, and what only its own tables and connections can show.

use kenning::PostgresStore;
use kenning::store::EventStore as _;

use crate::support::database;

async fn store() -> PostgresStore {
    let store = PostgresStore::connect(&database().await).await.expect("the database answers");
    store.prepare().await.expect("the database is migrated");
    store
}

kenning::store_contract!(store());
kenning::transaction_contract!(store());

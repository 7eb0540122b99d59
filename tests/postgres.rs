//! `PostgresStore` keeps the contract, and what only its own tables and connections can show.

mod appender;
mod cancelled;
mod consumers;
mod loading;
mod preparing;
mod read_models;
mod sagas;
mod sequence;
mod server;
mod watermark;

use kenning::store::{EventStore as _, NewEvent};
use kenning::{EncodedEvent, Payload, PostgresOptions, PostgresStore, StreamName};

use crate::support::database;

async fn store() -> PostgresStore {
    prepared(PostgresStore::options(), &database().await).await
}

async fn prepared(options: PostgresOptions, url: &str) -> PostgresStore {
    let store = options.connect(url).await.expect("the database answers");
    store.prepare().await.expect("the database is migrated");
    store
}

fn event() -> NewEvent {
    payload("{}")
}

fn payload(json: &str) -> NewEvent {
    NewEvent::new(EncodedEvent { name: "noted", schema_version: 1, payload: Payload::from_stored(json) })
}

fn stream(id: impl ToString) -> StreamName {
    StreamName::new("note", &id.to_string()).expect("the id is a legal one")
}

mod p10_the_contract {
    use super::store;

    kenning::store_contract!(store());
    kenning::transaction_contract!(store());
    kenning::consumer_contract!(store());
    kenning::saga_contract!(store());
}

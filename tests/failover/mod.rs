//! P13: an answer survives failover to a synchronous standby; after a failover or a restore that
//! lost commits, nothing of the lost time is used. Each test has its own servers.

mod bites;
mod checker;
mod history;
mod interrupted;
mod lost;
mod node;
mod pair;
mod past;
mod sequence;
mod standby;
mod storm;
mod window;

use std::time::Duration;

use kenning::store::EventStore;
use kenning::{Kenning, PostgresStore};
use kenning_tests::failover::{application, create_tables};

use crate::adversary::postgres;

/// A store that finds out soon what it can find out.
async fn hasty(url: &str) -> PostgresStore {
    let options = PostgresStore::options()
        .acquire_timeout(Duration::from_secs(2))
        .statement_timeout(Duration::from_secs(2))
        .recovery_timeout(Duration::from_secs(2));
    options.connect(url).await.expect("the server answers")
}

/// Makes the schema and the tables of the followers.
async fn prepare(url: &str) {
    let store = postgres::store(url).await;
    create_tables(store.pool()).await;
    store.close().await;
}

/// An application with its consumers and sagas, on a prepared database.
async fn app(url: &str) -> (Kenning, PostgresStore) {
    let store = hasty(url).await;
    (application(store.clone(), url).await.expect("an application"), store)
}

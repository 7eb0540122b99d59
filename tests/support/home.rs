//! The two stores, as the tests that run on both see them.

use kenning::store::SagaStore;
use kenning::{MemoryStore, PostgresStore};

use super::prepared_database;

/// A place that several applications share, as processes share a database.
pub trait Home: Sized + Send + Sync + 'static {
    type Store: SagaStore;

    /// A new, empty one.
    async fn new() -> Self;

    /// What one process has of it.
    async fn store(&self) -> Self::Store;
}

pub struct Memory(MemoryStore);

impl Home for Memory {
    type Store = MemoryStore;

    async fn new() -> Self {
        Self(MemoryStore::new())
    }

    async fn store(&self) -> MemoryStore {
        self.0.clone()
    }
}

pub struct Postgres {
    pub url: String,
}

impl Home for Postgres {
    type Store = PostgresStore;

    async fn new() -> Self {
        Self { url: prepared_database().await }
    }

    async fn store(&self) -> PostgresStore {
        PostgresStore::connect(&self.url).await.expect("the database answers")
    }
}

/// Makes a test on each store of every function that is named. The function takes a [`Home`].
macro_rules! on_both_stores {
    ($($test:ident)*) => {
        mod memory {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $test() {
                super::$test(<$crate::support::Memory as $crate::support::Home>::new().await).await;
            })*
        }

        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $test() {
                super::$test(<$crate::support::Postgres as $crate::support::Home>::new().await).await;
            })*
        }
    };
}

pub(crate) use on_both_stores;

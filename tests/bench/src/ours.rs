//! The library's side: what a user of it writes, and nothing else.

use kenning::{Kenning, PostgresStore};
use uuid::Uuid;

use crate::Result;
use crate::domain::Account;
use crate::driver::{Bank, Wish};
use crate::workload::{CONNECTIONS, Context};

/// The PostgreSQL schema that the library's tables are kept in.
const SCHEMA: &str = "ours";

pub(crate) struct Ours {
    pub(crate) app: Kenning,
    given_ids: bool,
}

impl Ours {
    /// An application on what is stored already.
    pub(crate) async fn connect(context: &Context) -> Result<Self> {
        let store = PostgresStore::options()
            .schema(SCHEMA)
            .max_connections(CONNECTIONS)
            .connect(&context.url)
            .await?;
        Ok(Self { app: Kenning::builder(store).aggregate::<Account>().build().await?, given_ids: false })
    }

    /// An application on this store.
    pub(crate) async fn on(store: PostgresStore) -> Result<Self> {
        Ok(Self { app: Kenning::builder(store).aggregate::<Account>().build().await?, given_ids: false })
    }

    /// An application on an empty store.
    pub(crate) async fn create(context: &Context) -> Result<Self> {
        let pool = context.pool().await?;
        sqlx::query("DROP SCHEMA IF EXISTS ours CASCADE").execute(&pool).await?;
        pool.close().await;
        Self::connect(context).await
    }

    /// The same application; each command has an id that the caller gives, and so a row in the ledger.
    pub(crate) fn with_given_ids(&self) -> Self {
        Self { app: self.app.clone(), given_ids: true }
    }
}

impl Bank for Ours {
    async fn execute(&self, wish: Wish) -> Result<()> {
        if self.given_ids {
            let id = Uuid::now_v7();
            match wish {
                Wish::Open(open) => drop(self.app.execute(open).id(id).await?),
                Wish::Deposit(deposit) => drop(self.app.execute(deposit).id(id).await?),
                Wish::Import(import) => drop(self.app.execute(import).id(id).await?),
            }
        } else {
            match wish {
                Wish::Open(open) => drop(self.app.execute(open).await?),
                Wish::Deposit(deposit) => drop(self.app.execute(deposit).await?),
                Wish::Import(import) => drop(self.app.execute(import).await?),
            }
        }
        Ok(())
    }
}

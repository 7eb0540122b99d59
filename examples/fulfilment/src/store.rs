//! Where the orders are.

use fulfilment::choreography::Calls;
use fulfilment::services::Services;
use fulfilment::{Options, with_reactors, with_saga};
use kenning::{Kenning, MemoryStore};

use crate::Failure;

/// What `--store` says.
#[derive(Clone)]
pub(crate) enum Store {
    Memory,
    #[cfg(feature = "postgres")]
    Postgres(String),
}

impl Store {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        match text.split_once("://") {
            None if text == "memory" => Ok(Self::Memory),
            #[cfg(feature = "postgres")]
            Some(("postgres" | "postgresql", _)) => Ok(Self::Postgres(text.to_owned())),
            #[cfg(not(feature = "postgres"))]
            Some(("postgres" | "postgresql", _)) => {
                Err("this build has no PostgreSQL: add `--features postgres`".to_owned())
            }
            _ => Err("write the URL of a PostgreSQL database, `postgres://user@host/database`, or `memory`"
                .to_owned()),
        }
    }

    /// The application in which sagas fulfil orders.
    pub(crate) async fn with_saga(&self, services: Services, options: Options) -> Result<Kenning, Failure> {
        Ok(match self {
            Self::Memory => with_saga(MemoryStore::new(), services, options).await?,
            #[cfg(feature = "postgres")]
            Self::Postgres(url) => {
                with_saga(kenning::PostgresStore::connect(url).await?, services, options).await?
            }
        })
    }

    /// The application in which reactors fulfil them.
    pub(crate) async fn with_reactors(&self, calls: Calls, options: Options) -> Result<Kenning, Failure> {
        Ok(match self {
            Self::Memory => with_reactors(MemoryStore::new(), calls, options).await?,
            #[cfg(feature = "postgres")]
            Self::Postgres(url) => {
                with_reactors(kenning::PostgresStore::connect(url).await?, calls, options).await?
            }
        })
    }
}

//! The application that fulfils orders by a saga.

use std::time::Duration;

use kenning::saga::SagaOptions;
use kenning::store::{ConsumerStore, SagaStore};
use kenning::{BuildError, Catalog, Kenning};

use crate::fulfilment::Fulfilment;
use crate::order::Order;
use crate::payment::{Bank, Payment};
use crate::services::Services;

/// How an application is run.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How many orders are worked on at once.
    pub concurrency: usize,
    /// How long a process that does not stir keeps its work from the others.
    pub lease: Duration,
}

/// Orders, payments, and the saga that fulfils orders.
///
/// # Errors
///
/// Those of the store.
pub async fn with_saga<S: SagaStore + ConsumerStore>(
    store: S,
    services: Services,
    options: Options,
) -> Result<Kenning, BuildError> {
    Kenning::builder(store)
        .lease(options.lease)
        .sagas(SagaOptions::new().concurrency(options.concurrency))
        .aggregate::<Order>()
        .aggregate::<Payment>()
        .reactor(Bank)
        .saga::<Fulfilment>(services)
        .build()
        .await
}

/// What that application declares.
pub fn catalog() -> Catalog {
    Catalog::new().aggregate::<Order>().aggregate::<Payment>().reactor::<Bank>().saga::<Fulfilment>()
}

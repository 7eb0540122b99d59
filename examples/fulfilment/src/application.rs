//! The applications that fulfil orders: by a saga, or by reactors.

use std::time::Duration;

use kenning::saga::SagaOptions;
use kenning::store::{ConsumerStore, SagaStore};
use kenning::{BuildError, Catalog, ConsumerOptions, Kenning, Start};

use crate::choreography::{Calls, FulfilmentEvent, Inventory, Payments, Shipping, Shop};
use crate::fulfilment::Fulfilment;
use crate::order::{CancelOrder, Order, PlaceOrder, ShipOrder};
use crate::payment::{Bank, Payment, RecordPayment, SettlePayment};
use crate::services::Services;

/// In how many parts the orders are divided that reactors fulfil: so many processes can share them.
const PARTITIONS: u16 = 4;

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
        // The store may hold orders that reactors fulfil: they are passed over.
        .reactor_with(Bank, ConsumerOptions::new().start(Start::Beginning))
        .saga_from::<Fulfilment>(services, Start::Beginning)
        .build()
        .await
}

/// What that application declares.
pub fn saga_catalog() -> Catalog {
    Catalog::new()
        .aggregate::<Order>()
        .command::<PlaceOrder>()
        .command::<ShipOrder>()
        .command::<CancelOrder>()
        .aggregate::<Payment>()
        .command::<RecordPayment>()
        .command::<SettlePayment>()
        .reactor::<Bank>()
        .saga::<Fulfilment>()
}

/// Orders, and the reactors that fulfil them.
///
/// # Errors
///
/// Those of the store.
pub async fn with_reactors<S: ConsumerStore>(
    store: S,
    calls: Calls,
    options: Options,
) -> Result<Kenning, BuildError> {
    // Services that are away are waited for, however long that takes: an order must not be left in the middle. What is refused is not tried again.
    let department = ConsumerOptions::new()
        .start(Start::Beginning)
        .partitions(PARTITIONS)
        .concurrency(options.concurrency.div_ceil(PARTITIONS.into()))
        .attempts(u32::MAX)
        .backoff(Duration::from_millis(100), Duration::from_secs(5));
    Kenning::builder(store)
        .lease(options.lease)
        .aggregate::<Order>()
        .reactor_with(Inventory(calls.clone()), department.clone())
        .reactor_with(Payments(calls.clone()), department.clone())
        .reactor_with(Shipping(calls), department)
        .reactor_with(Shop, ConsumerOptions::new().start(Start::Beginning))
        .build()
        .await
}

/// What that application declares.
pub fn reactor_catalog() -> Catalog {
    Catalog::new()
        .aggregate::<Order>()
        .command::<PlaceOrder>()
        .command::<ShipOrder>()
        .command::<CancelOrder>()
        .events_of::<FulfilmentEvent>()
        .reactor::<Inventory>()
        .reactor::<Payments>()
        .reactor::<Shipping>()
        .reactor::<Shop>()
}

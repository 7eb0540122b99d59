//! The older release.

use kenning::prelude::*;
use kenning::{Builder, HandlerError, PostgresStore};

use super::Calls;

/// An order was placed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "order.placed")]
pub struct Placed {}

/// What the older release knows of orders.
#[derive(Clone, Debug, PartialEq, EventSet)]
pub enum OrderEvent {
    /// It was placed.
    Placed(Placed),
}

/// An order.
#[derive(Debug, Default, Aggregate)]
#[kenning(category = "order", id = u64, events = OrderEvent)]
pub struct Order {}

/// Places an order.
#[derive(Clone, Debug, Serialize, Deserialize, Command)]
#[kenning(aggregate = Order)]
pub struct Place {
    /// Which.
    #[kenning(id)]
    pub id: u64,
}

#[aggregate]
impl Order {
    #[command]
    fn place(&self, _: Place) -> Placed {
        Placed {}
    }

    #[apply]
    fn placed(&mut self, _: &Placed) {}
}

/// Writes a row for each order.
pub struct Revenue;

#[projection(name = "revenue", version = 1, events = OrderEvent)]
impl Revenue {
    #[on]
    async fn placed(&self, event: &Recorded<Placed>, tx: &mut PgTransaction<'_>) -> Result<(), HandlerError> {
        sqlx::query("insert into release_revenue (position, version) values ($1, 1)")
            .bind(i64::try_from(event.position().get())?)
            .execute(&mut **tx)
            .await?;
        Ok(())
    }
}

/// Writes a row for each event.
pub struct Log;

#[projection(name = "log", version = 1, events = OrderEvent)]
impl Log {
    #[on]
    async fn placed(&self, event: &Recorded<Placed>, tx: &mut PgTransaction<'_>) -> Result<(), HandlerError> {
        log(event, tx).await
    }
}

pub(super) async fn log<E>(event: &Recorded<E>, tx: &mut PgTransaction<'_>) -> Result<(), HandlerError> {
    sqlx::query("insert into release_log (position) values ($1)")
        .bind(i64::try_from(event.position().get())?)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Packs an order and ships it.
#[derive(Clone, Debug, Serialize, Deserialize, Saga)]
#[kenning(name = "dispatch", version = 1, id = id)]
pub struct Dispatch {
    /// Which.
    pub id: String,
}

#[saga(services = Calls)]
impl Dispatch {
    #[start]
    fn placed(event: &Recorded<Placed>) -> Self {
        Self { id: event.stream().id().to_owned() }
    }

    #[step(irreversible = "a note")]
    async fn pack(&self, cx: &StepContext<Calls>) -> Result<u64, StepError> {
        cx.services().call(cx, "pack").await
    }

    #[step(irreversible = "a note")]
    async fn ship(&self, cx: &StepContext<Calls>) -> Result<u64, StepError> {
        cx.services().call(cx, "ship").await
    }
}

/// Everything of this release.
pub fn all(builder: Builder<PostgresStore>, calls: Calls) -> Builder<PostgresStore> {
    builder.aggregate::<Order>().projection(Revenue).projection(Log).saga::<Dispatch>(calls)
}

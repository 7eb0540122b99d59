//! The newer release: an event is new, `revenue` has a higher version, and in the saga `pack` is called `wrap` and `wave` is new.

use kenning::prelude::*;
use kenning::saga::{InFlight, Migrated};
use kenning::{Builder, HandlerError, PostgresStore};

use super::Calls;
use super::old::{Placed, log};

/// An order was paid back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "order.refunded")]
pub struct Refunded {}

/// What the newer release knows of orders.
#[derive(Clone, Debug, PartialEq, EventSet)]
pub enum OrderEvent {
    /// It was placed.
    Placed(Placed),
    /// It was paid back.
    Refunded(Refunded),
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

/// Pays an order back.
#[derive(Clone, Debug, Serialize, Deserialize, Command)]
#[kenning(aggregate = Order)]
pub struct Refund {
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

    #[command]
    fn refund(&self, _: Refund) -> Refunded {
        Refunded {}
    }

    #[apply]
    fn placed(&mut self, _: &Placed) {}

    #[apply]
    fn refunded(&mut self, _: &Refunded) {}
}

/// Writes a row for each order.
pub struct Revenue;

#[projection(name = "revenue", version = 2, events = OrderEvent, ignore(Refunded))]
impl Revenue {
    #[begin]
    async fn begin(&self, tx: &mut PgTransaction<'_>) -> Result<(), sqlx::Error> {
        sqlx::query("truncate release_revenue").execute(&mut **tx).await?;
        Ok(())
    }

    #[on]
    async fn placed(&self, event: &Recorded<Placed>, tx: &mut PgTransaction<'_>) -> Result<(), HandlerError> {
        sqlx::query("insert into release_revenue (position, version) values ($1, 2)")
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

    #[on]
    async fn refunded(
        &self,
        event: &Recorded<Refunded>,
        tx: &mut PgTransaction<'_>,
    ) -> Result<(), HandlerError> {
        log(event, tx).await
    }
}

/// Wraps an order, ships it and waves.
#[derive(Clone, Debug, Serialize, Deserialize, Saga)]
#[kenning(name = "dispatch", version = 2, id = id, migrate(from_old))]
pub struct Dispatch {
    /// Which.
    pub id: String,
}

fn from_old(old: &InFlight) -> Result<Migrated<Dispatch>, StepError> {
    let super::old::Dispatch { id } = old.state()?;
    Ok(Migrated::new(Dispatch { id }).rename("pack", "wrap"))
}

#[saga(services = Calls)]
impl Dispatch {
    #[start]
    fn placed(event: &Recorded<Placed>) -> Self {
        Self { id: event.stream().id().to_owned() }
    }

    #[step(irreversible = "a note")]
    async fn wrap(&self, cx: &StepContext<Calls>) -> Result<u64, StepError> {
        cx.services().call(cx, "pack").await
    }

    #[step(irreversible = "a note")]
    async fn ship(&self, cx: &StepContext<Calls>) -> Result<u64, StepError> {
        cx.services().call(cx, "ship").await
    }

    #[step(irreversible = "a note")]
    async fn wave(&self, cx: &StepContext<Calls>) -> Result<u64, StepError> {
        cx.services().call(cx, "wave").await
    }
}

/// Everything of this release.
pub fn all(builder: Builder<PostgresStore>, calls: Calls) -> Builder<PostgresStore> {
    builder.aggregate::<Order>().projection(Revenue).projection(Log).saga::<Dispatch>(calls)
}

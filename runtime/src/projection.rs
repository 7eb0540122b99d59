//! Projections: the user's own writes, in the transaction of the checkpoint.

use std::error::Error;

use crate::check::Shared;
use crate::event_set::EventSet;
use crate::recorded::{Metadata, Recorded};
use crate::store::BoxFuture;

/// What a handler fails with.
pub type HandlerError = Box<dyn Error + Send + Sync>;

/// Follows events with writes of its own, in the transaction that moves its checkpoint: both are done, or neither. `#[projection]` on an `impl` block writes this impl.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a projection",
    label = "not a projection",
    note = "write `#[projection(name = \"…\", version = 1, events = …)]` on an `impl {Self}` block"
)]
pub trait Projection: Shared {
    /// The name of its consumer.
    const NAME: &'static str;

    /// Raised to have it begin anew, under a checkpoint of its own.
    const VERSION: u32;

    /// Whether it runs in the transaction of each append of [`Kenning::execute`](crate::Kenning::execute) instead of behind the feed. It then has no checkpoint: it
    /// sees what is appended by processes that have it registered, from then on.
    const INLINE: bool = false;

    /// The persisted names of the events of the set that it ignores: they need not be read for it.
    const IGNORED: &'static [&'static str] = &[];

    /// How its tables are prepared when it starts, and when it starts again: its version was
    /// raised, or it was [reset](crate::ConsumerHandle::reset). While nothing is said, it cannot
    /// start again.
    const RESTART: Restart = Restart::Refused;

    /// The name that it had before, whose checkpoint and parked events it takes over.
    const RENAMED_FROM: Option<&'static str> = None;

    /// The events that it follows.
    type Events: EventSet;

    /// What its handlers write through: the transaction of a store, or what that [lends](Lends).
    type Transaction: Send;

    /// Handles events, in their order. All of them are handled, or the transaction is rolled back.
    ///
    /// # Errors
    /// The handler's own.
    fn project<'a>(
        &'a self,
        events: Vec<Recorded<Self::Events>>,
        transaction: &'a mut Self::Transaction,
    ) -> BoxFuture<'a, Result<(), HandlerError>>;

    /// Prepares the tables: makes the new ones, empties or drops the old ones. Called with
    /// [`Restart::Begin`], in the transaction in which the projection starts or starts again at the
    /// beginning: no event of the version before is written after it, and none of this one before
    /// it.
    ///
    /// # Errors
    /// The function's own: nothing is changed then.
    fn begin<'a>(
        &'a self,
        transaction: &'a mut Self::Transaction,
    ) -> BoxFuture<'a, Result<(), HandlerError>> {
        let _: &mut Self::Transaction = transaction;
        Box::pin(std::future::ready(Ok(())))
    }
}

/// How the tables of a projection are prepared when it starts again at the beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Restart {
    /// Nothing is said: raising its version, or a reset, is refused, since its events would be
    /// written a second time.
    Refused,
    /// By [`Projection::begin`].
    Begin,
    /// Not at all: handling its events again changes nothing, for the reason given.
    Idempotent(&'static str),
}

/// What a projection does on one event.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not handle the event `{E}`",
    label = "`{E}` is neither handled nor ignored",
    note = "add to an `#[projection] impl {Self}`: `#[on] async fn name(&self, event: &{E}, …) -> Result<(), …>`",
    note = "or ignore it: `#[projection(…, ignore({E}))]`"
)]
pub trait Project<E>: Projection {
    /// Handles the event.
    ///
    /// # Errors
    /// The handler's own.
    fn on<'a>(
        &'a self,
        event: &'a Recorded<E>,
        transaction: &'a mut Self::Transaction,
    ) -> BoxFuture<'a, Result<(), HandlerError>>;
}

/// A set of events that the projection `P` handles or ignores, each of them. `#[derive(EventSet)]` writes it for every `P` that has [`Project`] for each event.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a set of events",
    label = "not a set of events",
    note = "write `#[derive(EventSet)]` on an enum with one variant for each event, as in `Placed(OrderPlaced)`"
)]
pub trait ProjectInto<P: Projection>: EventSet {
    /// Has `P` handle the event.
    ///
    /// # Errors
    /// The handler's own.
    fn project_into<'a>(
        self,
        metadata: Metadata,
        projection: &'a P,
        transaction: &'a mut P::Transaction,
    ) -> BoxFuture<'a, Result<(), HandlerError>>;

    /// Has `P` handle events one after the other, up to the first that fails: what [`Projection::project`] does where each event has a handler. Provided.
    ///
    /// # Errors
    /// The handler's own.
    fn project_each<'a>(
        events: Vec<Recorded<Self>>,
        projection: &'a P,
        transaction: &'a mut P::Transaction,
    ) -> BoxFuture<'a, Result<(), HandlerError>> {
        Box::pin(async move {
            for recorded in events {
                let (event, metadata) = recorded.into_parts();
                event.project_into(metadata, projection, transaction).await?;
            }
            Ok(())
        })
    }
}

/// A store's transaction that handlers can write through as a `T`.
#[diagnostic::on_unimplemented(
    message = "the handlers write through `{T}`, which a transaction of this store (`{Self}`) is not",
    label = "cannot run on this store",
    note = "a projection runs on the store whose transaction its handlers take: `&mut PgTransaction<'_>` on PostgreSQL, `&mut MemoryTransaction` in memory"
)]
pub trait Lends<T> {
    /// The transaction, as the handlers take it.
    fn lend(&mut self) -> &mut T;
}

#[cfg(feature = "memory")]
impl Lends<Self> for crate::store::MemoryTransaction {
    fn lend(&mut self) -> &mut Self {
        self
    }
}

/// For projections that write nothing in a database.
#[cfg(feature = "memory")]
impl Lends<()> for crate::store::MemoryTransaction {
    fn lend(&mut self) -> &mut () {
        nothing()
    }
}

/// For projections that write nothing in the database.
#[cfg(feature = "postgres")]
impl Lends<()> for sqlx::Transaction<'static, sqlx::Postgres> {
    fn lend(&mut self) -> &mut () {
        nothing()
    }
}

/// Takes no memory: nothing has no size.
#[cfg(any(feature = "memory", feature = "postgres"))]
fn nothing() -> &'static mut () {
    Box::leak(Box::new(()))
}

#[cfg(feature = "postgres")]
impl Lends<Self> for sqlx::Transaction<'static, sqlx::Postgres> {
    fn lend(&mut self) -> &mut Self {
        self
    }
}

#[cfg(feature = "postgres")]
impl Lends<sqlx::PgConnection> for sqlx::Transaction<'static, sqlx::Postgres> {
    fn lend(&mut self) -> &mut sqlx::PgConnection {
        self
    }
}

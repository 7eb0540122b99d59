//! The application: a store, the aggregates that live in it, and the ways to reach them.

mod builder;
mod consumers;
mod error;
mod execute;
mod executed;
mod execution;
mod gate;
mod hot;
mod inline;
mod ledger;
mod load;
mod maintenance;
mod mistake;
mod query;
mod registry;
mod resend;
mod runtime;
mod sagas;
mod sent;
mod target;
mod wait_for;

use std::sync::Arc;

pub use self::builder::Builder;
pub use self::error::{ExecuteError, LoadError};
pub use self::execute::Execute;
pub use self::executed::Executed;
pub use self::load::{Load, Loaded};
pub use self::mistake::{BuildError, Mistake};

pub(crate) use self::inline::{Inlines, NotFollowed};
pub(crate) use self::ledger::{event_hash, is_hash_of};
pub(crate) use self::registry::Registry;
pub(crate) use self::runtime::with_sources;
pub(crate) use self::sagas::WeakKenning;
pub(crate) use self::sent::{AnySent, Sent, Undecided};
pub(crate) use self::target::{AnyTarget, TargetError};

use self::builder::Options;
use self::gate::Gate;
use self::inline::InlineAppend;
use self::maintenance::Maintenance;
use crate::aggregate::Aggregate;
use crate::catalog::Catalog;
use crate::check::AsId;
use crate::command::Command;
use crate::consumer::ReadSide;
use crate::feed::Feed;
use crate::query::Query;
use crate::read_model::ReadModel;
use crate::saga::SagaSide;
use crate::store::{EventStore, Health, StoreError};

/// A running application. Cloning is cheap, and all clones are one application.
///
/// ```
/// # async fn run(store: impl kenning::store::EventStore) -> Result<(), Box<dyn std::error::Error>> {
/// let app = kenning::Kenning::builder(store).build().await?;
/// app.close().await;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Kenning {
    inner: Arc<Inner>,
}

struct Inner {
    store: Arc<dyn EventStore>,
    /// The projections that run in the transactions of appends.
    inline: Option<Arc<dyn InlineAppend>>,
    options: Options,
    registry: Arc<Registry>,
    gate: Gate,
    maintenance: Maintenance,
    /// The engine of the consumers; `None`: the builder was told of none.
    read_side: Option<Arc<dyn ReadSide>>,
    /// The engine of the sagas; `None`: the builder was told of none.
    saga_side: Option<Arc<dyn SagaSide>>,
}

impl Kenning {
    /// Begins an application on a store.
    pub fn builder<S: EventStore>(store: S) -> Builder<S> {
        Builder::new(store)
    }

    /// Sends a command to its aggregate. Await the envelope that is returned, or give the command an id, a correlation or headers first.
    pub fn execute<C: Command>(&self, command: C) -> Execute<C> {
        Execute::new(self.clone(), command)
    }

    /// Reads an aggregate's state by replaying its stream, from a snapshot where there is one: as it is now, or
    /// [at a version](Load::at_version) or [at a time](Load::at_time).
    pub fn load<A: Aggregate>(&self, id: impl AsId<A::Id>) -> Load<A> {
        Load::new(self.clone(), id.as_id())
    }

    /// Asks a read model for rows: say which, in which order and how many, then [`fetch`](Query::fetch) them.
    ///
    /// It sees what the read model's consumer has committed, here or in another process. [`docs::queries`](crate::docs::queries) tells what each comparison means.
    pub fn query<M: ReadModel>(&self) -> Query<M> {
        Query::new(self.clone())
    }

    /// Follows the feed of all streams.
    pub fn feed(&self) -> Feed {
        Feed::new(Arc::clone(&self.inner.store), self.inner.gate.listen())
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn EventStore> {
        &self.inner.store
    }

    /// The one list of everything declared.
    #[must_use]
    pub fn catalog(&self) -> &Catalog {
        &self.inner.registry.catalog
    }

    /// How the store is.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn health(&self) -> Result<Health, StoreError> {
        self.inner.store.health().await
    }

    /// Ends the application: new work is answered with `Closed`, work accepted before runs to its end, then the background tasks and the store
    /// are closed. Doing it again, also at the same time, waits for the same.
    ///
    /// Work is accepted when its future is polled first. It runs in its caller's task: a future that is kept and never polled again holds the close
    /// up, so bound the wait where that can happen. A future that is dropped has ended.
    pub async fn close(&self) {
        self.inner.gate.close().await;
        self.inner.maintenance.stopped().await;
        self.inner.store.close().await;
    }
}

impl std::fmt::Debug for Kenning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kenning").field("options", &self.inner.options).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[cfg(feature = "memory")]
pub(crate) mod tests;

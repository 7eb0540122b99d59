//! Putting an application together.

mod consumers;
mod sagas;

use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

use self::consumers::Consumers;
use self::sagas::Sagas;
use super::gate::Gate;
use super::maintenance::Maintenance;
use super::mistake::BuildError;
use super::registry::Registrations;
use super::{Inner, Kenning};
use crate::aggregate::Aggregate;
use crate::clock::Clock;
use crate::command::Command;
use crate::store::EventStore;

/// What a builder was told, or its defaults.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) clock: Clock,
    pub(crate) cache: NonZeroUsize,
    pub(crate) queue: usize,
    pub(crate) attempts: NonZeroU32,
    pub(crate) ledger_retention: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            clock: Clock::system(),
            cache: const { NonZeroUsize::new(10_000).unwrap() },
            queue: 1_024,
            attempts: const { NonZeroU32::new(8).unwrap() },
            ledger_retention: Duration::from_secs(30 * 24 * 60 * 60),
        }
    }
}

/// Puts an application together; [`build`](Self::build) checks it.
#[must_use = "an application is there when `build` has returned"]
pub struct Builder<S> {
    store: S,
    options: Options,
    registrations: Registrations,
    consumers: Consumers<S>,
    sagas: Sagas<S>,
}

impl<S: EventStore> Builder<S> {
    pub(super) fn new(store: S) -> Self {
        Self {
            store,
            options: Options::default(),
            registrations: Registrations::default(),
            consumers: Consumers::default(),
            sagas: Sagas::default(),
        }
    }

    /// Registers an aggregate with its events.
    pub fn aggregate<A: Aggregate>(mut self) -> Self {
        self.registrations.aggregate::<A>();
        self
    }

    /// Lists a command in the [catalog](Kenning::catalog), and registers its aggregate where that was not done. Commands are executed whether they are listed or
    /// not: the type of a command says which aggregate decides on it. Only the list has to be written down somewhere, and this is the place.
    pub fn command<C: Command>(mut self) -> Self {
        self.registrations.command::<C>();
        self
    }

    /// Where handlers take the time from; the system's clock if nothing is said.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.options.clock = clock;
        self
    }

    /// How many streams' states are kept at hand for each aggregate; 10,000 if nothing is said, at least 1. Streams that commands are working on are kept
    /// beyond the bound.
    pub fn cache(mut self, streams: usize) -> Self {
        self.options.cache = NonZeroUsize::new(streams).unwrap_or(NonZeroUsize::MIN);
        self
    }

    /// How many commands may wait for one stream; 1,024 if nothing is said. One more is answered with
    /// [`ExecuteError::Overloaded`](crate::ExecuteError::Overloaded).
    pub fn queue(mut self, commands: usize) -> Self {
        self.options.queue = commands;
        self
    }

    /// How often a command is tried when other processes are faster; 8 if nothing is said, at least 1.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.options.attempts = NonZeroU32::new(attempts).unwrap_or(NonZeroU32::MIN);
        self
    }

    /// How long the ids of accepted commands are remembered; 30 days if nothing is said. A command sent again after that is decided anew.
    pub fn ledger_retention(mut self, retention: Duration) -> Self {
        self.options.ledger_retention = retention;
        self
    }

    /// Checks what was registered, prepares the store (which migrates it) and starts the background tasks. Call it inside a tokio runtime.
    ///
    /// # Errors
    /// [`BuildError::Mistakes`] with everything that is wrong with the registrations, before the store is touched; or the store's own error.
    pub async fn build(self) -> Result<Kenning, BuildError> {
        let Self { store, options, mut registrations, mut consumers, sagas } = self;
        registrations.add_mistakes(sagas.mistakes());
        let mut registry = registrations.open(options.cache)?;
        consumers.add_all(sagas.consumers());
        consumers.note_partitions(&mut registry.catalog);
        let registry = Arc::new(registry);
        store.prepare().await?;
        store.register_events(&registry.event_types()).await?;
        let store = Arc::new(store);
        let gate = Gate::new();
        let (inlines, inline) = consumers.open_inlines(&store).unzip();
        let lease = consumers.lease();
        let read_side = consumers.open(Arc::clone(&store), &options, &registry, inlines, &gate).await?;
        let saga_side = sagas.open(Arc::clone(&store), lease).await?;
        let store: Arc<dyn EventStore> = store;
        let maintenance = Maintenance::start(Arc::clone(&store), &options, gate.listen());
        let inner = Inner { store, inline, options, registry, gate, maintenance, read_side, saga_side };
        let app = Kenning { inner: Arc::new(inner) };
        if let Some(saga_side) = &app.inner.saga_side {
            saga_side.bind(app.downgrade());
            for (saga, status, instances) in saga_side.count().await? {
                if instances > 0 && !status.is_end() && !saga_side.registers(&saga) {
                    tracing::warn!(saga, %status, instances, "saga not registered: nothing moves its instances here");
                }
            }
        }
        Ok(app)
    }
}

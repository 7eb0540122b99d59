//! Registering what follows the feed.

use std::sync::Arc;
use std::time::Duration;

use super::{Builder, Options};
use crate::app::gate::Gate;
use crate::app::inline::{Inline, InlineAppend, Inlines};
use crate::app::registry::Registry;
use crate::catalog::Catalog;
use crate::consumer::{ConsumerOptions, Declaration, Engine, ReadSide, Setup};
use crate::projection::{Lends, Projection};
use crate::reactor::Reactor;
use crate::read_model::ReadModel;
use crate::store::{BoxFuture, ConsumerStore, StoreError};

/// The longest lease.
const LONGEST_LEASE: Duration = Duration::from_secs(24 * 60 * 60);

/// The consumers that a builder has been told of.
pub(super) struct Consumers<S> {
    declarations: Vec<Declaration<S>>,
    /// Those that run in the transactions of appends, and no consumers.
    inlines: Vec<Inline<S>>,
    open_inlines: Option<OpenInlines<S>>,
    options: ConsumerOptions,
    lease: Duration,
    /// Opens the engine: there once the builder knows that its store runs consumers.
    open: Option<Open<S>>,
}

type Open<S> =
    fn(Arc<S>, Vec<Declaration<S>>, Setup<S>) -> BoxFuture<'static, Result<Arc<dyn ReadSide>, StoreError>>;

type OpenInlines<S> = fn(Arc<S>, Vec<Inline<S>>, &ConsumerOptions) -> OpenedInlines<S>;

/// The inline projections: for who appends in transactions of their own store, and for who does not know it.
type OpenedInlines<S> = (Arc<Inlines<S>>, Arc<dyn InlineAppend>);

impl<S> Default for Consumers<S> {
    fn default() -> Self {
        Self {
            declarations: Vec::new(),
            inlines: Vec::new(),
            open_inlines: None,
            options: ConsumerOptions::new(),
            lease: Duration::from_secs(15),
            open: None,
        }
    }
}

impl<S: ConsumerStore> Consumers<S> {
    /// The engine is to be there, whatever else is registered.
    pub(super) fn run_consumers(&mut self) {
        self.open = Some(Engine::open);
    }
}

impl<S> Consumers<S> {
    pub(super) fn lease(&self) -> Duration {
        self.lease
    }

    pub(super) fn add_all(&mut self, declarations: Vec<Declaration<S>>) {
        self.declarations.extend(declarations);
    }

    /// Notes the number of partitions of each consumer.
    pub(super) fn note_partitions(&self, catalog: &mut Catalog) {
        for declaration in &self.declarations {
            let options = declaration.options(&self.options);
            catalog.set_partitions(&*declaration.name, options.partitions.get());
        }
    }

    /// The inline projections, if there is any.
    pub(super) fn open_inlines(&mut self, store: &Arc<S>) -> Option<OpenedInlines<S>> {
        let open = self.open_inlines?;
        Some(open(Arc::clone(store), std::mem::take(&mut self.inlines), &self.options))
    }

    /// Opens the engine, if there is anything for it.
    pub(super) async fn open(
        self,
        store: Arc<S>,
        options: &Options,
        registry: &Arc<Registry>,
        inlines: Option<Arc<Inlines<S>>>,
        gate: &Gate,
    ) -> Result<Option<Arc<dyn ReadSide>>, StoreError> {
        let Some(open) = self.open else { return Ok(None) };
        let catalog = &registry.catalog;
        let setup = Setup {
            options: self.options,
            lease: self.lease,
            clock: options.clock.clone(),
            registry: Arc::clone(registry),
            inlines,
            aggregates: catalog.aggregates().map(|entry| (entry.category, entry.events.clone())).collect(),
            closed: gate.listen(),
        };
        open(store, self.declarations, setup).await.map(Some)
    }
}

impl<S: ConsumerStore> Builder<S> {
    /// Registers a read model: its table is made when the application is built, and kept while the application runs.
    pub fn read_model<M: ReadModel>(self) -> Self {
        self.add_read_model::<M>(None)
    }

    /// Registers a read model that is run in a way of its own.
    pub fn read_model_with<M: ReadModel>(self, options: ConsumerOptions) -> Self {
        self.add_read_model::<M>(Some(options))
    }

    /// Registers a projection. An [inline](Projection::INLINE) one follows the events that [`Kenning::execute`](crate::Kenning::execute) appends from now on, in their transactions.
    pub fn projection<P: Projection>(self, projection: P) -> Self
    where
        S::Transaction: Lends<P::Transaction>,
    {
        self.add_projection(projection, None)
    }

    /// Registers a projection that is run in a way of its own. Of an inline one the [timeout](ConsumerOptions::timeout) alone counts.
    pub fn projection_with<P: Projection>(self, projection: P, options: ConsumerOptions) -> Self
    where
        S::Transaction: Lends<P::Transaction>,
    {
        self.add_projection(projection, Some(options))
    }

    /// Registers a reactor. What it sends is for aggregates of this application.
    pub fn reactor<R: Reactor>(self, reactor: R) -> Self {
        self.add_reactor(reactor, None)
    }

    /// Registers a reactor that is run in a way of its own.
    pub fn reactor_with<R: Reactor>(self, reactor: R, options: ConsumerOptions) -> Self {
        self.add_reactor(reactor, Some(options))
    }

    /// How consumers are run that have no options of their own.
    pub fn consumers(mut self, options: ConsumerOptions) -> Self {
        self.consumers.options = options;
        self.consumers.open = Some(Engine::open);
        self
    }

    /// How long a process may be silent before others take its partitions over. Default: 15 s; at
    /// least 100 ms, at most a day. Leases are renewed at a quarter of it. So often does a
    /// process without work wake; on the memory store nothing else polls.
    pub fn lease(mut self, duration: Duration) -> Self {
        self.consumers.lease = duration.clamp(Duration::from_millis(100), LONGEST_LEASE);
        self.consumers.open = Some(Engine::open);
        self
    }

    fn add_read_model<M: ReadModel>(mut self, options: Option<ConsumerOptions>) -> Self {
        self.registrations.read_model::<M>(options.as_ref().map_or(1, |options| options.partitions.get()));
        let declaration = Declaration::read_model::<M>(options);
        self.add(declaration)
    }

    fn add_projection<P: Projection>(mut self, projection: P, options: Option<ConsumerOptions>) -> Self
    where
        S::Transaction: Lends<P::Transaction>,
    {
        self.registrations.projection::<P>();
        if P::INLINE {
            self.consumers.inlines.push(Inline::new(projection, options));
            self.consumers.open_inlines = Some(Inlines::open);
            return self;
        }
        self.add(Declaration::projection(projection, options))
    }

    fn add_reactor<R: Reactor>(mut self, reactor: R, options: Option<ConsumerOptions>) -> Self {
        self.registrations.reactor::<R>();
        self.add(Declaration::reactor(reactor, options))
    }

    fn add(mut self, declaration: Declaration<S>) -> Self {
        self.consumers.declarations.push(declaration);
        self.consumers.open = Some(Engine::open);
        self
    }
}

//! The aggregates of an application, found by their types.

use std::any::{Any, TypeId, type_name};
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use super::mistake::{
    BuildError, Mistake, check, mistakes_of, mistakes_of_projection, mistakes_of_reactor,
    mistakes_of_read_model, mistakes_of_saga, unstorable, unstorable_events,
};
use super::runtime::AggregateRuntime;
use crate::aggregate::Aggregate;
use crate::catalog::Catalog;
use crate::command::Command;
use crate::projection::Projection;
use crate::reactor::Reactor;
use crate::read_model::ReadModel;
use crate::saga::{SagaDefinition, sent_by};
use crate::store::{ConsumerReads, ConsumerSpec, EventType, EventVersions};

/// What a builder has been told.
#[derive(Default)]
pub(super) struct Registrations {
    catalog: Catalog,
    aggregates: BTreeMap<TypeId, Open>,
    /// The types of the consumers, by name.
    consumers: BTreeMap<&'static str, &'static str>,
    /// The sagas with the commands that they send, and the categories of their aggregates.
    sends: Vec<(&'static str, (&'static str, &'static str))>,
    mistakes: Vec<Mistake>,
}

/// Makes the runtime of one aggregate, for so many streams at hand.
type Open = fn(NonZeroUsize) -> Runtime;
type Runtime = Box<dyn Any + Send + Sync>;

/// The aggregates that an application runs.
pub(crate) struct Registry {
    pub(super) catalog: Catalog,
    /// Sorted by type: a search in it is faster than a hash.
    aggregates: Box<[(TypeId, Runtime)]>,
}

impl Registrations {
    pub(super) fn aggregate<A: Aggregate>(&mut self) {
        let open: Open = |streams| Box::new(AggregateRuntime::<A>::new(streams));
        if self.aggregates.insert(TypeId::of::<A>(), open).is_none() {
            self.catalog.add_aggregate::<A>();
            self.mistakes.extend(mistakes_of::<A>());
        }
    }

    pub(super) fn command<C: Command>(&mut self) {
        self.aggregate::<C::Aggregate>();
        self.catalog.add_command::<C>();
    }

    pub(super) fn read_model<M: ReadModel>(&mut self, partitions: u16) {
        self.mistakes.extend(mistakes_of_read_model::<M>(partitions));
        self.consumer::<M>(M::TABLE);
        self.mistakes.extend(unstorable_events::<M::Events>());
        self.catalog.add_read_model::<M>();
    }

    pub(super) fn projection<P: Projection>(&mut self) {
        self.mistakes.extend(mistakes_of_projection::<P>());
        self.consumer::<P>(P::NAME);
        self.mistakes.extend(unstorable_events::<P::Events>());
        self.catalog.add_projection::<P>();
    }

    /// An old definition has the name of the one that starts instances.
    pub(super) fn saga<S: SagaDefinition>(&mut self, finishes_only: bool) {
        self.mistakes.extend(mistakes_of_saga::<S>());
        self.sends.extend(sent_by::<S>().into_iter().map(|sent| (type_name::<S>(), sent)));
        self.catalog.add_saga::<S>();
        if !finishes_only {
            self.consumer::<S>(S::NAME);
        }
        self.catalog.add_saga::<S>();
    }

    pub(super) fn add_mistakes(&mut self, mistakes: Vec<Mistake>) {
        self.mistakes.extend(mistakes);
    }

    pub(super) fn reactor<R: Reactor>(&mut self) {
        self.mistakes.extend(mistakes_of_reactor::<R>());
        self.consumer::<R>(R::NAME);
        self.mistakes.extend(unstorable(R::EVENTS.iter().map(|event| &event.info)));
        self.catalog.add_reactor::<R>();
    }

    /// Each consumer has a name of its own: the checkpoint is found by it.
    fn consumer<C: 'static>(&mut self, name: &'static str) {
        let second = type_name::<C>();
        if let Some(first) = self.consumers.insert(name, second) {
            self.mistakes.push(Mistake::ConsumerTwice { name, first, second });
        }
    }

    /// Checks everything and opens the runtimes.
    pub(super) fn open(self, streams: NonZeroUsize) -> Result<Registry, BuildError> {
        let mut mistakes = self.mistakes;
        for (saga, (command, category)) in self.sends {
            if !self.catalog.aggregates().any(|aggregate| aggregate.category == category) {
                mistakes.push(Mistake::SagaSends { saga, command, category });
            }
        }
        check(&self.catalog, mistakes)?;
        let aggregates = self.aggregates.into_iter().map(|(id, open)| (id, open(streams))).collect();
        Ok(Registry { catalog: self.catalog, aggregates })
    }
}

impl Registry {
    /// The events of the aggregates, by category.
    pub(super) fn event_types(&self) -> Vec<EventType> {
        let mut types = Vec::new();
        for aggregate in self.catalog.aggregates() {
            for event in aggregate.events.iter().filter_map(|name| self.catalog.event(name)) {
                let (category, name) = (aggregate.category.into(), event.name.into());
                types.push(EventType { category, name, version: event.version });
            }
        }
        types
    }

    /// What this release reads for a consumer that handles some events.
    pub(crate) fn reads(&self, spec: &ConsumerSpec, handled: &[String]) -> ConsumerReads {
        let version = |name: &str| self.catalog.event(name).map_or(1, |event| event.version);
        let handles: EventVersions =
            handled.iter().map(|name| (name.as_str().into(), version(name))).collect();
        let others = self.catalog.events().filter(|event| !handles.contains_key(event.name));
        ConsumerReads {
            consumer: Arc::clone(&spec.name),
            version: spec.version,
            knows: others.map(|event| (event.name.into(), event.version)).collect(),
            handles,
        }
    }

    /// The runtime of an aggregate, if it is registered.
    pub(crate) fn get<A: Aggregate>(&self) -> Option<&AggregateRuntime<A>> {
        let at = self.aggregates.binary_search_by_key(&TypeId::of::<A>(), |(id, _)| *id).ok()?;
        self.aggregates.get(at)?.1.downcast_ref()
    }
}

//! The aggregates of an application, found by their types.

use std::any::{Any, TypeId};
use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use super::mistake::{BuildError, Mistake, check, mistakes_of};
use super::runtime::AggregateRuntime;
use crate::aggregate::Aggregate;
use crate::catalog::Catalog;
use crate::command::Command;

/// What a builder has been told.
#[derive(Default)]
pub(super) struct Registrations {
    catalog: Catalog,
    aggregates: BTreeMap<TypeId, Open>,
    mistakes: Vec<Mistake>,
}

/// Makes the runtime of one aggregate, for so many streams at hand.
type Open = fn(NonZeroUsize) -> Runtime;
type Runtime = Box<dyn Any + Send + Sync>;

/// The aggregates that an application runs.
pub(super) struct Registry {
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

    /// Checks everything and opens the runtimes.
    pub(super) fn open(self, streams: NonZeroUsize) -> Result<Registry, BuildError> {
        check(&self.catalog, self.mistakes)?;
        let aggregates = self.aggregates.into_iter().map(|(id, open)| (id, open(streams))).collect();
        Ok(Registry { catalog: self.catalog, aggregates })
    }
}

impl Registry {
    /// The runtime of an aggregate, if it is registered.
    pub(super) fn get<A: Aggregate>(&self) -> Option<&AggregateRuntime<A>> {
        let at = self.aggregates.binary_search_by_key(&TypeId::of::<A>(), |(id, _)| *id).ok()?;
        self.aggregates.get(at)?.1.downcast_ref()
    }
}

//! A consumer as it was registered.

use std::any::TypeId;
use std::sync::Arc;

use super::ConsumerOptions;
use super::project::Projected;
use super::react::Reacting;
use super::rows::Rows;
use super::runner::Runner;
use crate::event_set::EventSet;
use crate::projection::{Lends, Projection, Restart};
use crate::reactor::Reactor;
use crate::read_model::{FoldInto, Reach, ReadModel};
use crate::saga::{Follow, RegisteredSaga, SagaOptions};
use crate::store::{ConsumerKind, ConsumerSpec, ConsumerStore, SagaStore, Start, Table, TableDefinition};

/// A consumer of a store `S`.
pub(crate) struct Declaration<S> {
    pub(crate) name: Arc<str>,
    pub(crate) kind: ConsumerKind,
    pub(crate) version: u32,
    /// The type that was registered.
    pub(crate) type_id: TypeId,
    /// The persisted names of the events that it handles.
    pub(crate) events: Arc<[String]>,
    /// The table of a read model.
    pub(crate) table: Option<Arc<TableDefinition>>,
    /// How the tables of a projection are prepared.
    pub(crate) restart: Restart,
    /// The name that it had before.
    renamed_from: Option<&'static str>,
    /// `None`: what the builder says for all.
    options: Option<ConsumerOptions>,
    /// Its rows are reached from several streams, so that one partition has to see them all.
    one_partition: bool,
    pub(super) runner: Box<dyn Runner<S>>,
}

impl<S: ConsumerStore> Declaration<S> {
    /// The consumer that keeps a read model.
    pub(crate) fn read_model<M: ReadModel>(options: Option<ConsumerOptions>) -> Self {
        let infos = <M::Events as EventSet>::EVENTS.iter();
        let handled = infos.zip(M::Events::REACH).filter(|(_, reach)| **reach != Reach::Nothing);
        Self {
            name: M::TABLE.into(),
            kind: ConsumerKind::ReadModel,
            version: M::VERSION,
            type_id: TypeId::of::<M>(),
            events: handled.map(|(info, _)| info.name.to_owned()).collect(),
            table: Some(Arc::new(TableDefinition {
                name: M::TABLE.into(),
                columns: M::COLUMNS,
                key: M::KEY,
                indexes: M::INDEXES,
            })),
            restart: Restart::Idempotent("its table is new"),
            renamed_from: None,
            options,
            one_partition: M::Events::REACH.contains(&Reach::Computed),
            runner: Box::new(Rows::<M>::new()),
        }
    }

    /// The consumer that runs a projection.
    pub(crate) fn projection<P: Projection>(projection: P, options: Option<ConsumerOptions>) -> Self
    where
        S::Transaction: Lends<P::Transaction>,
    {
        let handled = P::Events::EVENTS.iter().filter(|info| !P::IGNORED.contains(&info.name));
        Self {
            name: P::NAME.into(),
            kind: ConsumerKind::Projection,
            version: P::VERSION,
            type_id: TypeId::of::<P>(),
            events: handled.map(|info| info.name.to_owned()).collect(),
            table: None,
            restart: P::RESTART,
            renamed_from: P::RENAMED_FROM,
            options,
            one_partition: false,
            runner: Box::new(Projected::new(projection)),
        }
    }

    /// The consumer that runs a reactor.
    pub(crate) fn reactor<R: Reactor>(reactor: R, options: Option<ConsumerOptions>) -> Self {
        Self {
            name: R::NAME.into(),
            kind: ConsumerKind::Reactor,
            version: R::VERSION,
            type_id: TypeId::of::<R>(),
            events: R::EVENTS.iter().map(|event| event.info.name.to_owned()).collect(),
            table: None,
            restart: Restart::Idempotent("it continues"),
            renamed_from: R::RENAMED_FROM,
            options,
            one_partition: false,
            runner: Box::new(Reacting::new(reactor)),
        }
    }
}

impl<S: SagaStore> Declaration<S> {
    /// The consumer that starts the instances of a saga and brings them their events.
    pub(crate) fn saga(
        main: &Arc<RegisteredSaga>,
        follow: Follow,
        options: &SagaOptions,
        start: Option<Start>,
    ) -> Self {
        let start = start.or(options.consumer.start);
        let consumer = ConsumerOptions { start, ..options.consumer.clone() };
        let about = main.saga.about();
        Self {
            name: Arc::clone(&about.name),
            kind: ConsumerKind::Saga,
            version: about.version,
            type_id: main.type_id,
            events: follow.events().into(),
            table: None,
            restart: Restart::Idempotent("it continues"),
            renamed_from: None,
            options: Some(consumer),
            one_partition: false,
            runner: Box::new(follow),
        }
    }
}

impl<S> Declaration<S> {
    /// How it is run, when consumers without options of their own are run in this way.
    pub(crate) fn options(&self, others: &ConsumerOptions) -> ConsumerOptions {
        let mut options = self.options.as_ref().unwrap_or(others).clone();
        options.renamed_from = self.renamed_from.map(Into::into).or(options.renamed_from);
        if self.one_partition { options.partitions(1) } else { options }
    }

    /// As a store takes it.
    pub(crate) fn spec(&self, options: &ConsumerOptions) -> ConsumerSpec {
        ConsumerSpec {
            name: Arc::clone(&self.name),
            kind: self.kind,
            version: self.version,
            partitions: options.partitions.get(),
            start: options.start.unwrap_or_default(),
            table: self.table.clone(),
        }
    }

    /// The table that queries are asked of.
    pub(crate) fn live_table(&self) -> Option<Arc<Table>> {
        let definition = self.table.clone()?;
        Some(Arc::new(Table { definition, building: None }))
    }
}

//! The catalog: the one list of everything declared.

mod contradiction;
mod entries;
mod saga;

use std::collections::BTreeMap;

pub use self::contradiction::Contradiction;
pub use self::entries::{
    AggregateEntry, CommandEntry, EventEntry, ProjectionEntry, ReactorEntry, ReadModelEntry,
};
pub use self::saga::{SagaCommandEntry, SagaEntry, SagaSends};

use crate::aggregate::Aggregate;
use crate::command::Command;
use crate::event::EventInfo;
use crate::event_set::EventSet;
use crate::projection::Projection;
use crate::reactor::Reactor;
use crate::read_model::ReadModel;
use crate::saga::SagaDefinition;
use crate::schema::Shapes;

/// The one list of everything declared: events with the shapes of their versions, aggregates, commands, read models, projections, reactors, sagas. An application has it as
/// `app.catalog()`; a test builds one by itself, without a store:
///
/// ```
/// # use kenning::Catalog;
/// # fn of<Order: kenning::Aggregate>() -> Catalog {
/// Catalog::new().aggregate::<Order>()
/// # }
/// ```
///
/// Declarations that contradict each other do not stop it; they are kept as [`contradictions`](Self::contradictions), which an application refuses
/// to be built with.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    events: BTreeMap<&'static str, EventEntry>,
    aggregates: BTreeMap<&'static str, AggregateEntry>,
    commands: BTreeMap<(&'static str, &'static str), CommandEntry>,
    read_models: BTreeMap<&'static str, ReadModelEntry>,
    projections: BTreeMap<&'static str, ProjectionEntry>,
    reactors: BTreeMap<&'static str, ReactorEntry>,
    sagas: BTreeMap<(&'static str, u32), SagaEntry>,
    /// The numbers of partitions that are known, by the name of the consumer.
    partitions: BTreeMap<String, u16>,
    contradictions: Vec<Contradiction>,
}

impl Catalog {
    /// An empty catalog.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With an aggregate and its events.
    #[must_use]
    pub fn aggregate<A: Aggregate>(mut self) -> Self {
        self.add_aggregate::<A>();
        self
    }

    /// With the events of a set that belongs to no aggregate here: what a consumer reads of others.
    #[must_use]
    pub fn events_of<S: EventSet>(mut self) -> Self {
        self.add_events::<S>();
        self
    }

    /// With a command, and with its aggregate if that is not there yet.
    #[must_use]
    pub fn command<C: Command>(mut self) -> Self {
        self.add_command::<C>();
        self
    }

    /// With a read model and the events that it follows.
    #[must_use]
    pub fn read_model<M: ReadModel>(mut self) -> Self {
        self.add_read_model::<M>();
        self
    }

    /// With a projection and the events that it follows.
    #[must_use]
    pub fn projection<P: Projection>(mut self) -> Self {
        self.add_projection::<P>();
        self
    }

    /// With a reactor and the events that it handles.
    #[must_use]
    pub fn reactor<R: Reactor>(mut self) -> Self {
        self.add_reactor::<R>();
        self
    }

    /// With a saga and the events that it follows.
    #[must_use]
    pub fn saga<S: SagaDefinition>(mut self) -> Self {
        self.add_saga::<S>();
        self
    }

    /// With the number of partitions of a consumer, as its
    /// [options](crate::ConsumerOptions::partitions) say it. The catalog of an application has the
    /// number of each consumer. In the catalog of a lock test, it has the lock file guard the number.
    #[must_use]
    pub fn partitions(mut self, consumer: impl Into<String>, partitions: u16) -> Self {
        self.set_partitions(consumer, partitions);
        self
    }

    /// Sets the number of partitions of a consumer.
    pub fn set_partitions(&mut self, consumer: impl Into<String>, partitions: u16) {
        self.partitions.insert(consumer.into(), partitions);
    }

    /// Adds an aggregate and its events; the same one again changes nothing.
    pub fn add_aggregate<A: Aggregate>(&mut self) {
        let entry = AggregateEntry::of::<A>();
        if let Some(other) = self.aggregates.get(A::CATEGORY) {
            if other.type_id != entry.type_id {
                self.contradictions.push(Contradiction::category(other, &entry));
            }
            return;
        }
        if let Some(snapshots) = A::SNAPSHOTS {
            let mut shapes = Shapes::default();
            snapshots.describe(&mut shapes);
            self.unreadable(entry.type_name, &shapes);
        }
        self.aggregates.insert(A::CATEGORY, entry);
        self.add_infos(<A::Events as EventSet>::EVENTS);
    }

    /// Adds the events of a set; the same ones again change nothing.
    pub fn add_events<S: EventSet>(&mut self) {
        self.add_infos(S::EVENTS);
    }

    /// Adds a command, and its aggregate if that is not there yet; the same one again changes nothing.
    pub fn add_command<C: Command>(&mut self) {
        self.add_aggregate::<C::Aggregate>();
        let entry = CommandEntry::of::<C>();
        let key = (entry.category, entry.name);
        match self.commands.get(&key) {
            Some(other) if other.type_id != entry.type_id => {
                self.contradictions.push(Contradiction::command(other, &entry));
            }
            Some(_) => {}
            None => {
                self.commands.insert(key, entry);
            }
        }
    }

    /// Adds a read model and the events that it follows. Of two with one table the first stays: an application refuses to be built with them.
    pub fn add_read_model<M: ReadModel>(&mut self) {
        self.read_models.entry(M::TABLE).or_insert_with(ReadModelEntry::of::<M>);
        self.add_events::<M::Events>();
    }

    /// Adds a projection and the events that it follows. Of two with one name the first stays: an application refuses to be built with them.
    pub fn add_projection<P: Projection>(&mut self) {
        self.projections.entry(P::NAME).or_insert_with(ProjectionEntry::of::<P>);
        self.add_events::<P::Events>();
    }

    /// Adds a reactor and the events that it handles. Of two with one name the first stays: an application refuses to be built with them.
    pub fn add_reactor<R: Reactor>(&mut self) {
        self.reactors.entry(R::NAME).or_insert_with(ReactorEntry::of::<R>);
        self.add_infos(R::EVENTS.iter().map(|event| &event.info));
    }

    /// Adds a saga and the events that it follows; the same one again changes nothing. Several versions of a saga are several entries.
    pub fn add_saga<S: SagaDefinition>(&mut self) {
        let entry = SagaEntry::of::<S>();
        match self.sagas.get(&(S::NAME, S::VERSION)) {
            Some(other) if other.type_id != entry.type_id => {
                self.contradictions.push(Contradiction::saga(other, &entry));
            }
            Some(_) => {}
            None => {
                let mut shapes = Shapes::default();
                S::shape(&mut shapes);
                S::STEPS.iter().for_each(|step| step.describe_output(&mut shapes));
                self.unreadable(entry.type_name, &shapes);
                self.sagas.insert((S::NAME, S::VERSION), entry);
                self.add_infos(S::EVENTS.iter().map(|event| &event.info));
            }
        }
    }

    fn unreadable(&mut self, type_name: &'static str, shapes: &Shapes) {
        let problem = |problem: &String| Contradiction::Unreadable { type_name, problem: problem.clone() };
        self.contradictions.extend(shapes.unreadable().iter().map(problem));
    }

    fn add_infos<'a>(&mut self, infos: impl IntoIterator<Item = &'a EventInfo>) {
        for info in infos {
            let mut shapes = Shapes::default();
            let entry = EventEntry::of(info, &mut shapes);
            match self.events.get(info.name) {
                Some(other) if other.type_id != entry.type_id => {
                    self.contradictions.push(Contradiction::event(other, &entry));
                }
                Some(_) => {}
                None => {
                    self.unreadable(entry.type_name, &shapes);
                    self.events.insert(info.name, entry);
                }
            }
        }
    }

    /// The events, sorted by name.
    pub fn events(&self) -> impl ExactSizeIterator<Item = &EventEntry> {
        self.events.values()
    }

    /// The event of that name.
    #[must_use]
    pub fn event(&self, name: &str) -> Option<&EventEntry> {
        self.events.get(name)
    }

    /// The aggregates, sorted by category.
    pub fn aggregates(&self) -> impl ExactSizeIterator<Item = &AggregateEntry> {
        self.aggregates.values()
    }

    /// The aggregates whose streams may hold the event.
    pub fn aggregates_of<'a>(&'a self, event: &'a str) -> impl Iterator<Item = &'a AggregateEntry> {
        self.aggregates().filter(move |aggregate| aggregate.events.contains(&event))
    }

    /// The commands that were declared to the catalog, sorted by category and name.
    pub fn commands(&self) -> impl ExactSizeIterator<Item = &CommandEntry> {
        self.commands.values()
    }

    /// The read models, sorted by table.
    pub fn read_models(&self) -> impl ExactSizeIterator<Item = &ReadModelEntry> {
        self.read_models.values()
    }

    /// The projections, sorted by name.
    pub fn projections(&self) -> impl ExactSizeIterator<Item = &ProjectionEntry> {
        self.projections.values()
    }

    /// The reactors, sorted by name.
    pub fn reactors(&self) -> impl ExactSizeIterator<Item = &ReactorEntry> {
        self.reactors.values()
    }

    /// The sagas, sorted by name and version.
    pub fn sagas(&self) -> impl ExactSizeIterator<Item = &SagaEntry> {
        self.sagas.values()
    }

    /// The number of partitions of the consumer of that name; `None`: it was not said.
    #[must_use]
    pub fn partitions_of(&self, consumer: &str) -> Option<u16> {
        self.partitions.get(consumer).copied()
    }

    /// The newest version of the saga of that name.
    #[must_use]
    pub fn find_saga(&self, name: &str) -> Option<&SagaEntry> {
        self.sagas().filter(|saga| saga.name == name).last()
    }

    /// Declarations that contradict each other.
    #[must_use]
    pub fn contradictions(&self) -> &[Contradiction] {
        &self.contradictions
    }
}

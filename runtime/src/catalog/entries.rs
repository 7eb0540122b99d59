//! What a catalog says of each thing.

use std::any::{TypeId, type_name};

use crate::aggregate::Aggregate;
use crate::command::Command;
use crate::event::EventInfo;
use crate::event_set::EventSet;
use crate::schema::{Schema, Shape, Shapes};

/// An event.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventEntry {
    /// The persisted name.
    pub name: &'static str,
    /// The version that is written today.
    pub version: u32,
    /// The shapes of all versions that can be read, the newest last; as a rule the first is version 1.
    pub shapes: Vec<Shape>,
    /// The Rust type, as the compiler names it. For messages: nothing may depend on it.
    pub type_name: &'static str,
    /// Tells two types of one name apart from one type declared twice.
    pub(super) type_id: TypeId,
}

/// An aggregate.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AggregateEntry {
    /// The first part of its streams' names.
    pub category: &'static str,
    /// The shape of what tells one from another.
    pub id: Shape,
    /// The names of its events, sorted.
    pub events: Vec<&'static str>,
    /// After how many events a snapshot is taken, if at all.
    pub snapshot_every: Option<u64>,
    /// The Rust type, as the compiler names it. For messages: nothing may depend on it.
    pub type_name: &'static str,
    /// Tells two types of one name apart from one type declared twice.
    pub(super) type_id: TypeId,
}

/// A command.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CommandEntry {
    /// Its name.
    pub name: &'static str,
    /// The category of the aggregate that decides on it.
    pub category: &'static str,
    /// Whether it is meant for a stream that has no event yet.
    pub creates: bool,
    /// The Rust type, as the compiler names it. For messages: nothing may depend on it.
    pub type_name: &'static str,
    /// Tells two types of one name apart from one type declared twice.
    pub(super) type_id: TypeId,
}

impl EventEntry {
    pub(super) fn of(info: &EventInfo, shapes: &mut Shapes) -> Self {
        let mut all = (info.earlier_shapes)(shapes);
        all.push((info.shape)(shapes));
        Self {
            name: info.name,
            version: info.version,
            shapes: all,
            type_name: (info.type_name)(),
            type_id: (info.type_id)(),
        }
    }

    /// Each version that can be read with its shape, oldest first.
    pub fn versions(&self) -> impl Iterator<Item = (u32, &Shape)> {
        let before = u32::try_from(self.shapes.len()).unwrap_or(u32::MAX);
        let first = self.version.saturating_add(1).saturating_sub(before);
        (first..=self.version).zip(&self.shapes)
    }
}

impl AggregateEntry {
    pub(super) fn of<A: Aggregate>() -> Self {
        let mut events: Vec<_> = <A::Events as EventSet>::EVENTS.iter().map(|info| info.name).collect();
        events.sort_unstable();
        Self {
            category: A::CATEGORY,
            id: A::Id::shape(&mut Shapes::default()),
            events,
            snapshot_every: A::SNAPSHOTS.map(|snapshots| snapshots.every),
            type_name: type_name::<A>(),
            type_id: TypeId::of::<A>(),
        }
    }
}

impl CommandEntry {
    pub(super) fn of<C: Command>() -> Self {
        Self {
            name: C::NAME,
            category: <C::Aggregate as Aggregate>::CATEGORY,
            creates: C::CREATES,
            type_name: type_name::<C>(),
            type_id: TypeId::of::<C>(),
        }
    }
}

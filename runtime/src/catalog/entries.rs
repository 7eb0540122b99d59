//! What a catalog says of each thing.

use std::any::{TypeId, type_name};

use crate::aggregate::Aggregate;
use crate::command::Command;
use crate::event::EventInfo;
use crate::event_set::EventSet;
use crate::projection::Projection;
use crate::reactor::Reactor;
use crate::read_model::{ColumnInfo, FoldInto, IndexInfo, Reach, ReadModel};
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
    /// The version of the fold; 1 where none is declared.
    pub fold: u32,
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

/// A read model.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReadModelEntry {
    /// Its table, and the name of the consumer that keeps it.
    pub table: &'static str,
    /// Its version.
    pub version: u32,
    /// The names of the events that it handles, sorted.
    pub handles: Vec<&'static str>,
    /// The names of the events that it ignores, sorted.
    pub ignores: Vec<&'static str>,
    /// Its columns.
    pub columns: &'static [ColumnInfo],
    /// The place of the key among the columns.
    pub key: usize,
    /// Its indexes, beside that of the key.
    pub indexes: &'static [IndexInfo],
    /// The Rust type, as the compiler names it. For messages: nothing may depend on it.
    pub type_name: &'static str,
}

/// A projection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProjectionEntry {
    /// Its name, and that of its consumer.
    pub name: &'static str,
    /// Its version.
    pub version: u32,
    /// Whether it runs in the transaction of each append.
    pub inline: bool,
    /// The names of the events of its set, sorted.
    pub events: Vec<&'static str>,
    /// The names of those among them that it ignores, sorted.
    pub ignores: Vec<&'static str>,
    /// The name that it had before.
    pub renamed_from: Option<&'static str>,
    /// The Rust type, as the compiler names it. For messages: nothing may depend on it.
    pub type_name: &'static str,
}

/// A reactor.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReactorEntry {
    /// Its name, and that of its consumer.
    pub name: &'static str,
    /// Its version.
    pub version: u32,
    /// The names of the events that it handles, sorted.
    pub events: Vec<&'static str>,
    /// The name that it had before.
    pub renamed_from: Option<&'static str>,
    /// The Rust type, as the compiler names it. For messages: nothing may depend on it.
    pub type_name: &'static str,
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
        let events = sorted(<A::Events as EventSet>::EVENTS.iter().map(|info| info.name));
        Self {
            category: A::CATEGORY,
            id: A::Id::shape(&mut Shapes::default()),
            events,
            snapshot_every: A::SNAPSHOTS.map(|snapshots| snapshots.every),
            fold: A::SNAPSHOTS.map_or(1, |snapshots| snapshots.fold),
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

impl ReadModelEntry {
    pub(super) fn of<M: ReadModel>() -> Self {
        let events = || <M::Events as EventSet>::EVENTS.iter().zip(M::Events::REACH);
        let names = |ignored: bool| {
            let chosen = events().filter(|(_, reach)| (**reach == Reach::Nothing) == ignored);
            sorted(chosen.map(|(info, _)| info.name))
        };
        Self {
            table: M::TABLE,
            version: M::VERSION,
            handles: names(false),
            ignores: names(true),
            columns: M::COLUMNS,
            key: M::KEY,
            indexes: M::INDEXES,
            type_name: type_name::<M>(),
        }
    }
}

impl ProjectionEntry {
    pub(super) fn of<P: Projection>() -> Self {
        Self {
            name: P::NAME,
            version: P::VERSION,
            inline: P::INLINE,
            events: sorted(P::Events::EVENTS.iter().map(|info| info.name)),
            ignores: sorted(P::IGNORED.iter().copied()),
            renamed_from: P::RENAMED_FROM,
            type_name: type_name::<P>(),
        }
    }
}

impl ReactorEntry {
    pub(super) fn of<R: Reactor>() -> Self {
        Self {
            name: R::NAME,
            version: R::VERSION,
            events: sorted(R::EVENTS.iter().map(|event| event.info.name)),
            renamed_from: R::RENAMED_FROM,
            type_name: type_name::<R>(),
        }
    }
}

fn sorted(names: impl Iterator<Item = &'static str>) -> Vec<&'static str> {
    let mut names: Vec<_> = names.collect();
    names.sort_unstable();
    names
}

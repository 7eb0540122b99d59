//! What a consumer is opened with.

use std::sync::Arc;

use time::OffsetDateTime;

use super::TableDefinition;
use crate::number::Position;

/// A consumer as its process declares it.
#[derive(Clone, Debug)]
pub struct ConsumerSpec {
    /// Its name.
    pub name: Arc<str>,
    /// What it is.
    pub kind: ConsumerKind,
    /// The version of its declaration.
    pub version: u32,
    /// How many partitions it has, at least 1.
    pub partitions: u16,
    /// Where it begins when it is made for the first time.
    pub start: Start,
    /// The table of a read model.
    pub table: Option<Arc<TableDefinition>>,
}

/// What a consumer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ConsumerKind {
    /// A read model, with a table of the store's.
    ReadModel,
    /// A projection, with whatever its handlers write to.
    Projection,
    /// A saga: its events start instances, or are left for them.
    Saga,
    /// A reactor, with what it causes.
    Reactor,
}

impl ConsumerKind {
    /// Whether a raised version goes on where the lower one stands, in its place, instead of beginning anew beside it: what the consumer has caused is not to be caused again.
    #[must_use]
    pub const fn goes_on(self) -> bool {
        matches!(self, Self::Saga | Self::Reactor)
    }

    /// The call of the builder that says where a new reactor or saga starts.
    pub(crate) const fn start_call(self) -> &'static str {
        match self {
            Self::Saga => "saga_from::<…>(services, Start::End)",
            _ => "reactor_with(…, ConsumerOptions::new().start(Start::End))",
        }
    }

    /// Its persisted name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReadModel => "read_model",
            Self::Projection => "projection",
            Self::Saga => "saga",
            Self::Reactor => "reactor",
        }
    }
}

/// Where a consumer begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Start {
    /// With the first event of the store.
    #[default]
    Beginning,
    /// With the first event that is appended from now on.
    End,
    /// With the first event after a position.
    After(Position),
    /// With the first event recorded at or after a time, by the store's clock. The store is searched for it once.
    At(OffsetDateTime),
}

/// What a process has to run of a consumer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The generation of this process's version; `None`: the store has a newer one.
    pub generation: Option<u32>,
    /// Whether that generation is the live one.
    pub live: bool,
}

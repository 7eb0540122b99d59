#![cfg_attr(all(feature = "macros", feature = "memory"), doc = include_str!("docs/crate.md"))]
#![cfg_attr(
    not(all(feature = "macros", feature = "memory")),
    doc = "Event sourcing and CQRS, declared on plain Rust and checked by the compiler."
)]

// The macros name `::kenning`; inside this crate and its doctests that is the crate itself.
#[allow(unused_extern_crates, reason = "used by the expansions of the macros alone")]
extern crate self as kenning;

mod aggregate;
mod app;
mod catalog;
mod clock;
mod command;
mod consumer;
mod event;
mod event_set;
mod feed;
mod fresh_id;
mod headers;
mod id;
mod mermaid;
mod number;
mod panics;
mod payload;
mod projection;
mod reactor;
mod recorded;
mod stream;
mod telemetry;

pub mod check;
pub mod docs;
pub mod limits;
pub mod prelude;
pub mod query;
pub mod read_model;
pub mod saga;
pub mod schema;
pub mod store;
#[cfg(feature = "testing")]
pub mod testing;

#[doc(hidden)]
pub mod __private;

pub use self::aggregate::{Aggregate, Apply, ApplyTo, Snapshots};
pub use self::app::{
    BuildError, Builder, Execute, ExecuteError, Executed, Kenning, Load, LoadError, Loaded, Mistake,
};
pub use self::catalog::{
    AggregateEntry, Catalog, CommandEntry, Contradiction, EventEntry, ProjectionEntry, ReactorEntry,
    ReadModelEntry, SagaCommandEntry, SagaEntry, SagaSends,
};
pub use self::clock::Clock;
pub use self::command::{Command, CommandContext, CommandOf, Handle};
pub use self::consumer::{
    Building, ConsumerError, ConsumerHandle, ConsumerOptions, ConsumerStatus, ParkedEvents, PartitionStatus,
    Progress, Rebuild, RunError, WaitsFor,
};
pub use self::event::{EncodedEvent, Event, EventInfo, RawEvent};
pub use self::event_set::{EventSet, Includes, IntoEvents};
pub use self::feed::Feed;
pub use self::headers::Headers;
pub use self::id::{AggregateId, InvalidId};
pub use self::mermaid::Mermaid;
pub use self::number::{Position, Version};
pub use self::payload::{DecodeError, EncodeError, Payload};
pub use self::projection::{HandlerError, Lends, Project, ProjectInto, Projection, Restart};
pub use self::query::{Comparable, Filter, Order, Query, QueryError};
pub use self::reactor::{Effects, React, Reactor, ReactorCommand, ReactorError, ReactorEvent, ReactorReturn};
pub use self::read_model::{FoldInto, On, ReadModel};
pub use self::recorded::{Metadata, Recorded, RecordedEvent};
pub use self::saga::{Correlated, Saga, SagaDefinition, SagaFailure, StepContext, StepError};
pub use self::schema::{Schema, Shape, Shapes, fingerprint};
#[cfg(feature = "memory")]
pub use self::store::MemoryStore;
pub use self::store::Start;
#[cfg(feature = "postgres")]
pub use self::store::{PostgresOptions, PostgresStore};
pub use self::stream::{InvalidStreamName, MAX_STREAM_NAME, StreamName};
pub use tokio_util::sync::CancellationToken;

#[cfg(feature = "macros")]
#[doc = include_str!("docs/aggregate.md")]
pub use kenning_macros::Aggregate;
#[cfg(feature = "macros")]
#[doc = include_str!("docs/command.md")]
pub use kenning_macros::Command;
#[cfg(feature = "macros")]
#[doc = include_str!("docs/event.md")]
pub use kenning_macros::Event;
#[cfg(feature = "macros")]
#[doc = include_str!("docs/event_set.md")]
pub use kenning_macros::EventSet;
#[cfg(feature = "macros")]
#[doc = include_str!("docs/read_model.md")]
pub use kenning_macros::ReadModel;
#[cfg(feature = "macros")]
#[doc = include_str!("docs/saga.md")]
pub use kenning_macros::Saga;
#[cfg(feature = "macros")]
#[doc = include_str!("docs/schema.md")]
pub use kenning_macros::Schema;
#[cfg(feature = "macros")]
#[doc = include_str!("docs/aggregate_block.md")]
pub use kenning_macros::aggregate;
#[cfg(feature = "macros")]
#[doc = include_str!("docs/apply.md")]
pub use kenning_macros::apply;
#[cfg(feature = "macros")]
#[doc = include_str!("docs/begin.md")]
pub use kenning_macros::begin;
#[cfg(feature = "macros")]
#[doc = include_str!("docs/command_function.md")]
pub use kenning_macros::command;
#[cfg(feature = "macros")]
#[doc = include_str!("docs/failed.md")]
pub use kenning_macros::failed;
/// On a type, `#[kenning(…)]` is read by the derive above it. Without one, this macro says which
/// derive is missing.
#[cfg(feature = "macros")]
#[doc(hidden)]
pub use kenning_macros::kenning;
#[cfg(feature = "macros")]
#[doc = include_str!("docs/on.md")]
pub use kenning_macros::on;
#[cfg(feature = "macros")]
#[doc = include_str!("docs/projection.md")]
pub use kenning_macros::projection;
#[cfg(feature = "macros")]
#[doc = include_str!("docs/reactor.md")]
pub use kenning_macros::reactor;
#[cfg(feature = "macros")]
#[doc = include_str!("docs/read_model_block.md")]
pub use kenning_macros::read_model;
#[cfg(feature = "macros")]
#[doc = include_str!("docs/saga_block.md")]
pub use kenning_macros::saga;
#[cfg(feature = "macros")]
#[doc = include_str!("docs/send.md")]
pub use kenning_macros::send;
#[cfg(feature = "macros")]
#[doc = include_str!("docs/start.md")]
pub use kenning_macros::start;
#[cfg(feature = "macros")]
#[doc = include_str!("docs/step.md")]
pub use kenning_macros::step;
#[cfg(feature = "macros")]
#[doc = include_str!("docs/undo.md")]
pub use kenning_macros::undo;
#[cfg(feature = "macros")]
#[doc = include_str!("docs/wait.md")]
pub use kenning_macros::wait;

/// The crate that `PostgresStore` is built on, for handlers that write through its transactions.
#[cfg(feature = "postgres")]
pub use sqlx;

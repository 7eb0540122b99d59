//! What most files of an application need: `use kenning::prelude::*;`

pub use serde::{Deserialize, Serialize};
pub use time::OffsetDateTime;
pub use uuid::Uuid;

#[cfg(feature = "macros")]
pub use kenning_macros::{
    Projection, Reactor, aggregate, apply, begin, command, failed, kenning, on, projection, reactor,
    read_model, saga, send, start, step, undo, wait,
};

#[cfg(feature = "memory")]
pub use crate::MemoryStore;
#[cfg(feature = "postgres")]
pub use crate::PostgresStore;
pub use crate::{
    Aggregate, Command, CommandContext, Correlated, Effects, Event, EventSet, ExecuteError, Handle,
    IntoEvents, Kenning, Projection, QueryError, Reactor, ReactorError, ReadModel, Recorded, Saga,
    SagaFailure, Schema, StepContext, StepError, Version,
};
#[cfg(feature = "postgres")]
pub use sqlx::PgTransaction;

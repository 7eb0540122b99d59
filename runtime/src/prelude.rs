//! What most files of an application need: `use kenning::prelude::*;`

pub use serde::{Deserialize, Serialize};
pub use time::OffsetDateTime;
pub use uuid::Uuid;

#[cfg(feature = "macros")]
pub use kenning_macros::{aggregate, apply, command, on, projection, read_model};

#[cfg(feature = "memory")]
pub use crate::MemoryStore;
#[cfg(feature = "postgres")]
pub use crate::PostgresStore;
pub use crate::{
    Aggregate, Command, CommandContext, Event, EventSet, ExecuteError, Handle, IntoEvents, Kenning,
    Projection, QueryError, ReadModel, Recorded, Schema, Version,
};
#[cfg(feature = "postgres")]
pub use sqlx::PgTransaction;

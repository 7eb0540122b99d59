//! The floors: the same work by hand, with sqlx and nothing of ours. Each is the best that a patient engineer gets without the library, for one
//! application, so each leaves out what only a library needs: registrations, middle layers, metrics, limits, a choice of stores.

mod cached;
pub(crate) mod catch_up;
mod committer;
mod event;
mod loader;
mod memory;
mod plain;
mod rehydrate;
pub(crate) mod saga;

use sqlx::PgPool;

pub(crate) use self::cached::{Cached, Commit};
pub(crate) use self::memory::MemoryBank;
pub(crate) use self::plain::{Plain, stream};
pub(crate) use self::rehydrate::rehydrate;

use crate::Result;

/// Makes the floors' table anew.
pub(crate) async fn create(pool: &PgPool) -> Result<()> {
    sqlx::raw_sql(include_str!("floor/schema.sql")).execute(pool).await?;
    Ok(())
}

//! Snapshots of aggregates.

use sqlx::Row;

use super::core::Core;
use super::encode::{Json, number, version};
use super::error::read_error;
use super::losses;
use super::row::text;
use crate::payload::Payload;
use crate::store::{Snapshot, StoreError, Timeline};
use crate::stream::StreamName;

pub(super) async fn load(
    core: &Core,
    stream: &StreamName,
    fingerprint: u64,
) -> Result<Option<Snapshot>, StoreError> {
    let query = || {
        sqlx::query(core.sql.load_snapshot.clone())
            .bind(stream.as_str())
            .bind(fingerprint.cast_signed())
            .fetch_optional(&core.pool)
    };
    let row = losses::read(core, query).await?;
    let snapshot = |row: sqlx::postgres::PgRow| {
        let state = Payload::from_stored(text(&row, 1)?);
        Ok(Snapshot { stream: stream.clone(), fingerprint, version: version(row.try_get(0)?), state })
    };
    row.map(snapshot).transpose().map_err(read_error)
}

/// Saves a snapshot, unless the timeline that its state was read on is over.
pub(super) async fn save(
    core: &Core,
    timeline: Option<Timeline>,
    snapshot: Snapshot,
) -> Result<(), StoreError> {
    let save = || async {
        let mut connection = core.pool.acquire().await?;
        // After the connection was taken: one that leads to another server has moved the timeline on.
        if timeline.is_some_and(|timeline| timeline != core.timeline()) {
            return Ok(false);
        }
        let save = sqlx::query(core.sql.save_snapshot.clone())
            .bind(snapshot.stream.as_str())
            .bind(snapshot.fingerprint.cast_signed())
            .bind(number(snapshot.version.get()))
            .bind(Json::of(&snapshot.state));
        save.execute(&mut *connection).await.map(|_| true)
    };
    if losses::read(core, save).await? { Ok(()) } else { Err(StoreError::timeline_over()) }
}

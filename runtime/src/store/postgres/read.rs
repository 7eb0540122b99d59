//! One stream, row by row.

use super::core::Core;
use super::encode::number;
use super::error::read_error;
use super::losses;
use super::row::Rows;
use crate::recorded::RecordedEvent;
use crate::store::{BoxStream, Direction, StoreError, StreamQuery};

/// How many rows are taken at a time. A page is read whole before it is handed out, so that a slow reader, or one that appends meanwhile, holds
/// no connection.
const PAGE: u64 = 256;

pub(super) fn read(core: &Core, query: StreamQuery) -> BoxStream<'_, Result<RecordedEvent, StoreError>> {
    Box::pin(async_stream::try_stream! {
        let (sql, mut from) = match query.direction {
            Direction::Forwards => (&core.sql.read_forwards, query.from.map_or(0, |from| number(from.get()))),
            Direction::Backwards => (&core.sql.read_backwards, query.from.map_or(i64::MAX, |from| number(from.get()))),
        };
        let mut left = query.limit.unwrap_or(u64::MAX);
        let mut reader = Rows::default();
        while left > 0 {
            let most = left.min(PAGE);
            let page = || {
                sqlx::query(sql.clone()).bind(query.stream.as_str()).bind(from).bind(number(most)).fetch_all(&core.pool)
            };
            let rows = losses::read(core, page).await?;
            let end = (rows.len() as u64) < most;
            left -= rows.len() as u64;
            for row in &rows {
                let event = reader.event(row).map_err(read_error)?;
                let version = number(event.metadata.version.get());
                from = if query.direction == Direction::Forwards { version + 1 } else { version - 1 };
                yield event;
            }
            if end {
                break;
            }
        }
    })
}

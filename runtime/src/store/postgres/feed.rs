//! The feed of all streams.

use std::time::Duration;

use futures_util::TryStreamExt as _;
use futures_util::stream::BoxStream;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgRow, Postgres};
use sqlx::{Error, Row, ValueRef};
use tracing::Instrument as _;

use super::core::Core;
use super::encode::{number, position};
use super::losses;
use super::row::Rows;
use crate::limits::MAX_PAGE;
use crate::number::Position;
use crate::store::{FeedPage, FeedQuery, Health, StoreError, Timeline, WatermarkHolder};

/// How many positions one page looks at for events that match a filter.
const WINDOW: u64 = 20_000;

pub(super) async fn read(core: &Core, mut query: FeedQuery) -> Result<FeedPage, StoreError> {
    query.limit = query.limit.clamp(1, MAX_PAGE);
    let span = tracing::debug_span!("kenning.feed", after = query.after.get(), limit = query.limit);
    losses::read(core, || read_page(core, &query)).instrument(span).await
}

async fn read_page(core: &Core, query: &FeedQuery) -> Result<FeedPage, Error> {
    // A watermark that was true once suffices for who is a page or more behind it: the locks of the appenders are looked at near the head alone.
    let timeline = core.timeline();
    let known = core.watermark(timeline);
    let behind = known >= query.after.plus(query.limit as u64);
    let filtered = query.categories.is_some() || query.names.is_some();
    let reach = if filtered { query.after.plus(WINDOW) } else { Position::new(u64::MAX) };
    let (rows, cut) = if behind {
        let rows = sqlx::query(core.sql.read_feed.clone())
            .bind(number(query.after.get()))
            .bind(number(known.min(reach).get()))
            .bind(query.categories.as_deref())
            .bind(query.names.as_deref())
            .bind(i64::try_from(query.limit).unwrap_or(i64::MAX))
            .fetch(&core.pool);
        take(rows, query.bytes).await?
    } else {
        let rows = sqlx::query(core.sql.feed_page.clone())
            .bind(number(query.after.get()))
            .bind(i64::try_from(query.limit).unwrap_or(i64::MAX))
            .bind(number(reach.get()))
            .bind(query.categories.as_deref())
            .bind(query.names.as_deref())
            .fetch(&core.pool);
        take(rows, query.bytes).await?
    };
    let (watermark, rows) = match rows.split_first() {
        Some((first, rows)) if !behind => (find_end(core, timeline, known, query.after, first)?, rows),
        _ => (known, rows.as_slice()),
    };
    if watermark <= query.after {
        return Ok(FeedPage { events: Vec::new(), through: query.after, watermark });
    }
    let end = watermark.min(reach);
    let full = cut || rows.len() >= query.limit;
    let mut reader = Rows::default();
    let events = rows.iter().map(|row| reader.event(row)).collect::<Result<Vec<_>, _>>()?;
    if let Some(last) = events.last() {
        core.server.saw(timeline, number(last.metadata.position.get()), last.metadata.id);
    }
    let through = match events.last() {
        Some(last) if full => last.metadata.position,
        _ => end,
    };
    Ok(FeedPage { events, through, watermark })
}

/// Takes rows up to a sum of bytes of their payloads; says whether it left some.
async fn take(
    mut rows: BoxStream<'_, Result<PgRow, Error>>,
    bytes: usize,
) -> Result<(Vec<PgRow>, bool), Error> {
    let (mut taken, mut size) = (Vec::new(), 0_usize);
    while let Some(row) = rows.try_next().await? {
        let payload = row.try_get_raw(9)?;
        if !payload.is_null() {
            size = size.saturating_add(payload.as_bytes().map_or(0, <[u8]>::len));
        }
        taken.push(row);
        if size >= bytes {
            return Ok((taken, true));
        }
    }
    Ok((taken, false))
}

/// What the first row of a page near the head says: where what may be delivered ends.
fn find_end(
    core: &Core,
    timeline: Timeline,
    known: Position,
    after: Position,
    row: &PgRow,
) -> Result<Position, Error> {
    let end = position(row.try_get(0)?);
    match row.try_get::<Option<i64>, _>(2)? {
        Some(ended) => core.raise_watermark(timeline, position(ended)),
        // There is no gap behind `after`; that there is none before it, only somebody who reads in order can know.
        None if after <= known => core.raise_watermark(timeline, end),
        None => {}
    }
    Ok(end)
}

/// How far the feed reaches.
struct Reach {
    /// The last position drawn.
    drawn: Position,
    /// The last position up to which every transaction has ended.
    watermark: Position,
}

async fn find_reach(core: &Core, connection: &mut PoolConnection<Postgres>) -> Result<Reach, Error> {
    let read =
        |row: PgRow| Ok(Reach { drawn: position(row.try_get(0)?), watermark: position(row.try_get(1)?) });
    let row = sqlx::query(core.sql.feed_watermark.clone()).fetch_one(&mut **connection).await;
    row.and_then(read)
}

pub(super) async fn health(core: &Core) -> Result<Health, StoreError> {
    losses::read(core, || read_health(core)).await
}

async fn read_health(core: &Core) -> Result<Health, Error> {
    let mut connection = core.pool.acquire().await?;
    let Reach { drawn, watermark, .. } = find_reach(core, &mut connection).await?;
    let mut health = Health { drawn, watermark, ..Health::default() };
    if watermark < drawn {
        let row = sqlx::query(core.sql.find_watermark_holder.clone())
            .bind(number(watermark.get()))
            .fetch_optional(&mut *connection)
            .await?;
        // None: it has ended meanwhile.
        health.holder = row.as_ref().map(holder).transpose()?;
        health.lag = health.holder.as_ref().map_or(Duration::ZERO, |holder| holder.held_for);
    }
    Ok(health)
}

fn holder(row: &PgRow) -> Result<WatermarkHolder, Error> {
    let seconds: Option<f64> = row.try_get(2)?;
    let held_for = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).unwrap_or_default();
    Ok(WatermarkHolder::new(row.try_get(0)?, row.try_get(1)?, held_for))
}

//! Where a consumer begins.

use sqlx::{PgConnection, Row};

use crate::store::Start;
use crate::store::postgres::core::Core;
use crate::store::postgres::encode::number;

/// How many positions are looked at one by one.
const MARGIN: i64 = 10_000;

/// The position before the first event.
pub(super) async fn position(
    core: &Core,
    connection: &mut PgConnection,
    start: Start,
) -> Result<i64, sqlx::Error> {
    match start {
        Start::Beginning => Ok(0),
        Start::After(position) => Ok(number(position.get())),
        Start::End => head(core, connection).await,
        Start::At(time) => {
            // First the head: an event before the one that is found may not be committed yet.
            let head = head(core, connection).await?;
            // Times rise with positions but for what transactions at the same moment make of them: bisect,
            // then look at a margin before what was found.
            let (mut low, mut high) = (0, head);
            while high - low > MARGIN {
                let middle = low + (high - low) / 2;
                let next = sqlx::query(core.sql.event_after.clone()).bind(middle).bind(time);
                match next.fetch_optional(&mut *connection).await? {
                    Some(row) if !row.try_get::<bool, _>(1)? => low = row.try_get(0)?,
                    _ => high = middle,
                }
            }
            let from = (low - MARGIN).max(0);
            let first = sqlx::query_scalar(core.sql.find_start.clone()).bind(from).bind(time);
            let first: Option<i64> = first.fetch_optional(connection).await?;
            Ok(first.map_or(head, |first| head.min(first - 1)))
        }
    }
}

/// The last event before which none is missing.
async fn head(core: &Core, connection: &mut PgConnection) -> Result<i64, sqlx::Error> {
    sqlx::query(core.sql.feed_watermark.clone()).fetch_one(connection).await?.try_get(2)
}

//! Where a consumer begins.

use sqlx::{PgConnection, Row};

use crate::store::Start;
use crate::store::postgres::core::Core;
use crate::store::postgres::encode::number;

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
            let first: Option<i64> =
                sqlx::query_scalar(core.sql.find_start.clone()).bind(time).fetch_optional(connection).await?;
            Ok(first.map_or(head, |first| head.min(first - 1)))
        }
    }
}

/// The last event before which none is missing.
async fn head(core: &Core, connection: &mut PgConnection) -> Result<i64, sqlx::Error> {
    sqlx::query(core.sql.feed_watermark.clone()).fetch_one(connection).await?.try_get(2)
}

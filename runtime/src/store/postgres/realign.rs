//! Bringing the sequence of positions and the checkpoints in line with the events, after a restore or a failover.

use sqlx::{Error, PgConnection, Row};

use super::sql::Sql;

/// Raises the sequence to the last position that exists, and sets checkpoints back that are ahead of it.
///
/// A sequence that is behind would hand out positions that consumers have passed, whose events they would never see. A
/// checkpoint that is ahead would skip the events that get these positions next.
pub(super) async fn realign(connection: &mut PgConnection, sql: &Sql) -> Result<(), Error> {
    raise_positions(connection, sql).await?;
    for row in sqlx::query(sql.reset_checkpoints.clone()).fetch_all(&mut *connection).await? {
        let (consumer, partition): (&str, i32) = (row.try_get(0)?, row.try_get(2)?);
        let (was, now): (i64, i64) = (row.try_get(3)?, row.try_get(4)?);
        tracing::warn!(
            consumer,
            partition,
            was,
            now,
            "checkpoint was ahead of the last position and was set back: the database was restored to an earlier time"
        );
    }
    Ok(())
}

/// Raises the sequence alone.
pub(super) async fn raise_positions(connection: &mut PgConnection, sql: &Sql) -> Result<(), Error> {
    let row = sqlx::query(sql.raise_positions.clone()).fetch_one(&mut *connection).await?;
    let (drawn, last): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
    if drawn < last {
        tracing::warn!(
            drawn,
            last,
            "sequence of positions was behind the events and was raised: it is not part of logical replication, nor of a copy of the data alone"
        );
    }
    Ok(())
}

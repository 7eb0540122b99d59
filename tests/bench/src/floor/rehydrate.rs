//! A long stream, row by row: decoded while the server still sends, each variant straight from the row's bytes.

use futures_util::TryStreamExt;
use sqlx::PgPool;

use super::event::replay;
use crate::Result;
use crate::domain::Account;

pub(crate) async fn rehydrate(pool: &PgPool, stream: &str) -> Result<(Account, i64)> {
    let mut rows =
        sqlx::query("SELECT version, name, payload FROM floor.events WHERE stream = $1 ORDER BY version")
            .bind(stream)
            .fetch(pool);
    let (mut state, mut version) = (Account::default(), 0);
    while let Some(row) = rows.try_next().await? {
        version = replay(&mut state, &row)?;
    }
    Ok((state, version))
}

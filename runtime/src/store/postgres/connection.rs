//! A connection outside the pool, known by the server process behind it.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgRow};
use sqlx::{ConnectOptions, PgConnection, Row};
use time::OffsetDateTime;

use super::sql::Sql;

/// The server process behind a connection. Process ids are used again; with the time of the start they are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Backend {
    pub(super) pid: i32,
    pub(super) started: OffsetDateTime,
}

impl Backend {
    /// As `identify_backend.sql` answers.
    pub(super) fn of(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self { pid: row.try_get(0)?, started: row.try_get(1)? })
    }
}

#[derive(Debug)]
pub(super) struct Connection {
    pub(super) inner: PgConnection,
    pub(super) backend: Backend,
}

impl Connection {
    pub(super) async fn open(
        options: &PgConnectOptions,
        sql: &Sql,
        at_most: Duration,
    ) -> Result<Self, sqlx::Error> {
        let open = async {
            let mut inner = options.connect().await?;
            let row: PgRow = sqlx::query(sql.identify_backend.clone()).fetch_one(&mut inner).await?;
            Ok(Self { backend: Backend::of(&row)?, inner })
        };
        tokio::time::timeout(at_most, open).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
    }
}

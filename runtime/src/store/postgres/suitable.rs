//! Refusing servers that speak PostgreSQL's protocol and do not keep what the feed relies on.

use std::time::Duration;

use sqlx::{Error, PgConnection, Row};

use super::connection::Connection;
use super::core::Core;
use super::error::{SharedError, read_error};
use crate::store::StoreError;

/// What `version()` of imitations has in it, and their names.
const IMITATIONS: [(&str, &str); 16] = [
    ("CockroachDB", "CockroachDB"),
    ("-YB-", "YugabyteDB"),
    ("Yugabyte", "YugabyteDB"),
    ("Redshift", "Amazon Redshift"),
    ("DSQL", "Amazon Aurora DSQL"),
    ("Greenplum", "Greenplum"),
    ("Cloudberry", "Apache Cloudberry"),
    ("Spanner", "Google Spanner"),
    ("Materialize", "Materialize"),
    ("RisingWave", "RisingWave"),
    ("QuestDB", "QuestDB"),
    ("CrateDB", "CrateDB"),
    ("openGauss", "openGauss"),
    ("GaussDB", "GaussDB"),
    ("Vertica", "Vertica"),
    ("DuckDB", "DuckDB"),
];

const WHY: &str =
    "the feed needs PostgreSQL's own sequences, advisory locks and snapshots: use PostgreSQL 13 to 18";

fn imitation(version: &str) -> Option<&'static str> {
    let version = version.to_lowercase();
    IMITATIONS.iter().find(|(mark, _)| version.contains(&mark.to_lowercase())).map(|(_, name)| *name)
}

/// Refuses a server by its name, before anything else is asked of it.
pub(super) async fn check_name(connection: &mut PgConnection) -> Result<(), StoreError> {
    let version: String =
        sqlx::query_scalar("select version()").fetch_one(connection).await.map_err(read_error)?;
    match imitation(&version) {
        Some(name) => Err(StoreError::Unsuitable(format!("the server is {name}; {WHY}"))),
        None => Ok(()),
    }
}

/// Tries on the prepared schema what the feed relies on. Nothing is drawn, and nothing stays.
pub(super) async fn check_behaviour(connection: &mut PgConnection, core: &Core) -> Result<(), StoreError> {
    let mut transaction = sqlx::Connection::begin(connection).await.map_err(read_error)?;
    let found = try_out(&mut transaction, core).await;
    // Of a failed transaction too; a connection that is lost needs no rollback.
    drop(transaction.rollback().await);
    let (what, reason) = match found {
        Ok(None) => return Ok(()),
        Ok(Some(what)) => (what, String::new()),
        Err(error) if error.as_database_error().is_none() => return Err(read_error(error)),
        Err(error) => ("refuses a statement", format!(" ({})", SharedError::new(error))),
    };
    Err(StoreError::Unsuitable(format!("the server {what}{reason}; {WHY}")))
}

/// Says what the server does otherwise than PostgreSQL.
async fn try_out(connection: &mut PgConnection, core: &Core) -> Result<Option<&'static str>, Error> {
    let sql = &core.sql;
    // A key of no schema's guard: those have an object id above 0, and few positions are as high.
    let (high, low) = (fastrand::i32(1..i32::MAX), fastrand::i32(1..i32::MAX));
    sqlx::query(sql.try_locks.clone()).bind(high).bind(low).execute(&mut *connection).await?;
    let row =
        sqlx::query(sql.find_tried_locks.clone()).bind(high).bind(low).fetch_one(&mut *connection).await?;
    let (advisory, sequence, isolation): (bool, bool, bool) =
        (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    if !advisory {
        return Ok(Some("does not show advisory locks in pg_locks with their keys"));
    }
    if !sequence {
        return Ok(Some("does not show the lock on a sequence in pg_locks"));
    }
    if !isolation {
        return Ok(Some("does not run transactions in READ COMMITTED"));
    }
    if !row.try_get::<bool, _>(3)? {
        // Without the right to make temporary sequences, which is given to everybody by default.
        return Ok(None);
    }
    for statement in [
        "create temporary sequence kenning_try cache 1",
        "select nextval('pg_temp.kenning_try')",
        "savepoint kenning_try",
        "select nextval('pg_temp.kenning_try')",
        "rollback to savepoint kenning_try",
    ] {
        sqlx::query(statement).execute(&mut *connection).await?;
    }
    let last: Option<i64> =
        sqlx::query_scalar("select pg_sequence_last_value('pg_temp.kenning_try'::regclass)")
            .fetch_one(connection)
            .await?;
    Ok((last != Some(2)).then_some("takes numbers of a sequence back, or does not say which was the last"))
}

/// Refuses a pooler that gives one session of the server to several clients in turn.
pub(super) async fn check_sessions(core: &Core) -> Result<(), StoreError> {
    let open = async || -> Result<Connection, StoreError> {
        let opened = Connection::open(&core.server, &core.connect, core.options.acquire_timeout).await;
        opened.map_err(SharedError::unavailable)
    };
    // Both are idle in turn: a pooler hands out the session that was used last.
    let first = open().await?;
    let second = open().await?;
    let shared = first.backend == second.backend;
    for connection in [first, second] {
        // It would be closed by the server all the same.
        drop(tokio::time::timeout(CLOSING, sqlx::Connection::close(connection.inner)).await);
    }
    if !shared {
        return Ok(());
    }
    Err(StoreError::Unsuitable(
        "a pooler in transaction mode gives one session of the server to several clients: the locks of the feed, \
         prepared statements and what became of a lost append depend on the session. Connect directly, or set \
         `pool_mode = session`"
            .to_owned(),
    ))
}

const CLOSING: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::imitation;

    #[test]
    fn imitations_are_known_by_what_they_say_of_themselves() {
        for (version, name) in [
            ("CockroachDB CCL v24.1.0 (x86_64-pc-linux-gnu, built 2024/05/15)", Some("CockroachDB")),
            ("PostgreSQL 11.2-YB-2.20.1.0-b0 on x86_64-pc-linux-gnu", Some("YugabyteDB")),
            ("PostgreSQL 15.12-YB-2025.1.0.0-b0 on aarch64-apple-darwin", Some("YugabyteDB")),
            (
                "PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC, Redshift 1.0.12103",
                Some("Amazon Redshift"),
            ),
            ("PostgreSQL 12.12 (Greenplum Database 7.0.0 build commit:0)", Some("Greenplum")),
            ("PostgreSQL 14.4 (Apache Cloudberry 2.0.0 build dev)", Some("Apache Cloudberry")),
            ("PostgreSQL 9.5 on x86_64 (Materialize v0.100)", Some("Materialize")),
            ("PostgreSQL 15.18 (Debian 15.18-0+deb12u1) on x86_64-pc-linux-gnu", None),
            ("PostgreSQL 16.4 on aarch64-unknown-linux-gnu, compiled by gcc (AlloyDB)", None),
        ] {
            assert_eq!(imitation(version), name, "{version}");
        }
    }
}

//! The schema of the store.

use std::time::Duration;

use sqlx::migrate::{Migrate as _, MigrateError, Migrator};
use sqlx::{AssertSqlSafe, PgConnection, Row};
use tokio::time::Instant;

use super::core::Core;
use super::error::{SharedError, migrate_error, read_error};
use super::realign;
use super::sql::migrations;
use super::suitable;
use crate::store::StoreError;

const OLDEST_SERVER: i32 = 130_000;

/// How long a migration waits for a lock, and about how long it pauses before it tries again.
const LOCK: Duration = Duration::from_secs(2);

/// How long it is tried: as long as another process may take to migrate.
const PATIENCE: Duration = Duration::from_secs(10 * 60);

/// Checks the server and brings the schema up to date, under sqlx's advisory lock: of several processes one migrates, the others wait and find it done.
pub(super) async fn prepare(core: &Core) -> Result<(), StoreError> {
    let mut connection = core.pool.acquire().await.map_err(SharedError::unavailable)?;
    let row = sqlx::query(core.sql.describe_server.clone())
        .bind(core.schema.name())
        .fetch_one(&mut *connection)
        .await
        .map_err(read_error)?;
    let server: i32 = row.try_get(0).map_err(read_error)?;
    if server < OLDEST_SERVER {
        return Err(StoreError::Unsuitable(format!(
            "the server is of release {}, 13 is the oldest",
            server / 10_000
        )));
    }
    if row.try_get(1).map_err(read_error)? {
        return Err(StoreError::Unsuitable("the server is a replica".to_owned()));
    }
    let known = migrations(&core.schema);
    let newest = known.iter().map(|migration| migration.version).max().unwrap_or(0);
    if row.try_get::<bool, _>(3).map_err(read_error)? {
        let needed = sqlx::query_scalar(core.sql.compatible_from.clone()).fetch_one(&mut *connection).await;
        is_compatible(core, needed.map_err(read_error)?, newest)?;
    }
    let mut migrator = Migrator::with_migrations(known);
    // What a newer release has added is no harm: the schema itself says which releases it leaves behind.
    migrator.set_ignore_missing(true);
    migrator.dangerous_set_table_name(format!("{}._sqlx_migrations", core.schema.quoted()));
    // Making a schema takes a right on the database, also when it is there: it may have been made by somebody who has it.
    if !row.try_get::<bool, _>(2).map_err(read_error)? {
        migrator.create_schema(core.schema.quoted());
    }
    let migrated = migrate(&migrator, &mut connection).await;
    if migrated.is_err() {
        connection.close_on_drop();
    }
    migrated?;
    realign::realign(&mut connection, &core.sql).await.map_err(read_error)?;
    suitable::check_behaviour(&mut connection, core).await?;
    drop(connection);
    suitable::check_sessions(core).await
}

/// Migrates. A large table may take long, and so may another process that migrates: no statement
/// timeout ends that. But no lock is waited for longer than [`LOCK`], since all who come later wait
/// behind it.
async fn migrate(migrator: &Migrator, connection: &mut PgConnection) -> Result<(), StoreError> {
    let lock = LOCK.as_millis();
    for setting in ["set statement_timeout = 0".to_owned(), format!("set lock_timeout = {lock}")] {
        sqlx::query(AssertSqlSafe(setting)).execute(&mut *connection).await.map_err(read_error)?;
    }
    let began = Instant::now();
    loop {
        let Err(error) = migrator.run_direct(None, &mut *connection, false).await else { break };
        // sqlx keeps its lock after an error; it lives as long as the session.
        if let Err(error) = connection.unlock().await {
            tracing::warn!(task = "migrate", error = %error, "the lock of the migrations was not released, its connection is closed");
        }
        if !is_locked(&error) || began.elapsed() >= PATIENCE {
            return Err(migrate_error(error));
        }
        tracing::warn!(task = "migrate", error = %error, "another session holds a lock that a migration needs, trying again");
        tokio::time::sleep(LOCK.mul_f64(0.5 + fastrand::f64())).await;
    }
    for setting in ["reset statement_timeout", "reset lock_timeout"] {
        sqlx::query(setting).execute(&mut *connection).await.map_err(read_error)?;
    }
    Ok(())
}

/// Whether a lock was not given in time.
fn is_locked(error: &MigrateError) -> bool {
    let (MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) = error else {
        return false;
    };
    error.as_database_error().is_some_and(|error| error.code().as_deref() == Some("55P03"))
}

/// Whether this release, whose newest migration is given, may use a schema that needs another one.
fn is_compatible(core: &Core, needed: i64, newest: i64) -> Result<(), StoreError> {
    if needed <= newest {
        return Ok(());
    }
    Err(StoreError::Unsuitable(format!(
        "the schema `{}` is of a newer release and needs one that knows migration {needed}; this one knows up to {newest}. \
         Run the newer release, or restore the database from before it",
        core.schema.name()
    )))
}

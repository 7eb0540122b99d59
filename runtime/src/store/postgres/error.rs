//! What an error of the database means for the caller.

use std::error::Error;
use std::sync::Arc;

use sqlx::migrate::MigrateError;
use sqlx::postgres::{PgDatabaseError, PgSeverity};

use crate::store::StoreError;

/// One error that several callers of a batch are told.
#[derive(Clone, Debug, thiserror::Error)]
#[error(transparent)]
pub(super) struct SharedError(Arc<sqlx::Error>);

/// What a failed statement leaves behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// Rolled back in favour of another transaction (40001, 40P01): the same again may succeed.
    TurnedBack,
    /// Rolled back because the statement took too long.
    TimedOut,
    /// Rolled back because it waited too long for a lock.
    Blocked,
    /// Rolled back: the server refused the statement.
    Refused,
    /// The schema is not there.
    NotPrepared,
    /// The connection is gone; what it was doing may have been done.
    Lost,
}

impl Failure {
    pub(super) fn of(error: &sqlx::Error) -> Self {
        let Some(database) = error.as_database_error() else {
            return Self::Lost;
        };
        let Some(database) = database.try_downcast_ref::<PgDatabaseError>() else {
            return Self::Lost;
        };
        // A session can be ended after its transaction was committed and before that was reported.
        if matches!(database.severity(), PgSeverity::Fatal | PgSeverity::Panic) {
            return Self::Lost;
        }
        match database.code() {
            "40001" | "40P01" => Self::TurnedBack,
            "57014" => Self::TimedOut,
            "55P03" => Self::Blocked,
            "3F000" | "42P01" | "42883" => Self::NotPrepared,
            code if code.starts_with("08") => Self::Lost,
            _ => Self::Refused,
        }
    }
}

impl SharedError {
    pub(super) fn new(error: sqlx::Error) -> Self {
        Self(Arc::new(error))
    }

    pub(super) fn failure(&self) -> Failure {
        Failure::of(&self.0)
    }

    /// Nothing was begun.
    pub(super) fn unavailable(error: sqlx::Error) -> StoreError {
        match error {
            sqlx::Error::PoolClosed => StoreError::Closed,
            error => StoreError::Unavailable(Box::new(error)),
        }
    }

    /// The answer to a caller whose work is known not to be stored.
    pub(super) fn not_stored(&self) -> StoreError {
        let source: Box<dyn Error + Send + Sync> = Box::new(self.clone());
        match self.failure() {
            Failure::TurnedBack | Failure::TimedOut | Failure::Blocked => StoreError::Contention(source),
            Failure::Refused => StoreError::Database(source),
            Failure::NotPrepared => {
                StoreError::Unsuitable(format!("its tables are not there, was it prepared? {self}"))
            }
            Failure::Lost if matches!(*self.0, sqlx::Error::PoolClosed) => StoreError::Closed,
            Failure::Lost => StoreError::Unavailable(source),
        }
    }
}

/// Whether an error is no fault of the statement: the server or the connection is away, or other transactions were in the way. The same statement may succeed
/// another time, and nothing of its transaction is stored.
pub(crate) fn is_database_trouble(error: &sqlx::Error) -> bool {
    let Some(database) = error.as_database_error() else {
        return matches!(
            error,
            sqlx::Error::Io(_)
                | sqlx::Error::Tls(_)
                | sqlx::Error::Protocol(_)
                | sqlx::Error::PoolTimedOut
                | sqlx::Error::PoolClosed
                | sqlx::Error::WorkerCrashed
                | sqlx::Error::BeginFailed
        );
    };
    let Some(database) = database.try_downcast_ref::<PgDatabaseError>() else { return false };
    // Insufficient resources, operator intervention but for a cancelled statement, errors of the system and of the connection.
    let passing = |code: &str| {
        let class = ["08", "53", "57", "58"].iter().any(|class| code.starts_with(class));
        (class && code != "57014") || matches!(code, "40001" | "40P01")
    };
    matches!(database.severity(), PgSeverity::Fatal | PgSeverity::Panic) || passing(database.code())
}

/// Whether the server rolled the transaction back in favour of another one (40001, 40P01).
pub(crate) fn is_database_collision(error: &sqlx::Error) -> bool {
    Failure::of(error) == Failure::TurnedBack
}

/// Whether a statement asks for what the database does not have or does not allow: a table, column,
/// function, type, schema, database or privilege is missing. No value of an event causes that.
pub(crate) fn is_database_unfit(error: &sqlx::Error) -> bool {
    let Some(database) = error.as_database_error() else { return false };
    let Some(database) = database.try_downcast_ref::<PgDatabaseError>() else { return false };
    matches!(
        database.code(),
        // undefined_table, undefined_column, undefined_function, undefined_object
        "42P01" | "42703" | "42883" | "42704"
            // insufficient_privilege, invalid_schema_name, invalid_catalog_name, invalid authorization
            | "42501" | "3F000" | "3D000" | "28000" | "28P01"
    )
}

/// The answer to a reader, or to a writer of what can be written again.
pub(super) fn read_error(error: sqlx::Error) -> StoreError {
    match error {
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::ColumnNotFound(_) | sqlx::Error::Decode(_) => {
            StoreError::Corrupt(error.to_string())
        }
        error => SharedError::new(error).not_stored(),
    }
}

pub(super) fn migrate_error(error: MigrateError) -> StoreError {
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => read_error(error),
        MigrateError::VersionMissing(number) => StoreError::Unsuitable(format!(
            "its schema is of a newer release: migration {number} is unknown here"
        )),
        error => StoreError::Unsuitable(error.to_string()),
    }
}

//! What an error of the database means for the caller.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use sqlx::migrate::MigrateError;
use sqlx::postgres::{PgDatabaseError, PgSeverity};

use super::refused::not_admitted;
use crate::store::StoreError;

/// An error of the database in plain words, which several callers may be told.
#[derive(Clone, Debug)]
pub(super) struct SharedError(Arc<sqlx::Error>);

impl fmt::Display for SharedError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&Self::words(&self.0))
    }
}

impl Error for SharedError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &*self.0 {
            sqlx::Error::Database(_) | sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut => None,
            error => error.source(),
        }
    }
}

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
    /// Rolled back: the session or the server is read-only, as a standby is.
    ReadOnly,
    /// Rolled back: the sequence handed out a position that is taken, so it is behind the table.
    PositionTaken,
    /// The role may not do this.
    Forbidden,
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
            "25006" => Self::ReadOnly,
            "23505" if database.constraint() == Some("events_pkey") => Self::PositionTaken,
            "42501" => Self::Forbidden,
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

    /// An error of the database in plain words.
    pub(super) fn words(error: &sqlx::Error) -> String {
        match error {
            // sqlx adds the line of PostgreSQL's own source.
            sqlx::Error::Database(error) => match error.code() {
                Some(code) => format!("{} (SQLSTATE {code})", error.message()),
                None => error.message().to_owned(),
            },
            sqlx::Error::Io(error) => error.to_string(),
            sqlx::Error::PoolTimedOut => {
                "all connections of the pool were in use until the time to wait was over".to_owned()
            }
            error => error.to_string(),
        }
    }

    pub(super) fn failure(&self) -> Failure {
        Failure::of(&self.0)
    }

    /// The answer when there was no connection: nothing was begun.
    pub(super) fn unavailable(error: sqlx::Error) -> StoreError {
        Self::new(error).unreachable()
    }

    /// As [`unavailable`](Self::unavailable), for one of several callers.
    pub(super) fn unreachable(&self) -> StoreError {
        if matches!(*self.0, sqlx::Error::PoolClosed) {
            return StoreError::Closed;
        }
        match not_admitted(&self.0) {
            Some(advice) => StoreError::Unsuitable(format!("{self}: {advice}")),
            None => StoreError::Unavailable(Box::new(self.clone())),
        }
    }

    /// The answer to a caller whose work is known not to be stored.
    pub(super) fn not_stored(&self) -> StoreError {
        let source: Box<dyn Error + Send + Sync> = Box::new(self.clone());
        match self.failure() {
            Failure::TurnedBack | Failure::TimedOut | Failure::Blocked => StoreError::Contention(source),
            Failure::Refused => StoreError::Database(source),
            Failure::ReadOnly => StoreError::Unavailable(source),
            Failure::PositionTaken => StoreError::Corrupt(format!(
                "its sequence `event_positions` is behind its events, as after a copy of the data alone: {self}. \
                 Call `build`, or `prepare` of the store, as the owner of its schema: that raises the sequence"
            )),
            Failure::Forbidden => StoreError::Unsuitable(format!("{self}: {}", missing_right(&self.0))),
            Failure::NotPrepared => StoreError::Unsuitable(format!(
                "{self}: its tables do not exist. Call `build`, or `prepare` of the store, or look at the name of its schema"
            )),
            Failure::Lost => self.unreachable(),
        }
    }
}

/// What to grant.
fn missing_right(error: &sqlx::Error) -> &'static str {
    let message = error.as_database_error().map_or("", |error| error.message());
    if message.contains("for database") {
        "grant it as the owner of the database, `grant create on database … to …`, or create the schema for the role: \
         `create schema … authorization …`"
    } else if message.contains("for schema") {
        "grant it as the owner of the schema, `grant usage on schema … to …`, with `create` for the role that migrates"
    } else if message.contains("for sequence") {
        "grant it as the owner: `grant usage, select, update on all sequences in schema … to …`"
    } else if message.contains("for table") || message.contains("for relation") {
        "grant it as the owner: `grant select, insert, update, delete on all tables in schema … to …`"
    } else if message.contains("for function") {
        "grant it as the owner: `grant execute on all functions in schema … to …`"
    } else {
        "the role that migrates owns the schema; other roles need usage on the schema and all rights on its tables, \
         sequences and functions"
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
    // A read-only server is one that was not promoted yet, or no longer is a primary.
    if database.code() == "25006" {
        return true;
    }
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
        error => StoreError::Unsuitable(error.to_string()),
    }
}

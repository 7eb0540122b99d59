//! What an error means for who runs a consumer.

use std::borrow::Cow;
use std::error::Error as _;

use sqlx::Error;

use crate::store::postgres::core::Core;
use crate::store::postgres::error::{Failure, SharedError, read_error};
use crate::store::postgres::losses::is_unusable;
use crate::store::{StoreError, Table};

/// The code of the server's error.
fn code(error: &Error) -> Option<String> {
    error.as_database_error().and_then(|error| error.code().map(Cow::into_owned))
}

/// The answer to a statement of a consumer.
pub(in crate::store::postgres) fn error(core: &Core, error: Error) -> StoreError {
    if is_unusable(&error) {
        core.losses.note();
    }
    let code = code(&error).unwrap_or_default();
    match code.get(..2) {
        _ if Failure::of(&error) == Failure::Lost && !matches!(error, Error::Encode(_)) => read_error(error),
        // The values do not fit: data exceptions, integrity constraints, one row twice.
        Some("21" | "22" | "23") if Failure::of(&error) != Failure::PositionTaken => {
            StoreError::Refused(Box::new(SharedError::new(error)))
        }
        // A statement of a handler failed before, and the handler went on.
        Some("25") if code == "25P02" => StoreError::Refused(Box::new(SharedError::new(error))),
        // No room, no connection left, about to be shut down, an error of the machine.
        Some("53" | "57" | "58") if code != "57014" => {
            StoreError::Unavailable(Box::new(SharedError::new(error)))
        }
        _ if matches!(error, Error::Encode(_)) => StoreError::Refused(Box::new(error)),
        _ => read_error(error),
    }
}

/// The answer to a statement on the table of a read model.
pub(in crate::store::postgres) fn of_table(core: &Core, table: &Table, found: Error) -> StoreError {
    let name = &table.definition.name;
    match code(&found).as_deref() {
        // Swapped or thrown away: whoever held a lease of it has lost that.
        Some("42P01") if table.building.is_some() => {
            StoreError::Contention(Box::new(SharedError::new(found)))
        }
        Some("42P01") => {
            StoreError::Unsuitable(format!("the table `{name}` is not there, was its read model opened?"))
        }
        // No such column, another type, no such operator, or a statement that was prepared for other columns.
        Some("42703" | "42804" | "42883" | "0A000") => other_columns(name, &found),
        Some("42501" | "3F000") => {
            StoreError::Unsuitable(format!("the table `{name}` cannot be read and written: {found}"))
        }
        None if matches!(found, Error::ColumnDecode { .. }) => other_columns(name, &found),
        _ => error(core, found),
    }
}

fn other_columns(table: &str, found: &Error) -> StoreError {
    StoreError::Unsuitable(format!("the table `{table}` has other columns than this release knows: {found}"))
}

/// Whether a statement was prepared when its table had other columns.
pub(in crate::store::postgres) fn is_outdated(error: &Error) -> bool {
    code(error).as_deref() == Some("0A000")
}

/// The answer to a statement that makes a table or an index.
pub(super) fn of_definition(core: &Core, table: &str, found: Error) -> StoreError {
    match code(&found).as_deref() {
        Some("42P07") => StoreError::Unsuitable(format!(
            "a table `{table}` is there that belongs to no read model: {found}"
        )),
        Some(code) if code.starts_with("42") => {
            let detail = found.source().map_or_else(String::new, |detail| format!(" ({detail})"));
            StoreError::Unsuitable(format!("the table `{table}` cannot be made: {found}{detail}"))
        }
        _ => error(core, found),
    }
}

/// Whether a short wait for a lock, or a deadlock, ended a transaction: the same again may succeed.
pub(super) fn is_blocked(error: &Error) -> bool {
    matches!(Failure::of(error), Failure::Blocked | Failure::TurnedBack)
}

//! Telling what is the fault of an event from what is not.

use std::error::Error;
use std::sync::Arc;

use crate::app::LoadError;
use crate::panics::caught;
use crate::store::StoreError;

/// Why a partition cannot go on. It is no fault of an event: the partition begins again at its checkpoint, after a pause, for as long as it has its lease.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    #[error("the feed cannot be read")]
    Feed(#[from] Arc<StoreError>),
    #[error("the store cannot do its work")]
    Store(#[from] StoreError),
    #[error("{0}")]
    Order(String),
}

/// Whether an error of a handler comes from the store being away, from the death of a connection or from a collision with other transactions.
pub(crate) fn is_trouble(error: &(dyn Error + 'static)) -> bool {
    any_source(error, |error| {
        if let Some(error) = error.downcast_ref::<StoreError>()
            && (error.is_retryable()
                || matches!(error, StoreError::Closed | StoreError::OutcomeUnknown { .. }))
        {
            return true;
        }
        // It shows what is inside as its own.
        if error.downcast_ref::<LoadError>().is_some_and(LoadError::is_retryable) {
            return true;
        }
        #[cfg(feature = "postgres")]
        if let Some(error) = error.downcast_ref::<sqlx::Error>()
            && crate::store::is_database_trouble(error)
        {
            return true;
        }
        false
    })
}

/// Whether an error, or one of those that it comes from, is of a kind. Their `source` is the user's
/// code: one that panics ends the search.
fn any_source(error: &(dyn Error + 'static), is: impl Fn(&(dyn Error + 'static)) -> bool) -> bool {
    let search =
        || std::iter::successors(Some(error), |error: &&(dyn Error + 'static)| (*error).source()).any(is);
    caught(search).unwrap_or(false)
}

/// Whether an error of a handler says that its transaction was rolled back in favour of another one: the same again may succeed.
pub(crate) fn is_turned_back(error: &(dyn Error + 'static)) -> bool {
    any_source(error, |error| {
        if matches!(error.downcast_ref(), Some(StoreError::Contention(_))) {
            return true;
        }
        #[cfg(feature = "postgres")]
        if error.downcast_ref().is_some_and(crate::store::is_database_collision) {
            return true;
        }
        false
    })
}

/// Whether an error of a handler says that the database is not as the handler's SQL expects: a table,
/// column, function, schema or privilege is missing. Every event fails the same way, so the consumer
/// is at fault, not the event.
pub(crate) fn is_unfit(error: &(dyn Error + 'static)) -> bool {
    any_source(error, |error| {
        if matches!(error.downcast_ref(), Some(StoreError::Unsuitable(_))) {
            return true;
        }
        #[cfg(feature = "postgres")]
        if error.downcast_ref().is_some_and(crate::store::is_database_unfit) {
            return true;
        }
        false
    })
}

/// What to do about it.
pub(super) fn unfit(error: &(dyn Error + 'static)) -> String {
    format!(
        "{}; the handler needs what is missing here: create it or grant it, the consumer then continues by itself",
        crate::app::with_sources(error)
    )
}

//! Whose fault it is that something was not done.

use std::collections::BTreeMap;

use crate::app::{TargetError, with_sources};
use crate::consumer::runner::{Failure, Newer, Poison};
use crate::reactor::Effect;
use crate::store::{CommandRecord, RehydrateError, StoreError};
use crate::telemetry::ReactorMetrics;

/// What is no fault of an event comes first, as it concerns all of them; then the first event that failed.
pub(super) fn first_of(failures: BTreeMap<usize, Failure>) -> Result<(), Failure> {
    let mut poison = None;
    for failure in failures.into_values() {
        match failure {
            Failure::Poison(_) => drop(poison.get_or_insert(failure)),
            other => return Err(other),
        }
    }
    poison.map_or(Ok(()), Err)
}

/// An effect is remembered; that it is the same one.
pub(super) fn done_before(
    at: usize,
    effect: &mut Effect,
    record: &CommandRecord,
    metrics: &ReactorMetrics,
) -> Result<(), Failure> {
    if !effect.is_recorded_as(&record.body_hash) {
        return Err(Failure::for_good(
            at,
            format!(
                "`{}` has the id {}, under which something else was done to {} when this event was handled before",
                effect.name(),
                effect.id,
                record.stream
            ),
        ));
    }
    effect.done = true;
    metrics.repeated.increment(1);
    Ok(())
}

/// There is no state to decide on.
pub(super) fn unopened(at: usize, error: TargetError) -> Failure {
    match error {
        TargetError::Rehydrate(RehydrateError::Store(error)) => of_store(Some(at), error),
        TargetError::Rehydrate(RehydrateError::Decode { ref source, .. }) if Newer::of(source).is_some() => {
            let newer = Newer::of(source);
            Failure::Poison(Poison { newer, ..Poison::for_good(Some(at), with_sources(&error)) })
        }
        error @ (TargetError::NotRegistered(_) | TargetError::Rehydrate(_)) => {
            Failure::for_good(at, with_sources(&error))
        }
    }
}

/// Whose fault it is that the store did not do something.
pub(super) fn of_store(at: Option<usize>, error: StoreError) -> Failure {
    match error {
        StoreError::Contention(_) => Failure::Collision(error),
        // It may be a value of the event's, or a stream that nobody can read.
        StoreError::Refused(_) | StoreError::Database(_) | StoreError::Corrupt(_) => {
            Failure::Poison(Poison { at, ..Poison::this_time(with_sources(&error)) })
        }
        error => Failure::Store(error),
    }
}

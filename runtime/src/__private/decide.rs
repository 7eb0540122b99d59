//! Runs a `#[command]` function's answer into the events of the aggregate's set.

use crate::event_set::IntoEvents;

/// The events of an answer, or its rejection.
///
/// # Errors
/// The handler's rejection.
pub fn decide<S, R: IntoEvents<S>>(answer: R) -> Result<Vec<S>, R::Rejection> {
    let mut events = Vec::new();
    answer.into_events(&mut events)?;
    Ok(events)
}

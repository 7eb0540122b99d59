//! What the functions of a saga answer, as the engine takes it. One function for all of them, so that a block costs the compiler no future of its own for each.

use std::future::ready;

use crate::saga::{Outputs, Produces, StepError, StepReturn};
use crate::store::BoxFuture;

/// What an `async` function will have answered.
pub fn answered<'a, A: StepReturn, F: Future<Output = A> + Send + 'a>(
    future: F,
) -> BoxFuture<'a, Result<A::Output, StepError>> {
    Box::pin(async move { future.await.into_result() })
}

/// What another function has answered.
#[must_use]
pub fn answered_at_once<'a, A: StepReturn<Output: Send + 'a>>(
    answer: A,
) -> BoxFuture<'a, Result<A::Output, StepError>> {
    Box::pin(ready(answer.into_result()))
}

/// The function was not called, since what it takes cannot be read.
#[must_use]
pub fn unanswered<'a, T: Send + 'a>(error: StepError) -> BoxFuture<'a, Result<T, StepError>> {
    Box::pin(ready(Err(error)))
}

/// There is no command, since what the function takes cannot be read.
///
/// # Errors
/// Always.
pub fn unsent<T>(error: StepError) -> Result<T, StepError> {
    Err(error)
}

/// What the step at place `N` has returned.
///
/// # Errors
/// When it cannot be read.
pub fn output_of<S: Produces<N>, const N: usize>(
    outputs: &Outputs,
    step: usize,
) -> Result<&S::Output, StepError> {
    outputs.borrow(step)
}

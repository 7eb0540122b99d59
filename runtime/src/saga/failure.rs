//! What a saga that was compensated says of why.

use serde::{Deserialize, Serialize};

use super::command::{AnyCommand, IntoCommand, SagaCommand};
use super::declaration::SagaDefinition;
use super::erased;

/// Why a saga did not complete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SagaFailure {
    /// The step that failed; `None`: the saga was cancelled, or its deadline passed.
    pub step: Option<String>,
    /// What it failed with, or who has cancelled and why.
    pub reason: String,
}

impl SagaFailure {
    /// A step has failed.
    #[must_use]
    pub fn of_step(step: &str, reason: impl Into<String>) -> Self {
        Self { step: Some(step.to_owned()), reason: reason.into() }
    }

    /// The saga as a whole has failed.
    #[must_use]
    pub fn of_saga(reason: impl Into<String>) -> Self {
        Self { step: None, reason: reason.into() }
    }
}

/// The saga sends a command when its compensation is complete.
pub trait SendsOnFailure: SagaDefinition {
    /// What the function returns: a command, or `Option` of one.
    type Command: IntoCommand<Command: SagaCommand>;

    /// The command; it is a pure function.
    fn on_failure(&self, failure: &SagaFailure) -> Self::Command;
}

/// The command of a saga that was compensated.
pub struct FailureCommand<S> {
    pub(crate) command: fn(&S, &SagaFailure) -> Option<Box<dyn AnyCommand>>,
    pub(crate) name: &'static str,
    pub(crate) category: &'static str,
}

impl<S: SendsOnFailure> FailureCommand<S> {
    /// That of the saga.
    #[must_use]
    pub const fn of() -> Self {
        erased::failure_command::<S>()
    }
}

impl<S> std::fmt::Debug for FailureCommand<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FailureCommand").field("name", &self.name).finish_non_exhaustive()
    }
}

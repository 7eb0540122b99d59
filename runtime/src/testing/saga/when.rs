//! How an attempt goes wrong.

use super::given::SagaTest;
use super::twist::{Effect, Misdeed};
use crate::saga::SagaDefinition;

/// An attempt at a step, at an undo, or at the command of a failed saga: say how it goes wrong.
#[must_use = "a test says how the attempt goes wrong"]
pub struct WhenStep<F: SagaDefinition> {
    test: SagaTest<F>,
    effect: Effect,
}

impl<F: SagaDefinition> WhenStep<F> {
    pub(super) fn new(test: SagaTest<F>, effect: Effect) -> Self {
        Self { test, effect }
    }

    /// It fails for good: [`StepError::Fail`](crate::StepError::Fail), without the function being called.
    pub fn fails(self, reason: impl Into<String>) -> SagaTest<F> {
        self.test.wrong(self.effect, 1, &Misdeed::Fails(reason.into()))
    }

    /// It does not succeed, so often: [`StepError::Retry`](crate::StepError::Retry), without the function being called.
    pub fn retries(self, times: u32) -> SagaTest<F> {
        self.test.wrong(self.effect, times, &Misdeed::Retries { done: false })
    }

    /// It is done, and the answer is lost: [`StepError::Retry`](crate::StepError::Retry) after the function has returned `Ok`. So it is done again, under the same key.
    pub fn loses_the_answer(self) -> SagaTest<F> {
        self.test.wrong(self.effect, 1, &Misdeed::Retries { done: true })
    }

    /// It takes longer than its timeout, and is not done.
    pub fn times_out(self) -> SagaTest<F> {
        self.test.wrong(self.effect, 1, &Misdeed::Hangs { done: false })
    }

    /// It panics, and is not done.
    pub fn panics(self) -> SagaTest<F> {
        self.test.wrong(self.effect, 1, &Misdeed::Panics { done: false })
    }

    /// No attempt succeeds from here on: a step that is not tried for ever ends with an outcome that is not known, and its undo gets `None`.
    pub fn never_succeeds(self) -> SagaTest<F> {
        self.test.all_wrong(self.effect, Misdeed::Retries { done: false })
    }
}

//! What the steps of an instance have returned.

use super::error::StepError;
use super::step::StepOutput;
use crate::payload::Payload;

/// What the steps of an instance have returned so far, by their places in the table.
#[derive(Clone, Debug, Default)]
pub struct Outputs {
    values: Vec<Option<Payload>>,
}

impl Outputs {
    /// None yet, of so many steps.
    #[must_use]
    pub fn new(steps: usize) -> Self {
        Self { values: vec![None; steps] }
    }

    /// Keeps what a step has returned.
    pub fn set(&mut self, step: usize, output: Payload) {
        if step >= self.values.len() {
            self.values.resize(step + 1, None);
        }
        self.values[step] = Some(output);
    }

    /// What the step at a place has returned, as JSON.
    #[must_use]
    pub fn payload(&self, step: usize) -> Option<&Payload> {
        self.values.get(step)?.as_ref()
    }

    /// What the step at a place has returned.
    ///
    /// # Errors
    /// [`StepError::Fail`] when it has not returned anything, or something else: the instance was started by another release, without a migration.
    pub fn get<T: StepOutput>(&self, step: usize) -> Result<T, StepError> {
        let payload = self
            .payload(step)
            .ok_or_else(|| StepError::fail(format!("step {step} has returned nothing yet")))?;
        T::from_log(payload.as_bytes()).map_err(|error| {
            StepError::fail(format!("what step {step} has returned cannot be read: {error}"))
        })
    }
}

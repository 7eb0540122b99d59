//! What the steps of an instance have returned.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, OnceLock};

use super::error::StepError;
use super::fault::FaultKind;
use super::step::StepOutput;
use crate::payload::Payload;

/// What the steps of an instance have returned so far, by their places in the table.
#[derive(Clone, Default)]
pub struct Outputs {
    values: Vec<Option<Value>>,
}

#[derive(Clone)]
struct Value {
    payload: Payload,
    /// Once it was read.
    read: OnceLock<Arc<dyn Any + Send + Sync>>,
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
        self.values[step] = Some(Value { payload: output, read: OnceLock::new() });
    }

    /// What the step at a place has returned, as JSON.
    #[must_use]
    pub fn payload(&self, step: usize) -> Option<&Payload> {
        self.values.get(step)?.as_ref().map(|value| &value.payload)
    }

    /// What the step at a place has returned.
    ///
    /// # Errors
    /// [`StepError::Engine`] when it has not returned anything, or this release cannot read what it returned. The
    /// instance is parked then, and nothing is compensated.
    pub fn get<T: StepOutput>(&self, step: usize) -> Result<T, StepError> {
        read(step, &self.value(step)?.payload)
    }

    /// The same, read once for all who take it.
    ///
    /// # Errors
    /// As for [`get`](Self::get).
    pub fn borrow<T: StepOutput>(&self, step: usize) -> Result<&T, StepError> {
        let value = self.value(step)?;
        if value.read.get().is_none() {
            let read: T = read(step, &value.payload)?;
            // Whoever was faster has read the same.
            value.read.get_or_init(|| Arc::new(read));
        }
        let read = value.read.get().and_then(|read| read.downcast_ref());
        read.ok_or_else(|| {
            unreadable(format!("what step {step} has returned is taken as two different types"))
        })
    }

    fn value(&self, step: usize) -> Result<&Value, StepError> {
        let value = self.values.get(step).and_then(Option::as_ref);
        value.ok_or_else(|| unreadable(format!("step {step} has returned nothing yet")))
    }
}

fn read<T: StepOutput>(step: usize, payload: &Payload) -> Result<T, StepError> {
    T::from_log(payload.as_bytes())
        .map_err(|error| unreadable(format!("what step {step} has returned cannot be read: {error}")))
}

fn unreadable(text: String) -> StepError {
    StepError::engine(FaultKind::Unreadable, text)
}

impl fmt::Debug for Outputs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.values.iter().map(|value| value.as_ref().map(|value| &value.payload)))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::Outputs;
    use crate::payload::Payload;

    #[test]
    fn an_output_is_read_once_and_again_when_it_is_another() {
        let mut outputs = Outputs::new(1);
        assert!(outputs.borrow::<u64>(0).is_err() && outputs.borrow::<u64>(7).is_err());
        outputs.set(0, Payload::from_stored("12"));
        let first: *const u64 = outputs.borrow(0).unwrap();
        assert!(std::ptr::eq(first, outputs.borrow::<u64>(0).unwrap()));
        assert_eq!(outputs.get::<u32>(0).unwrap(), 12);
        assert!(outputs.borrow::<String>(0).unwrap_err().to_string().contains("two different types"));
        outputs.set(0, Payload::from_stored("13"));
        assert_eq!(outputs.borrow::<u64>(0).unwrap(), &13);
    }
}

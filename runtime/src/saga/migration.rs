//! Instances of earlier versions.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::error::StepError;
use crate::payload::Payload;

/// Where instances of an earlier version go on: what `#[kenning(migrate(…))]` names.
pub type Migration<S> = fn(&InFlight) -> Result<Migrated<S>, StepError>;

/// An instance of an earlier version, as its log tells.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct InFlight {
    /// The version that it was started with, or was last migrated to.
    pub version: u32,
    /// Its id, as text.
    pub id: String,
    /// Its data. Integers beyond 64 bits are not exact here, but in [`state`](Self::state).
    pub state: Value,
    json: Payload,
    /// The steps that were begun, with what became of them, in the order in which they were begun.
    pub steps: Vec<InFlightStep>,
}

/// A step that was begun.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct InFlightStep {
    /// Its name.
    pub name: String,
    /// What it has returned; `None`: its outcome is not known, or it is not done. Integers beyond
    /// 64 bits are not exact here, but in [`InFlight::output`].
    pub output: Option<Value>,
    json: Option<Payload>,
}

impl InFlight {
    pub(crate) fn new(
        version: u32,
        id: &str,
        state: &Payload,
        steps: Vec<InFlightStep>,
    ) -> Result<Self, serde_json::Error> {
        let (json, state) = (state.clone(), serde_json::from_str(state.as_str())?);
        Ok(Self { version, id: id.to_owned(), state, json, steps })
    }

    /// The data, read as an earlier type.
    ///
    /// # Errors
    /// When it is not of that type; by `?` the instance is parked with the reason.
    pub fn state<T: DeserializeOwned>(&self) -> Result<T, StepError> {
        serde_json::from_slice(self.json.as_bytes())
            .map_err(|error| StepError::fail(format!("the data cannot be read: {error}")))
    }

    /// What a step has returned, read as an earlier type; `None`: it is not done.
    ///
    /// # Errors
    /// When it is not of that type.
    pub fn output<T: DeserializeOwned>(&self, step: &str) -> Result<Option<T>, StepError> {
        let output = self.steps.iter().find(|known| known.name == step).and_then(|known| known.json.as_ref());
        output
            .map(|json| serde_json::from_slice(json.as_bytes()))
            .transpose()
            .map_err(|error| StepError::fail(format!("what `{step}` has returned cannot be read: {error}")))
    }
}

impl InFlightStep {
    pub(crate) fn new(name: &str, json: Option<&Payload>) -> Result<Self, serde_json::Error> {
        let output = json.map(|json| serde_json::from_str(json.as_str())).transpose()?;
        Ok(Self { name: name.to_owned(), output, json: json.cloned() })
    }
}

/// Where an instance of an earlier version goes on. Steps are found again by their names, with what they have returned.
#[derive(Clone, Debug, PartialEq)]
pub struct Migrated<S> {
    pub(crate) state: S,
    pub(crate) renamed: Vec<(String, String)>,
    pub(crate) outputs: Vec<(String, Result<Payload, String>)>,
    pub(crate) forgotten: Vec<String>,
}

impl<S> Migrated<S> {
    /// With this data.
    #[must_use]
    pub fn new(state: S) -> Self {
        Self { state, renamed: Vec::new(), outputs: Vec::new(), forgotten: Vec::new() }
    }

    /// What was done as the step `from` is the step `to`. Its idempotency keys, and the ids of its commands, stay those of
    /// its first name. A step that is called `from` afterwards has other keys.
    #[must_use]
    pub fn rename(mut self, from: &str, to: &str) -> Self {
        self.renamed.push((from.to_owned(), to.to_owned()));
        self
    }

    /// The step counts as done, with this output: a step that the earlier version did not have, or whose output has another type now.
    #[must_use]
    pub fn output<T: Serialize>(mut self, step: &str, output: &T) -> Self {
        let output = Payload::of(step, output).map_err(|error| crate::app::with_sources(&error));
        self.outputs.push((step.to_owned(), output));
        self
    }

    /// What the step has done stays and is never undone: this version has no such step.
    #[must_use]
    pub fn forget(mut self, step: &str) -> Self {
        self.forgotten.push(step.to_owned());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::{InFlight, InFlightStep};
    use crate::payload::Payload;

    /// Meant to fail when it is read from the `Value`.
    #[test]
    fn p9_integers_of_128_bits_are_read_in_a_migration() {
        let json = |text: &str| Payload::from_stored(text);
        let number = json("340282366920938463463374607431768211455");
        let steps = vec![InFlightStep::new("pay", Some(&number)).unwrap()];
        let old = InFlight::new(1, "7", &number, steps).unwrap();
        assert_eq!(old.state::<u128>().unwrap(), u128::MAX);
        assert_eq!(old.output::<u128>("pay").unwrap(), Some(u128::MAX));
        assert!(old.state.is_f64());
    }
}

//! What entries of a log carry beside the output of a step. Persisted: earlier releases skip what they do not know.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::payload::Payload;
use crate::store::NewSagaEntry;

/// What an entry carries beside a step's output.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Note {
    /// How long to wait before the next attempt, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) pause: Option<u64>,
    /// The message that it deals with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<u64>,
    /// The attempt does not count: a shutdown or a lost lease has ended it. Earlier releases count it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) uncounted: bool,
    /// The attempt was not made, for a fault of the engine: how many in a row. Earlier releases count it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) faults: Option<u32>,
}

/// No pause is longer than this, about a hundred years: what asks for more waits for an operator.
pub(crate) const LONGEST_PAUSE: Duration = Duration::from_secs(36_525 * 24 * 60 * 60);

/// What the entry of a migration carries. Persisted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Moves {
    /// Renamed steps keep their keys. Migrations of releases before 0.2 do not say so: there a renamed step has the keys
    /// of its new name.
    #[serde(default)]
    pub(crate) keeps_keys: bool,
    #[serde(default)]
    pub(crate) renamed: Vec<(String, String)>,
    #[serde(default)]
    pub(crate) forgotten: Vec<String>,
    #[serde(default)]
    pub(crate) outputs: Vec<(String, Value)>,
    /// The JSON of those outputs that a [`Value`] changes, as integers beyond 64 bits. Releases
    /// before 0.2 do not know them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) exact: Vec<(String, String)>,
}

impl Moves {
    /// The step counts as done, with this output.
    pub(crate) fn set_output(&mut self, step: String, output: &Payload) -> Result<(), serde_json::Error> {
        let value: Value = serde_json::from_str(output.as_str())?;
        if Payload::of("output", &value).ok().as_ref() != Some(output) {
            self.exact.push((step.clone(), output.as_str().to_owned()));
        }
        self.outputs.push((step, value));
        Ok(())
    }

    /// The steps that count as done, with their outputs.
    pub(crate) fn done(&self) -> impl Iterator<Item = (&str, Option<Payload>)> {
        let mut exact = self.exact.iter().peekable();
        self.outputs.iter().map(move |(step, value)| {
            // In the order of the outputs.
            let text = exact.next_if(|(of, text)| of == step && is_same(value, text));
            let output = text.map(|(_, text)| Payload::from_stored(text.as_str()));
            (step.as_str(), output.or_else(|| Payload::of("output", value).ok()))
        })
    }
}

fn is_same(value: &Value, text: &str) -> bool {
    serde_json::from_str::<Value>(text).is_ok_and(|exact| exact == *value)
}

impl Note {
    pub(crate) fn pause(pause: Duration) -> Self {
        let pause = pause.min(LONGEST_PAUSE).as_millis();
        Self { pause: u64::try_from(pause).ok(), ..Self::default() }
    }

    /// The attempt was cut short, and does not count.
    pub(crate) fn cut() -> Self {
        Self { uncounted: true, ..Self::pause(Duration::ZERO) }
    }

    /// The engine could not make the attempt, the `faults`-th time in a row.
    pub(crate) fn fault(pause: Duration, faults: u32) -> Self {
        Self { uncounted: true, faults: Some(faults), ..Self::pause(pause) }
    }

    pub(crate) fn message(number: u64) -> Self {
        Self { message: Some(number), ..Self::default() }
    }

    pub(crate) fn payload(&self) -> Option<Payload> {
        Payload::of("note", self).ok()
    }

    pub(crate) fn of(entry: &NewSagaEntry) -> Self {
        entry.output.as_ref().and_then(|note| serde_json::from_str(note.as_str()).ok()).unwrap_or_default()
    }
}

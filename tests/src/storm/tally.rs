//! The aggregate under attack: every event carries the number it was decided to have, so that a decision on the wrong state shows for ever.

use kenning::prelude::*;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// One of the events of an intent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Event)]
#[kenning(name = "tally.added")]
pub struct Added {
    /// The intent that caused it.
    pub tag: Uuid,
    /// The version that the event must have in its stream if it was decided on the right state.
    pub number: u64,
}

/// The events of a tally.
#[derive(Clone, Debug, PartialEq, Eq, EventSet)]
pub enum TallyEvent {
    /// Something was added.
    Added(Added),
}

/// Counts its events.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Aggregate)]
#[kenning(category = "tally", id = u32, events = TallyEvent, snapshot_every = 40)]
pub struct Tally {
    /// How many events were applied.
    pub count: u64,
    /// A sum over the tags: two states that saw the same events in the same order have the same one.
    pub sum: u64,
}

/// Adds some events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Command)]
#[kenning(aggregate = Tally)]
pub struct Add {
    /// Which tally.
    #[kenning(id)]
    pub tally: u32,
    /// The intent.
    pub tag: Uuid,
    /// How many events it causes.
    pub events: u64,
    /// Turn it down while the count is odd.
    pub even_only: bool,
}

impl Add {
    /// One event, whatever the state.
    #[must_use]
    pub fn one(tally: u32) -> Self {
        Self { tally, tag: Uuid::now_v7(), events: 1, even_only: false }
    }
}

/// A command whose handler panics.
#[derive(Clone, Debug, Serialize, Deserialize, Command)]
#[kenning(aggregate = Tally)]
pub struct Boom {
    /// Which tally.
    #[kenning(id)]
    pub tally: u32,
}

/// The count was odd.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OddTotal;

impl std::fmt::Display for OddTotal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the count is odd")
    }
}

impl std::error::Error for OddTotal {}

#[aggregate]
impl Tally {
    #[command]
    fn add(&self, command: &Add) -> Result<Vec<Added>, OddTotal> {
        if command.even_only && self.count % 2 == 1 {
            return Err(OddTotal);
        }
        let numbers = self.count + 1..=self.count + command.events;
        Ok(numbers.map(|number| Added { tag: command.tag, number }).collect())
    }

    #[command]
    fn boom(&self, command: &Boom) -> Option<Added> {
        panic!("the handler of tally {} panics, as it was told to", command.tally)
    }

    #[apply]
    fn added(&mut self, event: &Added) {
        self.count += 1;
        self.sum = self.sum.wrapping_mul(31).wrapping_add(event.tag.as_u64_pair().1 ^ event.number);
    }
}

//! Meters and their read models.

use kenning::prelude::*;
use kenning::store::{Append, EventStore, Expect, NewEvent, StoreError, StreamAppend};
use kenning::{EncodedEvent, StreamName};

/// A meter begins to count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Event)]
#[kenning(name = "meter.installed")]
pub struct Installed {
    /// Where.
    pub place: String,
}

/// A meter was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Event)]
#[kenning(name = "meter.measured")]
pub struct Measured {
    /// Where it is.
    pub place: String,
    /// What it shows more than the last time.
    pub units: i64,
}

/// A meter is there no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Event)]
#[kenning(name = "meter.removed")]
pub struct Removed {}

/// The events of a meter.
#[derive(Clone, Debug, PartialEq, Eq, EventSet)]
pub enum MeterEvent {
    /// It begins.
    Installed(Installed),
    /// It was read.
    Measured(Measured),
    /// It ends.
    Removed(Removed),
}

/// One row a meter, told by the stream's id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ReadModel)]
#[kenning(table = "meter_summaries", version = 1, events = MeterEvent, index(place, units))]
pub struct MeterSummary {
    /// Which meter.
    #[kenning(key)]
    pub meter: u32,
    /// Where.
    pub place: String,
    /// How often it was read.
    pub readings: i64,
    /// What it has counted.
    pub units: i64,
    /// Two rows that saw the same events in the same order have the same one; nothing else has.
    pub trail: i64,
}

/// What an event adds to a trail.
fn step(trail: i64, units: i64) -> i64 {
    trail.wrapping_mul(31).wrapping_add(units)
}

#[read_model]
impl MeterSummary {
    /// A new row.
    #[on]
    pub(super) fn installed(meter: u32, event: &Installed) -> Self {
        Self { meter, place: event.place.clone(), readings: 0, units: 0, trail: 1 }
    }

    /// One more.
    #[on]
    pub(super) fn measured(&mut self, event: &Recorded<Measured>) {
        self.readings += 1;
        self.units += event.units;
        self.trail = step(self.trail, event.units);
    }

    /// No row.
    #[on]
    pub(super) fn removed(self, _: &Removed) -> Option<Self> {
        None
    }
}

/// One row a place, over all of its meters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ReadModel)]
#[kenning(table = "place_totals", version = 1, events = MeterEvent)]
pub struct PlaceTotals {
    /// Where.
    #[kenning(key)]
    pub place: String,
    /// How often a meter was read there.
    pub readings: i64,
    /// What was counted there.
    #[kenning(index)]
    pub units: i64,
    /// As of a meter: over the readings of all of them, in the order of the feed.
    pub trail: i64,
}

#[read_model(ignore(Installed, Removed))]
impl PlaceTotals {
    /// The first one makes the row.
    #[on(key = event.place.clone())]
    pub(super) fn measured(row: Option<Self>, event: &Measured) -> Self {
        let mut totals =
            row.unwrap_or_else(|| Self { place: event.place.clone(), readings: 0, units: 0, trail: 1 });
        totals.readings += 1;
        totals.units += event.units;
        totals.trail = step(totals.trail, event.units);
        totals
    }
}

/// An event to be appended.
///
/// # Panics
/// When it cannot be encoded.
#[must_use]
pub fn installed(place: &str) -> NewEvent {
    NewEvent::new(EncodedEvent::of(&Installed { place: place.to_owned() }).expect("it can be encoded"))
}

/// An event to be appended.
///
/// # Panics
/// When it cannot be encoded.
#[must_use]
pub fn measured(place: &str, units: i64) -> NewEvent {
    let event = Measured { place: place.to_owned(), units };
    NewEvent::new(EncodedEvent::of(&event).expect("it can be encoded"))
}

/// An event to be appended.
///
/// # Panics
/// When it cannot be encoded.
#[must_use]
pub fn removed() -> NewEvent {
    NewEvent::new(EncodedEvent::of(&Removed {}).expect("it can be encoded"))
}

/// Appends `events` events of `meters` meters at seven places: all are installed first, then read by turns; every tenth one is removed at the end. Events of one meter never stand
/// together.
///
/// # Errors
/// When the store fails.
///
/// # Panics
/// When there are fewer events than twice the meters.
pub async fn fill(store: &dyn EventStore, meters: u32, events: u64) -> Result<(), StoreError> {
    let rounds = events / u64::from(meters);
    assert!(rounds >= 2, "each meter is installed and read");
    for round in 0..rounds {
        for first in (0..meters).step_by(200) {
            let streams = (first..meters.min(first + 200)).map(|meter| {
                let place = format!("place {}", meter % 7);
                let event = if round == 0 {
                    installed(&place)
                } else if round + 1 == rounds && meter % 10 == 0 {
                    removed()
                } else {
                    measured(&place, i64::from(meter) + round as i64)
                };
                StreamAppend {
                    stream: StreamName::new("meter", &meter.to_string())
                        .expect("a meter's stream has a name"),
                    expect: if round == 0 { Expect::New } else { Expect::Exactly(round.into()) },
                    events: vec![event],
                }
            });
            let append = Append { streams: streams.collect(), command: None };
            store.append(append).await.map_err(|error| match error {
                kenning::store::AppendError::Store(error) => error,
                other => StoreError::Corrupt(other.to_string()),
            })?;
        }
    }
    Ok(())
}

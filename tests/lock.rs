//! P9: an event once stored can be decoded for ever, or the lock test fails before the release.

mod breaking;
mod compatible;
mod consumers;
mod events;
mod file;
mod sagas;

use std::error::Error;

use kenning::schema::ShapeChange;
use kenning::testing::{Change, ChangeKind, Lock};
use kenning::{
    Catalog, DecodeError, EncodeError, EncodedEvent, Event, EventInfo, EventSet, RawEvent, Schema, Shape,
    Shapes,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An event whose payload is `T`: two of these are one event before and after a change.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct Happened<T>(T);

impl<T: Schema> Schema for Happened<T> {
    fn shape(shapes: &mut Shapes) -> Shape {
        T::shape(shapes)
    }
}

impl<T: Schema + Serialize + DeserializeOwned + Send + Sync> Event for Happened<T> {
    const NAME: &'static str = "thing.happened";
}

/// A set of one event.
struct Only<E>(E);

impl<E: Event> EventSet for Only<E> {
    const EVENTS: &'static [EventInfo] = &[EventInfo::of::<E>()];

    fn encode(&self) -> Result<EncodedEvent, EncodeError> {
        EncodedEvent::of(&self.0)
    }

    fn decode(event: &RawEvent<'_>) -> Result<Self, DecodeError> {
        E::decode(event.schema_version, event.payload).map(Self)
    }
}

trait Payload: Schema + Serialize + DeserializeOwned + Send + Sync {}

impl<T: Schema + Serialize + DeserializeOwned + Send + Sync> Payload for T {}

fn lock_of<E: Event>() -> Lock {
    Lock::of(&Catalog::new().events_of::<Only<E>>())
}

/// What the lock says of a change from `B` to `A`.
fn changes<B: Payload, A: Payload>() -> Vec<Change> {
    lock_of::<Happened<B>>().compare(&lock_of::<Happened<A>>())
}

/// What becomes of a stored payload.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    /// It cannot be read.
    Unreadable,
    /// It is read, and something in it is gone.
    Maimed,
    /// It is read, and all that stood in it is still there.
    Whole,
}

/// Reads what `B` could read as `A`.
fn fate<B: Payload, A: Payload>(stored: &str) -> Result<Fate, Box<dyn Error>> {
    serde_json::from_str::<B>(stored).map_err(|error| format!("it never was a payload: {error}"))?;
    let Ok(read) = serde_json::from_str::<A>(stored) else { return Ok(Fate::Unreadable) };
    let (mut before, mut after) = (Vec::new(), Vec::new());
    leaves(&serde_json::from_str(stored)?, &mut before);
    leaves(&serde_json::to_value(&read)?, &mut after);
    for leaf in before {
        match after.iter().position(|other| *other == leaf) {
            Some(at) => drop(after.swap_remove(at)),
            None => return Ok(Fate::Maimed),
        }
    }
    Ok(Fate::Whole)
}

/// Every string, number and boolean, and the names of variants among them; keys may change.
fn leaves(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Null => {}
        Value::Array(values) => values.iter().for_each(|value| leaves(value, into)),
        Value::Object(fields) => fields.values().for_each(|value| leaves(value, into)),
        Value::Number(number) => {
            let text = number.to_string();
            into.push(text.strip_suffix(".0").map(str::to_owned).unwrap_or(text));
        }
        other => into.push(other.to_string()),
    }
}

/// The change is refused with exactly these kinds, and rightly: the payload is unreadable or maimed.
#[track_caller]
fn breaks<B: Payload, A: Payload>(stored: &str, expected: Fate, path: &str, kind: &ShapeChange) {
    let found = changes::<B, A>();
    let breaking: Vec<_> = found.iter().filter(|change| change.is_breaking()).collect();
    assert!(breaking.iter().any(|change| change.path == path && is(change, kind)), "{found:#?}");
    assert!(breaking.iter().all(|change| change.remedy().is_some()), "{found:#?}");
    assert_eq!(fate::<B, A>(stored).map_err(|error| error.to_string()), Ok(expected));
}

/// The change is let through with this kind, and rightly: the payload is read whole.
#[track_caller]
fn passes<B: Payload, A: Payload>(stored: &str, path: &str, kind: &ShapeChange) {
    let found = changes::<B, A>();
    assert!(found.iter().all(|change| !change.is_breaking()), "{found:#?}");
    assert!(found.iter().any(|change| change.path == path && is(change, kind)), "{found:#?}");
    assert_eq!(fate::<B, A>(stored).map_err(|error| error.to_string()), Ok(Fate::Whole));
}

fn is(change: &Change, kind: &ShapeChange) -> bool {
    matches!(&change.kind, ChangeKind::Structure(found) if found == kind)
}

fn retyped(from: &str, to: &str) -> ShapeChange {
    ShapeChange::Retyped { from: from.into(), to: to.into() }
}

fn widened(from: &str, to: &str) -> ShapeChange {
    ShapeChange::Widened { from: from.into(), to: to.into() }
}

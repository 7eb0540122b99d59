//! The history checker: compares what writers were told, what is stored and what readers were given. It returns every violation in words; none means
//! that the history is right.

use std::collections::HashMap;

use uuid::Uuid;

use super::journal::{Entry, Intent, Outcome};

/// A stored event, read past the library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its place in the feed.
    pub position: u64,
    /// Its id.
    pub id: Uuid,
    /// Its stream.
    pub stream: String,
    /// Its number in the stream.
    pub version: u64,
    /// The intent that caused it.
    pub tag: Uuid,
    /// The number that it was decided to have.
    pub number: u64,
}

/// An event that a reader was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// Its place in the feed.
    pub position: u64,
    /// Its id.
    pub id: Uuid,
}

/// Every stream counts 1, 2, 3 …, in the order of the positions, and every event was decided on the state before it.
#[must_use]
pub fn check_streams(stored: &[Stored]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut ids = HashMap::new();
    let mut versions: HashMap<&str, u64> = HashMap::new();
    let mut last = 0;
    for event in stored {
        if event.position <= last {
            wrong.push(format!("position {} is stored after {last}", event.position));
        }
        last = event.position;
        if let Some(other) = ids.insert(event.id, event.position) {
            wrong.push(format!("event {} is stored at {other} and at {}", event.id, event.position));
        }
        let version = versions.entry(&event.stream).or_default();
        if event.version != *version + 1 {
            wrong.push(format!("{} goes from version {version} to {}", event.stream, event.version));
        }
        *version = event.version;
        if event.number != event.version {
            wrong.push(format!(
                "{} version {} was decided to be {}: on another state",
                event.stream, event.version, event.number
            ));
        }
    }
    wrong
}

/// Every accepted intent is stored once and whole, every refused one not at all, every other one once and whole or not at all.
#[must_use]
pub fn check_effects(entries: &[Entry], stored: &[Stored]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut intents: HashMap<Uuid, &Intent> = HashMap::new();
    let mut outcomes: HashMap<Uuid, Vec<&Outcome>> = HashMap::new();
    for entry in entries {
        match entry {
            Entry::Intent(intent) => {
                intents.insert(intent.tag, intent);
            }
            Entry::Outcome(tag, outcome) => outcomes.entry(*tag).or_default().push(outcome),
            Entry::Broken(what) => wrong.push(what.clone()),
        }
    }
    let mut effects: HashMap<Uuid, Vec<&Stored>> = HashMap::new();
    for event in stored {
        effects.entry(event.tag).or_default().push(event);
    }
    wrong.extend(
        effects
            .keys()
            .filter(|tag| !intents.contains_key(tag))
            .map(|tag| format!("{tag} is nobody's intent")),
    );
    for (tag, intent) in &intents {
        let events = effects.get(tag).map_or(&[][..], Vec::as_slice);
        let outcomes = outcomes.get(tag).map_or(&[][..], Vec::as_slice);
        wrong.extend(check_effect(intent, outcomes, events).err());
    }
    wrong
}

fn check_effect(intent: &Intent, outcomes: &[&Outcome], events: &[&Stored]) -> Result<(), String> {
    let tag = intent.tag;
    let accepted = outcomes.iter().find_map(|outcome| match outcome {
        Outcome::Accepted(version) => Some(*version),
        Outcome::Refused(_) | Outcome::Unknown(_) => None,
    });
    // A command that was sent several times under one id may be refused once and accepted once.
    let refused =
        !outcomes.is_empty() && outcomes.iter().all(|outcome| matches!(outcome, Outcome::Refused(_)));
    if events.is_empty() {
        return match accepted {
            Some(version) if intent.events > 0 => Err(format!("{tag} was accepted at {version} and is lost")),
            _ => Ok(()),
        };
    }
    if refused {
        return Err(format!("{tag} was refused ({outcomes:?}) and {} events are stored", events.len()));
    }
    for stream in &intent.streams {
        let versions: Vec<u64> =
            events.iter().filter(|event| event.stream == *stream).map(|event| event.version).collect();
        let first = versions.first().copied().unwrap_or_default();
        if versions.len() as u64 != intent.events
            || !versions.iter().copied().eq(first..first + intent.events)
        {
            return Err(format!(
                "{tag} caused {versions:?} in {stream} instead of {} in a row",
                intent.events
            ));
        }
    }
    if events.len() as u64 != intent.events * intent.streams.len() as u64 {
        return Err(format!("{tag} has events in streams that it does not name"));
    }
    let reached = events.iter().rfind(|event| intent.streams.first() == Some(&event.stream));
    match (accepted, reached) {
        (Some(told), Some(event)) if told != event.version => {
            Err(format!("{tag} was told version {told} and is stored at {}", event.version))
        }
        _ => Ok(()),
    }
}

/// A reader was given what is stored: each event once, in order, none missing.
#[must_use]
pub fn check_delivery(reader: &str, stored: &[Stored], delivered: &[Delivered]) -> Vec<String> {
    let mut wrong = Vec::new();
    for pair in delivered.windows(2) {
        if pair[1].position <= pair[0].position {
            wrong.push(format!("{reader} was given {} after {}", pair[1].position, pair[0].position));
        }
    }
    let given: HashMap<Uuid, u64> = delivered.iter().map(|event| (event.id, event.position)).collect();
    if given.len() != delivered.len() {
        wrong.push(format!("{reader} was given {} events twice", delivered.len() - given.len()));
    }
    for event in stored {
        match given.get(&event.id) {
            None => wrong.push(format!("{reader} was never given {} of {}", event.position, event.stream)),
            Some(position) if *position != event.position => {
                wrong.push(format!("{reader} was given {} at {position}", event.position));
            }
            Some(_) => {}
        }
    }
    if given.len() > stored.len() {
        wrong.push(format!("{reader} was given {} events that are not stored", given.len() - stored.len()));
    }
    wrong
}

//! Comparing the consumers that are locked with those of the code.

use super::{ConsumerChange, LockedConsumer};
use crate::store::ConsumerKind;
use crate::testing::lock::Lock;
use crate::testing::lock::change::{Change, ChangeKind, Subject};

type Key = (ConsumerKind, String);

pub(in crate::testing::lock) fn consumers(locked: &Lock, now: &Lock, changes: &mut Vec<Change>) {
    for (key, before) in &locked.consumers {
        match now.consumers.get(key) {
            Some(after) => {
                let found = consumer(before, after, key.0, locked, now);
                changes.extend(found.into_iter().map(|change| of(key, after.version, change)));
            }
            None => {
                let change = removed(key, before, locked, now);
                changes.extend(change.map(|change| of(key, before.version, change)));
            }
        }
    }
    for (key, after) in now.consumers.iter().filter(|(key, _)| !locked.consumers.contains_key(*key)) {
        changes.push(of(key, after.version, added(key, after, locked)));
    }
}

fn of((kind, name): &Key, version: u32, change: ConsumerChange) -> Change {
    Change::whole(
        Subject::Consumer { kind: *kind, name: name.clone(), version },
        ChangeKind::Consumer(change),
    )
}

fn added((kind, _): &Key, after: &LockedConsumer, locked: &Lock) -> ConsumerChange {
    let known = |from: &&String| locked.consumers.contains_key(&(*kind, (*from).clone()));
    match (kind, after.renamed_from.as_ref().filter(known)) {
        (_, Some(from)) => ConsumerChange::Renamed { from: Some(from.clone()) },
        (ConsumerKind::Saga, None) => {
            ConsumerChange::Partitions { from: None, to: after.partitions, raise_to: None }
        }
        (_, None) => ConsumerChange::Added { inline: after.inline },
    }
}

/// A consumer that is gone. A new one that handles the same events is the likely heir.
fn removed((kind, name): &Key, before: &LockedConsumer, locked: &Lock, now: &Lock) -> Option<ConsumerChange> {
    if *kind == ConsumerKind::Saga {
        let from = before.partitions;
        let remains = now.sagas.contains_key(name);
        return remains.then_some(ConsumerChange::Partitions { from, to: None, raise_to: None });
    }
    let mut new =
        now.consumers.iter().filter(|(key, _)| key.0 == *kind && !locked.consumers.contains_key(*key));
    if new.clone().any(|(_, heir)| heir.renamed_from.as_ref() == Some(name)) {
        return None;
    }
    // A read model is built again under its new name, and an inline projection has no checkpoint.
    let has_checkpoint = *kind != ConsumerKind::ReadModel && !before.inline;
    let heir = new.find(|(_, heir)| {
        has_checkpoint && heir.renamed_from.is_none() && !heir.inline && heir.events == before.events
    });
    Some(ConsumerChange::Removed { renamed_to: heir.map(|((_, new), _)| new.clone()) })
}

fn consumer(
    before: &LockedConsumer,
    after: &LockedConsumer,
    kind: ConsumerKind,
    locked: &Lock,
    now: &Lock,
) -> Vec<ConsumerChange> {
    let mut found = Vec::new();
    let (from, to) = (before.version, after.version);
    let next = from.saturating_add(1);
    // What these have written says what they have handled since the beginning.
    let keeps = matches!(kind, ConsumerKind::ReadModel | ConsumerKind::Projection) && !after.inline;
    if from != to {
        found.push(ConsumerChange::Version { from, to, refused: keeps && to < from });
    }
    if before.inline != after.inline {
        found.push(ConsumerChange::Inline { inline: after.inline });
    }
    // An event that is gone altogether is named as such, once. One that is new is stored nowhere.
    for event in before.events.difference(&after.events) {
        let raise = from == to && keeps && now.events.contains_key(event);
        found.push(ConsumerChange::EventLeft { event: event.clone(), raise_to: raise.then_some(next) });
    }
    for event in after.events.difference(&before.events) {
        let raise = from == to && keeps && locked.events.contains_key(event);
        found.push(ConsumerChange::EventJoined { event: event.clone(), raise_to: raise.then_some(next) });
    }
    if before.partitions != after.partitions {
        let known = before.partitions.is_some() && after.partitions.is_some();
        let raise_to = (known && to <= from).then_some(next);
        found.push(ConsumerChange::Partitions { from: before.partitions, to: after.partitions, raise_to });
    }
    if before.renamed_from != after.renamed_from {
        found.push(ConsumerChange::Renamed { from: after.renamed_from.clone() });
    }
    found
}

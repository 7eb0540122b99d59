//! Comparing what is locked with what the code has.

use std::collections::BTreeMap;

use super::change::{Change, ChangeKind, Subject};
use super::consumer::consumers;
use super::saga::sagas;
use super::{Lock, LockedAggregate};
use crate::schema::{Evolution, Shape};

pub(super) fn locks(locked: &Lock, now: &Lock) -> Vec<Change> {
    let mut changes = Vec::new();
    aggregates(locked, now, &mut changes);
    sagas(&locked.sagas, &now.sagas, &mut changes);
    consumers(locked, now, &mut changes);
    for (name, versions) in &locked.events {
        match now.events.get(name) {
            Some(code) => event(name, versions, code, &mut changes),
            None => changes.push(removed(name, versions, locked, now)),
        }
    }
    for (name, versions) in &now.events {
        let known = locked.events.get(name);
        let current = newest(versions);
        for version in
            versions.keys().filter(|version| known.is_none_or(|known| !known.contains_key(version)))
        {
            let subject = Subject::Event { name: name.clone(), version: *version, current };
            changes.push(Change::whole(subject, ChangeKind::VersionAdded));
        }
    }
    changes.sort_by_key(|change| !change.is_breaking());
    changes
}

fn aggregates(locked: &Lock, now: &Lock, changes: &mut Vec<Change>) {
    for (category, before) in &locked.aggregates {
        let subject = Subject::Aggregate { category: category.clone() };
        match now.aggregates.get(category) {
            Some(after) => {
                aggregate(&subject, before, after, changes);
                // An event that is gone altogether is named as such, once.
                changes.retain(|change| match &change.kind {
                    ChangeKind::EventLeft { event } => now.events.contains_key(event),
                    _ => true,
                });
            }
            None => changes.push(Change::whole(subject, ChangeKind::AggregateRemoved)),
        }
    }
    for category in now.aggregates.keys().filter(|category| !locked.aggregates.contains_key(*category)) {
        changes.push(Change::whole(
            Subject::Aggregate { category: category.clone() },
            ChangeKind::AggregateAdded,
        ));
    }
}

fn aggregate(
    subject: &Subject,
    before: &LockedAggregate,
    after: &LockedAggregate,
    changes: &mut Vec<Change>,
) {
    shape(subject, "id", &before.id, &after.id, changes);
    if before.fold != after.fold {
        let (from, to) = (before.fold, after.fold);
        changes.push(Change::whole(subject.clone(), ChangeKind::FoldVersion { from, to }));
    }
    for event in before.events.difference(&after.events) {
        changes.push(Change::whole(subject.clone(), ChangeKind::EventLeft { event: event.clone() }));
    }
    for event in after.events.difference(&before.events) {
        changes.push(Change::whole(subject.clone(), ChangeKind::EventJoined { event: event.clone() }));
    }
}

fn event(name: &str, locked: &BTreeMap<u32, Shape>, now: &BTreeMap<u32, Shape>, changes: &mut Vec<Change>) {
    let current = newest(now);
    for (&version, before) in locked {
        let subject = Subject::Event { name: name.to_owned(), version, current };
        match now.get(&version) {
            Some(after) => shape(&subject, "", before, after, changes),
            None => changes.push(Change::whole(subject, ChangeKind::VersionRemoved)),
        }
    }
}

fn shape(subject: &Subject, root: &str, before: &Shape, after: &Shape, changes: &mut Vec<Change>) {
    let found = Evolution::between(root, before, after).into_iter();
    changes.extend(found.map(|(path, change)| Change {
        subject: subject.clone(),
        path,
        kind: ChangeKind::Structure(change),
    }));
}

/// An event that is gone; a new one whose structures are the same is the likely heir.
fn removed(name: &str, versions: &BTreeMap<u32, Shape>, locked: &Lock, now: &Lock) -> Change {
    let heir =
        now.events.iter().find(|(new, shapes)| !locked.events.contains_key(*new) && *shapes == versions);
    let version = newest(versions);
    let subject = Subject::Event { name: name.to_owned(), version, current: version };
    Change::whole(subject, ChangeKind::EventRemoved { renamed_to: heir.map(|(new, _)| new.clone()) })
}

fn newest(versions: &BTreeMap<u32, Shape>) -> u32 {
    versions.last_key_value().map_or(0, |(version, _)| *version)
}

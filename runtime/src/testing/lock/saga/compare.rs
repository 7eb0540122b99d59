//! Comparing the sagas that are locked with those of the code.

use std::collections::{BTreeMap, BTreeSet};

use super::LockedSaga;
use crate::saga::{SagaChanges, SagaDescription};
use crate::testing::lock::change::{Change, ChangeKind, Subject};

type Versions = BTreeMap<u32, LockedSaga>;
type Sagas = BTreeMap<String, Versions>;

pub(in crate::testing::lock) fn sagas(locked: &Sagas, now: &Sagas, changes: &mut Vec<Change>) {
    for (name, versions) in locked {
        match now.get(name) {
            Some(code) => saga(name, versions, code, changes),
            None => changes.push(removed(name, versions, locked, now)),
        }
    }
    for (name, versions) in now {
        let known = locked.get(name);
        for version in
            versions.keys().filter(|version| known.is_none_or(|known| !known.contains_key(version)))
        {
            let newest = versions.last_key_value().is_some_and(|(newest, _)| newest == version);
            // Former definitions beside a new one start nothing.
            let kind =
                if known.is_none() && newest { ChangeKind::SagaAdded } else { ChangeKind::VersionAdded };
            changes.push(Change::whole(subject(name, *version, versions), kind));
        }
    }
}

fn saga(name: &str, locked: &Versions, now: &Versions, changes: &mut Vec<Change>) {
    for version in in_flight(locked) {
        let subject = subject(name, version, now);
        match (locked.get(&version), now.get(&version)) {
            (Some(before), Some(after)) => definition(&subject, before, after, changes),
            (_, Some(_)) => {}
            (before, None) => {
                if let Some(kind) = left(version, before, now) {
                    changes.push(Change::whole(subject, kind));
                }
            }
        }
    }
}

/// What becomes of the instances of a version that the code has not.
fn left(version: u32, before: Option<&LockedSaga>, now: &Versions) -> Option<ChangeKind> {
    let newest = now.last_key_value().map(|(_, saga)| saga);
    let differs = newest.zip(before).map(|(newest, before)| before.description.compare(&newest.description));
    // An earlier version never takes on instances of a later one.
    let takes_over = |newest: &&LockedSaga| {
        newest.description.version > version && differs.as_ref().is_some_and(SagaChanges::survives)
    };
    let heir = now.values().find(|heir| goes_on_with(heir, version)).or(newest.filter(takes_over));
    match heir {
        // Of versions before a locked one nothing is news.
        Some(heir) => before.map(|_| ChangeKind::SagaMigrated { to: heir.description.version }),
        None => Some(ChangeKind::SagaStranded {
            differs: differs.as_ref().and_then(SagaChanges::first_fatal).cloned(),
        }),
    }
}

/// The versions of which instances may be in flight.
fn in_flight(locked: &Versions) -> BTreeSet<u32> {
    locked.iter().flat_map(|(version, saga)| saga.migrates_from.min(*version)..=*version).collect()
}

fn goes_on_with(saga: &LockedSaga, version: u32) -> bool {
    (saga.migrates_from..=saga.description.version).contains(&version)
}

fn definition(subject: &Subject, before: &LockedSaga, after: &LockedSaga, changes: &mut Vec<Change>) {
    for change in before.description.compare(&after.description).list {
        let path = change.step.clone().unwrap_or_default();
        changes.push(Change { subject: subject.clone(), path, kind: ChangeKind::Saga(change) });
    }
}

/// A saga that is gone; a new one that does the same is the likely heir.
fn removed(name: &str, versions: &Versions, locked: &Sagas, now: &Sagas) -> Change {
    let last = versions.last_key_value().map(|(_, saga)| &saga.description);
    let heir = now.iter().filter(|(new, _)| !locked.contains_key(*new)).find(|(_, heirs)| {
        heirs.values().any(|heir| last.is_some_and(|last| is_like(last, &heir.description)))
    });
    let kind = ChangeKind::SagaRemoved { renamed_to: heir.map(|(new, _)| new.clone()) };
    let version = last.map_or(0, |last| last.version);
    Change::whole(subject(name, version, versions), kind)
}

fn is_like(past: &SagaDescription, heir: &SagaDescription) -> bool {
    past.data == heir.data && past.steps == heir.steps
}

fn subject(name: &str, version: u32, versions: &Versions) -> Subject {
    let current = versions.last_key_value().map_or(version, |(current, _)| *current);
    Subject::Saga { name: name.to_owned(), version, current }
}

//! What each release reads, so that releases that share a store leave each other what is theirs.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::number::Position;

/// An event type that a release can append to the streams of a category.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventType {
    /// The category of the streams.
    pub category: Arc<str>,
    /// The persisted name of the event.
    pub name: Arc<str>,
    /// The newest version of its payload.
    pub version: u32,
}

/// Event names, each with the newest version of the payload that is meant.
pub type EventVersions = BTreeMap<Arc<str>, u32>;

/// What a release of a consumer reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerReads {
    /// The consumer.
    pub consumer: Arc<str>,
    /// The version of its declaration.
    pub version: u32,
    /// The events that it handles.
    pub handles: EventVersions,
    /// Other events that the release knows. The consumer passes them over on purpose.
    pub knows: EventVersions,
}

impl ConsumerReads {
    /// Identifies the release: the same for the same content, in every process.
    #[must_use]
    pub fn release(&self) -> String {
        // FNV-1a: it must give the same in every release, as rows have been written by it.
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        let mut add = |bytes: &[u8]| {
            for byte in bytes.iter().copied().chain([0xff]) {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
            }
        };
        add(self.consumer.as_bytes());
        add(&self.version.to_be_bytes());
        for (mark, events) in [(b"handles", &self.handles), (b"knows\0\0", &self.knows)] {
            add(mark);
            for (name, version) in events {
                add(name.as_bytes());
                add(&version.to_be_bytes());
            }
        }
        format!("{hash:016x}")
    }
}

/// A release of a consumer that the store knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisteredReads {
    /// What it reads.
    pub reads: ConsumerReads,
    /// [`ConsumerReads::release`].
    pub release: Arc<str>,
    /// Rises with each release that is registered for the first time.
    pub number: u64,
    /// Whether a worker of the release asks for leases.
    pub running: bool,
}

/// What the store knows of the releases of one consumer, and of the events of all releases.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownReads {
    /// All event types.
    pub types: Vec<EventType>,
    /// The releases of the consumer.
    pub releases: Vec<RegisteredReads>,
}

/// What a worker has to read to do the next event of a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needs {
    /// The persisted name of the event.
    pub name: Arc<str>,
    /// The version of its payload.
    pub version: u32,
    /// Whether a release of the consumer handles the event, so that knowing it is not enough.
    pub handler: bool,
    /// The position of the event that is to be done.
    pub position: Position,
}

impl KnownReads {
    /// The events that a release of the consumer must not pass over, although it does not handle
    /// them. `true`: another release handles the event.
    ///
    /// * Events that another release of the same or a higher version handles: always when this one
    ///   does not know them; else while a worker of the other one runs, and when the other one is
    ///   the newer. A handler that a newer release has removed is not waited for.
    /// * Events of the categories that it follows that this release does not know.
    #[must_use]
    pub fn foreign(&self, own: &ConsumerReads, goes_on: bool) -> BTreeMap<Arc<str>, bool> {
        let mut foreign = BTreeMap::new();
        let follows = |kind: &&EventType| own.handles.contains_key(&kind.name);
        let categories: Vec<&str> = self.types.iter().filter(follows).map(|kind| &*kind.category).collect();
        for kind in self.types.iter().filter(|kind| categories.contains(&&*kind.category)) {
            if !own.handles.contains_key(&kind.name) && !own.knows.contains_key(&kind.name) {
                foreign.insert(Arc::clone(&kind.name), false);
            }
        }
        let release = own.release();
        let number = self.releases.iter().find(|one| *one.release == *release).map(|one| one.number);
        let counts = |one: &&RegisteredReads| {
            let version = one.reads.version;
            *one.release != *release && (version == own.version || (goes_on && version > own.version))
        };
        for other in self.releases.iter().filter(counts) {
            let newer = number.is_none_or(|number| other.number > number);
            for name in other.reads.handles.keys().filter(|name| !own.handles.contains_key(*name)) {
                if newer || other.running || !own.knows.contains_key(name) {
                    foreign.insert(Arc::clone(name), true);
                }
            }
        }
        foreign
    }

    /// Whether a release with this number can do what a partition needs.
    #[must_use]
    pub fn can_do(&self, release: &str, needs: &Needs) -> bool {
        let Some(own) = self.releases.iter().find(|one| *one.release == *release) else { return false };
        let has = |events: &EventVersions| events.get(&needs.name).is_some_and(|has| *has >= needs.version);
        if has(&own.reads.handles) {
            return true;
        }
        let other_handles = || {
            let handles = |one: &&RegisteredReads| one.reads.handles.contains_key(&needs.name);
            let mut others = self.releases.iter().filter(handles);
            others.any(|one| one.running || one.number > own.number)
        };
        has(&own.reads.knows) && !(needs.handler && other_handles())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(names: &[&str]) -> EventVersions {
        names.iter().map(|name| ((*name).into(), 1)).collect()
    }

    fn reads(version: u32, handles: &[&str], knows: &[&str]) -> ConsumerReads {
        ConsumerReads { consumer: "c".into(), version, handles: events(handles), knows: events(knows) }
    }

    fn known(releases: &[(&ConsumerReads, bool)]) -> KnownReads {
        let releases = (1..).zip(releases).map(|(number, (reads, running))| RegisteredReads {
            reads: (*reads).clone(),
            release: reads.release().into(),
            number,
            running: *running,
        });
        let kind = |name: &str| EventType { category: "order".into(), name: name.into(), version: 1 };
        KnownReads { types: vec![kind("placed"), kind("refunded")], releases: releases.collect() }
    }

    fn foreign(known: &KnownReads, own: &ConsumerReads) -> Vec<(String, bool)> {
        known.foreign(own, true).into_iter().map(|(name, handled)| (name.to_string(), handled)).collect()
    }

    #[test]
    fn p12_an_unknown_event_is_foreign_whichever_release_came_first() {
        let (old, new) = (reads(1, &["placed"], &[]), reads(1, &["placed", "refunded"], &[]));
        for known in [known(&[(&old, true), (&new, false)]), known(&[(&new, false), (&old, true)])] {
            assert_eq!(foreign(&known, &old), [("refunded".to_owned(), true)]);
            assert!(foreign(&known, &new).is_empty());
        }
    }

    #[test]
    fn p12_an_event_of_the_category_is_foreign_while_no_release_handles_it() {
        let old = reads(1, &["placed"], &[]);
        assert_eq!(foreign(&known(&[(&old, true)]), &old), [("refunded".to_owned(), false)]);
        let knowing = reads(1, &["placed"], &["refunded"]);
        assert!(foreign(&known(&[(&knowing, true)]), &knowing).is_empty());
    }

    #[test]
    fn p12_a_handler_that_a_newer_release_removed_is_left_to_the_older_while_that_runs() {
        let (old, new) = (reads(1, &["placed", "refunded"], &[]), reads(1, &["placed"], &["refunded"]));
        assert_eq!(foreign(&known(&[(&old, true), (&new, true)]), &new).len(), 1);
        assert!(foreign(&known(&[(&old, false), (&new, true)]), &new).is_empty());
        // The other way round it was added, and the release that has it may come back.
        assert_eq!(foreign(&known(&[(&new, true), (&old, false)]), &new).len(), 1);
    }

    #[test]
    fn p12_a_lower_version_does_not_count() {
        let (one, two) = (reads(1, &["placed", "refunded"], &[]), reads(2, &["placed"], &["refunded"]));
        let known = known(&[(&one, true), (&two, true)]);
        assert!(foreign(&known, &two).is_empty());
        let one = reads(1, &["placed"], &[]);
        assert!(known.foreign(&one, true).contains_key("refunded"));
    }
}

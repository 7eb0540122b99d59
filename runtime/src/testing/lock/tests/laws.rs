//! Writing, reading and comparing.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::generate::{name, shape};
use crate::saga::{SagaDescription, StepDescription, StepKind, WayBack};
use crate::schema::Shape;
use crate::store::ConsumerKind;
use crate::testing::lock::consumer::LockedConsumer;
use crate::testing::lock::{Lock, LockedAggregate, LockedSaga};

/// A lock with one event of one structure.
pub(super) fn lock_of(shape: Shape) -> Lock {
    let versions = BTreeMap::from([(1, shape)]);
    Lock { events: BTreeMap::from([("thing.happened".to_owned(), versions)]), ..Lock::default() }
}

fn lock() -> impl Strategy<Value = Lock> {
    let versions = proptest::collection::btree_map(1_u32..20, shape(), 1..4);
    let aggregate = (shape(), 1_u32..4, proptest::collection::btree_set(name(), 0..3))
        .prop_map(|(id, fold, events): (_, _, BTreeSet<String>)| LockedAggregate { id, fold, events });
    let aggregates = proptest::collection::btree_map(name(), aggregate, 0..3);
    let events = proptest::collection::btree_map(name(), versions, 0..3);
    let sagas = proptest::collection::vec(saga(), 0..2);
    let consumers = proptest::collection::btree_map(consumer_key(), consumer(), 0..3);
    (aggregates, events, sagas, consumers).prop_map(|(aggregates, events, list, consumers)| {
        let mut sagas = BTreeMap::<_, BTreeMap<_, _>>::new();
        for saga in list {
            let SagaDescription { name, version, .. } = &saga.description;
            sagas.entry(name.clone()).or_default().insert(*version, saga);
        }
        Lock { aggregates, events, sagas, consumers }
    })
}

fn consumer_key() -> impl Strategy<Value = (ConsumerKind, String)> {
    use ConsumerKind as Kind;
    let kinds = vec![Kind::ReadModel, Kind::Projection, Kind::Saga, Kind::Reactor];
    (proptest::sample::select(kinds), name())
}

fn consumer() -> impl Strategy<Value = LockedConsumer> {
    let events = proptest::collection::btree_set(name(), 0..3);
    let (partitions, renamed_from) = (proptest::option::of(1_u16..257), proptest::option::of(name()));
    (1_u32..9, any::<bool>(), partitions, renamed_from, events).prop_map(
        |(version, inline, partitions, renamed_from, events)| LockedConsumer {
            version,
            inline,
            partitions,
            renamed_from,
            events,
        },
    )
}

/// A saga with any steps, also such as no table has.
fn saga() -> impl Strategy<Value = LockedSaga> {
    let steps = proptest::collection::vec(step(), 0..3);
    (name(), 1_u32..9, 0_u32..9, shape(), steps).prop_map(|(name, version, earlier, data, mut steps)| {
        steps.sort_by(|a, b| a.name.cmp(&b.name));
        steps.dedup_by(|a, b| a.name == b.name);
        let description = SagaDescription { name, version, data, steps }.without_words();
        LockedSaga { description, migrates_from: version.saturating_sub(earlier).max(1) }
    })
}

fn step() -> impl Strategy<Value = StepDescription> {
    let kind = prop_oneof![
        Just(StepKind::Step),
        (name(), name()).prop_map(|(command, category)| StepKind::Send { command, category }),
        (name(), any::<bool>()).prop_map(|(event, fails)| StepKind::Wait { event, fails }),
    ];
    let way_back = prop_oneof![
        Just(WayBack::Undo("undo".to_owned())),
        Just(WayBack::ReadOnly),
        Just(WayBack::Irreversible("why".to_owned())),
        Just(WayBack::NotNeeded),
    ];
    let after = proptest::collection::vec(name(), 0..3);
    (name(), kind, after, way_back, any::<bool>(), shape()).prop_map(
        |(name, kind, after, way_back, pivot, output)| StepDescription {
            name,
            kind,
            after,
            way_back,
            pivot,
            output,
        },
    )
}

/// Fewer than usual: the structures are large, and the same laws are tried in every run.
fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_is_written_is_read(lock in lock()) {
        prop_assert_eq!(Lock::parse(&lock.render()), Ok(lock));
    }

    #[test]
    fn nothing_has_changed_against_itself(lock in lock()) {
        prop_assert_eq!(lock.compare(&lock), []);
    }

    /// Comparing ends, whatever refers to whatever, and says something of everything that is not the same.
    #[test]
    fn two_structures_are_compared(before in shape(), after in shape()) {
        let changes = lock_of(before.clone()).compare(&lock_of(after.clone()));
        prop_assert_eq!(changes.is_empty(), before == after);
        for change in changes {
            prop_assert!(!change.to_string().is_empty());
            prop_assert_eq!(change.is_breaking(), change.remedy().is_some(), "{}", change);
        }
    }

    /// A file that somebody has damaged is an error with its line, or still the same: never a panic, never another structure.
    #[test]
    fn a_damaged_file_is_refused(lock in lock(), at in any::<prop::sample::Index>(), with in "[ a-z0-9:,.\"#\n]{0,3}") {
        let text = lock.render();
        let mut damaged: Vec<char> = text.chars().collect();
        let at = at.index(damaged.len());
        damaged.splice(at..=at, with.chars());
        let damaged: String = damaged.into_iter().collect();
        match Lock::parse(&damaged) {
            Ok(read) => {
                for (event, versions) in &read.events {
                    for (version, shape) in versions {
                        let known = lock.events.values().any(|versions| versions.values().any(|known| known == shape));
                        prop_assert!(known, "{} v{}", event, version);
                    }
                }
                for saga in read.sagas.values().flat_map(BTreeMap::values) {
                    let known = lock.sagas.values().any(|versions| {
                        versions.values().any(|known| known.description == saga.description)
                    });
                    prop_assert!(known, "{:?}", saga);
                }
            }
            Err(error) => prop_assert!((1..=damaged.lines().count().max(1)).contains(&error.line), "{}", error),
        }
    }
}

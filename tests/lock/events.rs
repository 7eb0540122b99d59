//! Names and versions of events, and which streams hold them.

use kenning::testing::{Change, ChangeKind, Lock, Subject};
use kenning::{Catalog, Event, Schema, Shape, Shapes};
use serde::{Deserialize, Serialize};

use super::{Only, lock_of};

macro_rules! event {
    ($ty:ident = $name:literal v $version:literal from [$($from:ty),*] { $($fields:tt)* }) => {
        #[derive(Serialize, Deserialize, Schema)]
        struct $ty { $($fields)* }

        impl Event for $ty {
            const NAME: &'static str = $name;
            const VERSION: u32 = $version;

            fn earlier_shapes(shapes: &mut Shapes) -> Vec<Shape> {
                let _: &mut Shapes = shapes;
                vec![$(<$from>::shape(shapes)),*]
            }
        }
    };
}

event!(Placed1 = "order.placed" v 1 from [] { total: u32 });
event!(Placed1Edited = "order.placed" v 1 from [] { total: u8 });
event!(Placed2 = "order.placed" v 2 from [Placed1] { total: u32, currency: String });
event!(Placed2Alone = "order.placed" v 2 from [] { total: u32, currency: String });
event!(Placed2History = "order.placed" v 2 from [Placed1Edited] { total: u32, currency: String });
event!(Placed3 = "order.placed" v 3 from [Placed1, Placed2] { total: u64, currency: String });
event!(Ordered = "order.ordered" v 1 from [] { total: u32 });
event!(Shipped = "order.shipped" v 1 from [] { at: u64 });

fn only(changes: Vec<Change>) -> Change {
    match <[Change; 1]>::try_from(changes) {
        Ok([change]) => change,
        Err(changes) => panic!("one change was expected: {changes:#?}"),
    }
}

fn placed(version: u32, current: u32) -> Subject {
    let Change { subject, .. } = only(lock_of::<Placed1>().compare(&Lock::of(&Catalog::new())));
    match subject {
        Subject::Event { name, .. } => Subject::Event { name, version, current },
        other => other,
    }
}

#[test]
fn p9_an_event_that_vanished_is_named() {
    let change = only(lock_of::<Placed1>().compare(&Lock::of(&Catalog::new())));
    assert!(change.is_breaking());
    assert_eq!(change.kind, ChangeKind::EventRemoved { renamed_to: None });
    assert_eq!(
        change.to_string(),
        "event order.placed v1: is gone; what is stored under the name can no longer be read"
    );
}

#[test]
fn p9_an_event_that_was_renamed_is_named_with_its_remedy() {
    let changes = lock_of::<Placed1>().compare(&lock_of::<Ordered>());
    let breaking = changes.iter().find(|change| change.is_breaking()).unwrap();
    assert_eq!(breaking.kind, ChangeKind::EventRemoved { renamed_to: Some("order.ordered".into()) });
    let remedy = breaking.remedy().unwrap();
    assert!(remedy.contains("write `name = \"order.placed\"` on `order.ordered`"), "{remedy}");
}

#[test]
fn p9_a_version_that_moved_without_its_from_is_named() {
    let changes = lock_of::<Placed1>().compare(&lock_of::<Placed2Alone>());
    let breaking = changes.iter().find(|change| change.is_breaking()).unwrap();
    assert_eq!((&breaking.subject, &breaking.kind), (&placed(1, 2), &ChangeKind::VersionRemoved));
    assert!(breaking.remedy().unwrap().contains("`from(…)`"));
    assert!(Placed2Alone::decode(1, br#"{"total":1}"#).is_err());
}

#[test]
fn p9_a_version_that_moved_back_is_named() {
    let changes = lock_of::<Placed2>().compare(&lock_of::<Placed1>());
    let change = only(changes);
    assert_eq!((&change.subject, &change.kind), (&placed(2, 1), &ChangeKind::VersionRemoved));
    assert!(change.remedy().unwrap().starts_with("write `version = 2` or more"));
    assert!(Placed1::decode(2, br#"{"total":1,"currency":"EUR"}"#).is_err());
}

#[test]
fn p9_an_earlier_version_that_was_edited_is_named() {
    let changes = lock_of::<Placed2>().compare(&lock_of::<Placed2History>());
    let change = only(changes);
    assert_eq!((change.path.as_str(), &change.subject), ("total", &placed(1, 2)));
    assert!(change.remedy().unwrap().contains("version 1 is history"), "{:?}", change.remedy());
}

#[test]
fn a_new_version_with_its_from_passes() {
    for (changes, new) in [
        (lock_of::<Placed1>().compare(&lock_of::<Placed2>()), placed(2, 2)),
        (lock_of::<Placed2>().compare(&lock_of::<Placed3>()), placed(3, 3)),
    ] {
        let change = only(changes);
        assert_eq!((&change.subject, &change.kind), (&new, &ChangeKind::VersionAdded));
        assert!(!change.is_breaking());
    }
}

#[test]
fn a_new_event_passes() {
    let before = lock_of::<Placed1>();
    let after = Lock::of(&Catalog::new().events_of::<Only<Placed1>>().events_of::<Only<Shipped>>());
    let change = only(before.compare(&after));
    assert_eq!((change.is_breaking(), &change.kind), (false, &ChangeKind::VersionAdded));
    assert!(only(after.compare(&before)).is_breaking());
}

#[test]
fn the_same_event_in_two_sets_is_no_contradiction_and_two_of_one_name_are() {
    let catalog = Catalog::new().events_of::<Only<Placed1>>().events_of::<Only<Placed1>>();
    assert_eq!(catalog.contradictions(), []);
    let catalog = catalog.events_of::<Only<Placed2>>();
    let [contradiction] = catalog.contradictions() else { panic!("{:?}", catalog.contradictions()) };
    assert!(contradiction.to_string().contains("both stored as the event `order.placed`"), "{contradiction}");
}

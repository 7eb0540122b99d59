//! What operators see and do.

use std::sync::Arc;
use std::time::Duration;

use super::support::{
    NAME, append, claim, event, live, moved, opened, park, parked, poison, position, positions, record, row,
    rows, spec, store_rows, stream, wait, within,
};
use crate::number::Position;
use crate::store::{ConsumerSpec, ConsumerStore, Expect, Start};

/// Trap 20: when the next event after a checkpoint was recorded is known, and that there is none.
pub async fn trap_20_what_comes_next_is_known<S: ConsumerStore>(store: Arc<S>) {
    let lease = opened(&*store, &spec(NAME)).await;
    let next = async || record(&*store, NAME).await.partitions[0].next_recorded_at;
    assert_eq!(next().await, None);
    let mut written = Vec::new();
    for nth in 0..3 {
        let appended = append(&*store, &stream("next"), Expect::Any, vec![event(nth)]).await;
        written.push((position(&appended).get(), appended.recorded_at));
        wait(Duration::from_millis(5)).await;
    }
    let mut at = 0;
    for (position, recorded_at) in written {
        assert_eq!(next().await, Some(recorded_at));
        assert!(moved(&*store, &lease, at, position).await);
        at = position;
    }
    assert_eq!(next().await, None);
}

/// A reset puts a consumer where it is told, takes its leases, and forgets its parked events, and its rows if it has any.
pub async fn a_reset_begins_anew<S: ConsumerStore>(store: Arc<S>) {
    let appended = append(&*store, &stream("again"), Expect::New, vec![event(1), event(2)]).await;
    let last = position(&appended);
    let spec = ConsumerSpec { partitions: 1, ..spec(NAME) };
    let table = live(&spec);
    let old = opened(&*store, &spec).await;
    store_rows(&*store, &spec, &old, (0, 5), vec![row("old", 1)]).await;
    park(&*store, &old, 5, &[poison(3, "poison", Some("it fails"))]).await;
    assert!(within(store.reset(NAME, Start::Beginning, Some(&table))).await.expect("it is put there"));
    assert_eq!(rows(&*store, &table).await, []);
    assert_eq!(parked(&*store, NAME).await, []);
    assert_eq!(positions(&*store, NAME).await, [0]);
    for from in [5, 0] {
        assert!(!moved(&*store, &old, from, 7).await, "the lease is lost");
    }
    let new = claim(&*store, NAME, old.generation).await;
    assert!(new.epoch > old.epoch && new.position == 0);
    store_rows(&*store, &spec, &new, (0, 1), vec![row("new", 1)]).await;

    // Its name is that of its table, which is emptied whether the caller knows it or not.
    assert!(within(store.reset(NAME, Start::End, None)).await.expect("it is put there"));
    let end = positions(&*store, NAME).await[0];
    assert!(end >= last.get());
    assert_eq!(rows(&*store, &table).await, []);
    assert!(within(store.reset(NAME, Start::After(Position::new(1)), None)).await.expect("it is put there"));
    assert_eq!(positions(&*store, NAME).await, [1]);
    let at = Start::At(appended.recorded_at);
    assert!(within(store.reset(NAME, at, Some(&table))).await.expect("it is put there"));
    assert!(positions(&*store, NAME).await[0] < appended.streams[0].positions[0].get());
    assert_eq!(rows(&*store, &table).await, []);
    let newest = claim(&*store, NAME, old.generation).await;
    assert!(newest.epoch > new.epoch);
}

/// Whoever names a consumer that is not there is told so; all that are there are listed by name.
pub async fn operators_name_what_is_there<S: ConsumerStore>(store: Arc<S>) {
    assert_eq!(within(store.consumers()).await.expect("none can be listed"), []);
    assert!(!within(store.pause("nobody", true)).await.expect("it can be asked for"));
    assert!(!within(store.pause("nobody", false)).await.expect("it can be asked for"));
    assert!(!within(store.reset("nobody", Start::Beginning, None)).await.expect("it can be asked for"));
    for name in ["b_rows", "a_rows", "c_rows", "a_rows2"] {
        opened(&*store, &spec(name)).await;
    }
    let listed = within(store.consumers()).await.expect("they can be listed");
    let names: Vec<_> = listed.iter().map(|record| &*record.name).collect();
    assert_eq!(names, ["a_rows", "a_rows2", "b_rows", "c_rows"]);
    assert!(within(store.pause("a_rows", true)).await.expect("it is paused"));
    let listed = within(store.consumers()).await.expect("they can be listed");
    let paused: Vec<_> = listed.iter().map(|record| record.paused).collect();
    assert_eq!(paused, [true, false, false, false], "the others go on");
}

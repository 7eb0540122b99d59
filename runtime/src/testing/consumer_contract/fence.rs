//! What a holder of a lease writes is stored as a whole, and only as long as it holds it.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join;

use super::support::{
    LONG, NAME, SHORT, Worker, advance, begin, claim_all, commit, event, generation, live, lost_or_stored,
    moved, opened, outlast, park, parked, places, poison, positions, rollback, row, rows, spec, store_rows,
    stream, table_of, upserts, version, wait, within, write,
};
use crate::number::Position;
use crate::read_model::Row;
use crate::store::{
    Append, ConsumerKind, ConsumerSpec, ConsumerStore, Expect, FeedQuery, Lease, NewParked, StoreError, Table,
};

/// What one batch of the rules does: a row, a parked event and a checkpoint. Says whether it was stored.
async fn whole<S: ConsumerStore>(
    store: &S,
    table: &Table,
    lease: &Lease,
    (from, to): (u64, u64),
    row: Row,
) -> bool {
    let mut batch = begin(store).await;
    let written = within(store.write_rows(&mut batch, table, upserts(vec![row]))).await;
    written.expect("the row is written");
    let event: NewParked = poison(to, &format!("poison{to}"), Some("it fails"));
    within(store.park(&mut batch, lease, &[event])).await.expect("it is parked");
    // Whoever runs beside it comes between, also in a store that never waits.
    tokio::task::yield_now().await;
    if !advance(store, &mut batch, lease, from, to).await {
        rollback(store, batch).await;
        return false;
    }
    tokio::task::yield_now().await;
    lost_or_stored(within(store.commit_batch(batch)).await)
}

/// P4: whoever lost its lease writes nothing: no row, no parked event, no checkpoint.
///
/// `MemoryStore` that does not compare the epoch fails this.
pub async fn p4_a_lost_lease_writes_nothing<S: ConsumerStore>(store: Arc<S>) {
    let spec = spec(NAME);
    let of = [(NAME, generation(&*store, &spec).await)];
    let table = live(&spec);
    let (mut paused, mut other) = (Worker::new(), Worker::new());
    let old = paused.ask(&*store, &of, SHORT).await[0].clone();
    assert!(whole(&*store, &table, &old, (0, 1), row("one", 1)).await);
    outlast().await;
    let new = other.ask(&*store, &of, LONG).await[0].clone();
    for (from, to) in [(1, 2), (1, 1), (0, 2)] {
        assert!(!whole(&*store, &table, &old, (from, to), row("two", 2)).await, "{from} to {to}");
    }
    // An epoch that nobody has had yet is none either.
    let future = Lease { epoch: new.epoch + 1, ..new.clone() };
    assert!(!whole(&*store, &table, &future, (1, 2), row("two", 2)).await);
    assert_eq!(rows(&*store, &table).await, [row("one", 1)]);
    assert_eq!(places(&parked(&*store, NAME).await), [1]);
    assert_eq!(positions(&*store, NAME).await, [1]);
    assert!(whole(&*store, &table, &new, (1, 2), row("two", 2)).await);
    assert_eq!(rows(&*store, &table).await, [row("one", 1), row("two", 2)]);
}

/// P4: the lease ends between the checkpoint's move and the commit. Either nobody gets it before the commit, or the commit fails.
///
/// `MemoryStore` that checks the epoch in `advance` alone fails this.
pub async fn p4_a_takeover_before_the_commit_lets_one_win<S: ConsumerStore>(store: Arc<S>) {
    let spec = spec(NAME);
    let of = [(NAME, generation(&*store, &spec).await)];
    let table = live(&spec);
    let (mut paused, mut other) = (Worker::new(), Worker::new());
    let old = paused.ask(&*store, &of, SHORT).await[0].clone();
    let mut batch = begin(&*store).await;
    write(&*store, &mut batch, &table, upserts(vec![row("old", 1)])).await;
    assert!(advance(&*store, &mut batch, &old, 0, 5).await);
    outlast().await;
    let taken = other.ask(&*store, &of, LONG).await.first().cloned();
    let stored = match &taken {
        Some(new) => {
            assert_eq!(new.position, 0);
            let (committed, moved) =
                join(store.commit(batch), whole(&*store, &table, new, (0, 7), row("new", 1))).await;
            let stored = lost_or_stored(committed);
            assert!(!stored && moved, "the new holder wins");
            stored
        }
        None => lost_or_stored(within(store.commit(batch)).await),
    };
    assert_eq!(stored, taken.is_none(), "one of them wins");
    let new = match taken {
        Some(new) => new,
        None => other.ask(&*store, &of, LONG).await[0].clone(),
    };
    let (at, kept) = if stored { (5, row("old", 1)) } else { (7, row("new", 1)) };
    assert_eq!(positions(&*store, NAME).await, [at]);
    assert_eq!(rows(&*store, &table).await, [kept]);
    assert!(moved(&*store, &new, at, 8).await);
    assert!(!moved(&*store, &old, 8, 9).await);
}

/// Trap 24: two batches with one lease from one floor, at the same time: one is stored, of the other nothing.
///
/// `MemoryStore` that does not compare the floor fails this.
pub async fn trap_24_one_of_two_batches_wins<S: ConsumerStore>(store: Arc<S>) {
    let spec = spec(NAME);
    let lease = opened(&*store, &spec).await;
    let table = live(&spec);
    for round in 0..5 {
        let from = round * 10;
        let one = whole(&*store, &table, &lease, (from, from + 10), row("one", 1));
        let other = whole(&*store, &table, &lease, (from, from + 10), row("other", 2));
        let (one, other) = within(join(one, other)).await;
        assert!(one != other, "one of them wins: {one} and {other}");
        assert_eq!(rows(&*store, &table).await, [if one { row("one", 1) } else { row("other", 2) }]);
        assert_eq!(positions(&*store, NAME).await, [from + 10]);
        let mut batch = begin(&*store).await;
        let gone = crate::store::RowChanges {
            upserts: Vec::new(),
            deletes: super::support::keys(&["one", "other"]),
        };
        write(&*store, &mut batch, &table, gone).await;
        assert!(advance(&*store, &mut batch, &lease, from + 10, from + 10).await);
        commit(&*store, batch).await;
    }
}

/// Trap 24: a holder is stopped in the middle of a batch. Another one goes on within the lease and need not wait for it, and what it began is nothing.
pub async fn trap_24_a_stopped_holder_holds_nobody_up<S: ConsumerStore>(store: Arc<S>) {
    let spec = spec(NAME);
    let of = [(NAME, generation(&*store, &spec).await)];
    let table = live(&spec);
    let (mut stopped, mut other) = (Worker::new(), Worker::new());
    let old = stopped.ask(&*store, &of, SHORT).await[0].clone();
    let mut batch = within(store.begin_batch(ConsumerKind::ReadModel, SHORT)).await.expect("a batch begins");
    write(&*store, &mut batch, &table, upserts(vec![row("contended", 1)])).await;
    assert!(advance(&*store, &mut batch, &old, 0, 5).await);
    // It lies still: nothing is asked of its transaction.
    let mut new = None;
    for _ in 0..200 {
        outlast().await;
        new = other.ask(&*store, &of, LONG).await.first().cloned();
        if new.is_some() {
            break;
        }
    }
    let new = new.expect("it is taken over");
    assert!(new.epoch > old.epoch);
    let going_on = whole(&*store, &table, &new, (0, 7), row("contended", 2));
    let going_on = tokio::time::timeout(Duration::from_secs(20), going_on).await;
    assert!(going_on.expect("it does not wait for the one that is stopped"));
    let woken = within(store.commit(batch)).await;
    assert!(woken.is_err(), "what it began is nothing");
    assert_eq!(rows(&*store, &table).await, [row("contended", 2)]);
    assert_eq!(positions(&*store, NAME).await, [7]);
}

/// A checkpoint moves only from where it is.
pub async fn another_floor_is_refused<S: ConsumerStore>(store: Arc<S>) {
    let lease = opened(&*store, &spec(NAME)).await;
    assert!(moved(&*store, &lease, 0, 5).await);
    for (from, to) in [(0, 5), (0, 6), (4, 6), (6, 7), (6, 6), (0, 0)] {
        assert!(!moved(&*store, &lease, from, to).await, "{from} to {to}");
    }
    assert_eq!(positions(&*store, NAME).await, [5]);
    // From where it is to where it is changes nothing, and is no mistake.
    assert!(moved(&*store, &lease, 5, 5).await);
    assert!(moved(&*store, &lease, 5, u64::from(u32::MAX) * 4).await, "positions are of 64 bits");
    let far = Lease { partition: 7, ..lease };
    assert!(!moved(&*store, &far, 0, 1).await, "there is no such partition");
}

/// A checkpoint that moves alone is fenced as a batch is.
pub async fn p4_a_checkpoint_alone_is_fenced<S: ConsumerStore>(store: Arc<S>) {
    let of = [(NAME, generation(&*store, &spec(NAME)).await)];
    let (mut one, mut other) = (Worker::new(), Worker::new());
    let old = one.ask(&*store, &of, SHORT).await[0].clone();
    let checkpoint = async |lease: &Lease, from: u64, to: u64| {
        let moved = within(store.checkpoint(lease, Position::new(from), Position::new(to))).await;
        moved.expect("it can be tried")
    };
    assert!(checkpoint(&old, 0, 5).await);
    assert!(!checkpoint(&old, 0, 6).await, "it is not there any more");
    assert!(!checkpoint(&Lease { partition: 7, ..old.clone() }, 0, 6).await);
    outlast().await;
    let new = other.ask(&*store, &of, LONG).await[0].clone();
    assert!(!checkpoint(&old, 5, 6).await, "the lease is lost");
    assert!(checkpoint(&new, 5, 5).await);
    assert!(checkpoint(&new, 5, 7).await);
    assert_eq!(positions(&*store, NAME).await, [7]);
}

/// Several moves of one batch see each other; several partitions move in one.
pub async fn a_batch_moves_in_steps<S: ConsumerStore>(store: Arc<S>) {
    let generation = generation(&*store, &version(1, 2)).await;
    let leases = claim_all(&*store, NAME, generation).await;
    let mut batch = begin(&*store).await;
    assert!(advance(&*store, &mut batch, &leases[0], 0, 0).await);
    assert!(advance(&*store, &mut batch, &leases[0], 0, 3).await);
    assert!(advance(&*store, &mut batch, &leases[1], 0, 9).await);
    assert!(advance(&*store, &mut batch, &leases[0], 3, 4).await);
    commit(&*store, batch).await;
    assert_eq!(positions(&*store, NAME).await, [4, 9]);
    let mut batch = begin(&*store).await;
    assert!(advance(&*store, &mut batch, &leases[0], 4, 6).await);
    assert!(!advance(&*store, &mut batch, &leases[0], 4, 7).await, "the batch itself has moved it");
    rollback(&*store, batch).await;
    assert_eq!(positions(&*store, NAME).await, [4, 9]);
}

/// A batch that is rolled back, dropped or refused leaves rows, parked events and the checkpoint as they were.
pub async fn a_batch_undone_leaves_nothing<S: ConsumerStore>(store: Arc<S>) {
    let spec = spec(NAME);
    let lease = opened(&*store, &spec).await;
    let table = table_of(&spec, &lease);
    store_rows(&*store, &spec, &lease, (0, 5), vec![row("kept", 1), row("other", 2)]).await;
    park(&*store, &lease, 5, &[poison(3, "poison", Some("it failed")), poison(4, "poison", None)]).await;
    let before = (rows(&*store, &table).await, parked(&*store, NAME).await);
    for undoing in 0..4 {
        let mut batch = begin(&*store).await;
        let changes = crate::store::RowChanges {
            upserts: vec![row("kept", 7), row("new", 8)],
            deletes: super::support::keys(&["other"]),
        };
        write(&*store, &mut batch, &table, changes).await;
        let again = [poison(3, "poison", Some("it failed again")), poison(6, "another", Some("as well"))];
        within(store.park(&mut batch, &lease, &again)).await.expect("they are parked");
        within(store.unpark(&mut batch, &lease, Position::new(4))).await.expect("it is taken out");
        assert!(advance(&*store, &mut batch, &lease, 5, 6).await);
        match undoing {
            0 => rollback(&*store, batch).await,
            1 => drop(batch),
            2 => store.abandon(batch),
            _ => {
                // What cannot be stored takes everything else with it, even for one who goes on.
                let nothing = Row::new(vec![crate::read_model::Value::Null; 3]);
                let refused = within(store.write_rows(&mut batch, &table, upserts(vec![nothing]))).await;
                assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
                assert!(within(store.commit(batch)).await.is_err());
            }
        }
        assert_eq!((rows(&*store, &table).await, parked(&*store, NAME).await), before);
        assert_eq!(positions(&*store, NAME).await, [5]);
        assert!(moved(&*store, &lease, 5, 5).await, "nothing is locked");
    }
}

/// Nobody sees a part of a batch: rows, parked events and the checkpoint are there from its commit on.
pub async fn a_batch_is_seen_as_a_whole<S: ConsumerStore>(store: Arc<S>) {
    let spec = spec(NAME);
    let lease = opened(&*store, &spec).await;
    let table = table_of(&spec, &lease);
    let mut batch = begin(&*store).await;
    write(&*store, &mut batch, &table, upserts(vec![row("new", 1)])).await;
    let event = [poison(2, "poison", Some("it failed"))];
    within(store.park(&mut batch, &lease, &event)).await.expect("it is parked");
    assert!(advance(&*store, &mut batch, &lease, 0, 5).await);
    wait(Duration::from_millis(20)).await;
    assert_eq!(rows(&*store, &table).await, []);
    assert_eq!(parked(&*store, NAME).await, []);
    assert_eq!(positions(&*store, NAME).await, [0]);
    commit(&*store, batch).await;
    assert_eq!(rows(&*store, &table).await, [row("new", 1)]);
    assert_eq!(places(&parked(&*store, NAME).await), [2]);
    assert_eq!(positions(&*store, NAME).await, [5]);
}

/// Events that are appended in a batch are stored with it, or are not.
pub async fn appends_and_checkpoints_move_together<S: ConsumerStore>(store: Arc<S>) {
    let projection = ConsumerSpec { table: None, kind: ConsumerKind::Projection, ..spec(NAME) };
    let of = [(NAME, generation(&*store, &projection).await)];
    let (mut one, mut other) = (Worker::new(), Worker::new());
    let old = one.ask(&*store, &of, SHORT).await[0].clone();
    let effect = |id: &str| Append::to(stream(id), Expect::New, vec![event(1)]);
    let delivered = async || {
        let page = within(store.read_feed(FeedQuery::after(0))).await.expect("the feed can be read");
        page.events.iter().map(|event| event.metadata.stream.id().to_owned()).collect::<Vec<_>>()
    };
    let mut batch = begin(&*store).await;
    within(store.append_in(&mut batch, effect("stored"))).await.expect("it is accepted");
    assert!(advance(&*store, &mut batch, &old, 0, 1).await);
    commit(&*store, batch).await;
    assert_eq!(delivered().await, ["stored"]);

    let mut batch = begin(&*store).await;
    within(store.append_in(&mut batch, effect("lost"))).await.expect("it is accepted");
    outlast().await;
    let new = other.ask(&*store, &of, LONG).await[0].clone();
    assert!(!advance(&*store, &mut batch, &old, 1, 2).await);
    rollback(&*store, batch).await;
    assert_eq!(delivered().await, ["stored"]);
    // The stream is free again.
    within(store.append(effect("lost"))).await.expect("it is accepted");
    assert!(moved(&*store, &new, 1, 2).await);
}

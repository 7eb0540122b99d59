//! Appends within the caller's own transaction.

use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use super::support::{
    all, append, begun, command, conflict, duplicate, event, events, feed, follow, is_blocked, number,
    numbers, position, positions, stream, version, within,
};
use crate::number::Version;
use crate::store::{Append, AppendError, Appended, Expect, FeedQuery, StoreError, TransactionalStore};
use crate::stream::StreamName;

async fn begin<S: TransactionalStore>(store: &S) -> S::Transaction {
    within(store.begin()).await.expect("a transaction begins")
}

async fn append_in<S: TransactionalStore>(
    store: &S,
    transaction: &mut S::Transaction,
    stream: &StreamName,
    expect: Expect,
    numbers: std::ops::RangeInclusive<u64>,
) -> Appended {
    let append = Append::to(stream.clone(), expect, events(numbers));
    within(store.append_in(transaction, append)).await.expect("the append is accepted")
}

async fn commit<S: TransactionalStore>(store: &S, transaction: S::Transaction) {
    within(store.commit(transaction)).await.expect("it commits");
}

/// Nobody sees what a transaction has appended before it commits; then everybody does.
pub async fn a_commit_makes_everything_visible<S: TransactionalStore>(store: Arc<S>) {
    let (one, other, id) = (stream("one"), stream("other"), Uuid::now_v7());
    let mut transaction = begin(&*store).await;
    let first = append_in(&*store, &mut transaction, &one, Expect::New, 1..=2).await;
    let second = Append::to(other.clone(), Expect::New, events(1..=1)).command(command(id, 1));
    within(store.append_in(&mut transaction, second)).await.expect("accepted");
    assert_eq!(version(&*store, &one).await, 0);
    assert_eq!(version(&*store, &other).await, 0);
    assert_eq!(feed(&*store).await, []);
    assert_eq!(within(store.find_command(id)).await.expect("the ledger can be read"), None);

    commit(&*store, transaction).await;
    assert_eq!(numbers(&all(&*store, &one).await), [1, 2]);
    assert_eq!(numbers(&all(&*store, &other).await), [1]);
    assert_eq!(positions(&feed(&*store).await)[..2], first.streams[0].positions);
    assert_eq!(feed(&*store).await.len(), 3);
    let record =
        within(store.find_command(id)).await.expect("the ledger can be read").expect("it is recorded");
    assert_eq!((record.stream, record.version), (other, Version::new(1)));
}

/// A transaction sees its own appends: their versions and their commands.
pub async fn a_transaction_sees_its_own_appends<S: TransactionalStore>(store: Arc<S>) {
    let (stream, id) = (stream("own"), Uuid::now_v7());
    append(&*store, &stream, Expect::New, events(1..=1)).await;
    let mut transaction = begin(&*store).await;
    append_in(&*store, &mut transaction, &stream, Expect::Exactly(Version::new(1)), 2..=3).await;
    let again = append_in(&*store, &mut transaction, &stream, Expect::Exactly(Version::new(3)), 4..=4).await;
    assert_eq!(again.streams[0].version, 4);
    let commanded = Append::to(stream.clone(), Expect::Any, events(5..=5)).command(command(id, 1));
    within(store.append_in(&mut transaction, commanded.clone())).await.expect("accepted");
    let record = duplicate(within(store.append_in(&mut transaction, commanded)).await);
    assert_eq!((record.command_id, record.version), (id, Version::new(5)));
    commit(&*store, transaction).await;
    assert_eq!(numbers(&all(&*store, &stream).await), [1, 2, 3, 4, 5]);
}

/// A rollback, and likewise a dropped transaction, leaves nothing: no event, no command, no lock, and nothing that the feed waits for.
pub async fn trap_15_a_rollback_leaves_nothing<S: TransactionalStore>(store: Arc<S>) {
    let (stream, id) = (stream("undone"), Uuid::now_v7());
    for dropped in [false, true] {
        let mut transaction = begin(&*store).await;
        let undone = Append::to(stream.clone(), Expect::Any, events(8..=9)).command(command(id, 1));
        within(store.append_in(&mut transaction, undone)).await.expect("accepted");
        if dropped {
            drop(transaction);
        } else {
            within(store.rollback(transaction)).await.expect("it rolls back");
        }
        let kept = u64::from(dropped) + 1;
        append(&*store, &stream, Expect::Exactly(Version::new(kept - 1)), events(kept..=kept)).await;
        assert_eq!(within(store.find_command(id)).await.expect("the ledger can be read"), None);
        assert_eq!(numbers(&feed(&*store).await), (1..=kept).collect::<Vec<_>>());
        let health = store.health().await.expect("the store is healthy");
        assert_eq!((health.watermark, health.holder), (health.drawn, None));
    }
}

/// Trap 14: A draws a position, B draws the next and commits, the reader polls, A commits: the reader gets A's, then B's. The store is brand-new here.
///
/// `MemoryStore` whose watermark is the last position drawn fails this: B's event is delivered first and A's never.
pub async fn trap_14_the_feed_waits_for_the_earlier_position<S: TransactionalStore>(store: Arc<S>) {
    for round in 0..3_u64 {
        let start = follow(&*store, FeedQuery::after(0)).await.1;
        let mut slow = begin(&*store).await;
        let held = append_in(&*store, &mut slow, &stream(&format!("slow{round}")), Expect::New, 1..=2).await;
        let quick = append(&*store, &stream(&format!("quick{round}")), Expect::New, events(3..=4)).await;
        assert!(held.streams[0].position() < quick.streams[0].position(), "A has drawn first");

        let (delivered, through) = follow(&*store, FeedQuery::after(start)).await;
        assert_eq!(delivered, [], "B's events are held back");
        assert!(through < held.streams[0].positions[0]);
        let health = store.health().await.expect("the store is healthy");
        assert!(health.watermark < held.streams[0].positions[0]);
        assert_eq!(Some(health.drawn), quick.streams[0].position());
        assert!(health.lag_positions() >= 4);
        assert!(health.holder.is_some(), "who holds the feed back is named");

        commit(&*store, slow).await;
        let (delivered, _) = follow(&*store, FeedQuery::after(through)).await;
        assert_eq!(numbers(&delivered), [1, 2, 3, 4]);
        let health = store.health().await.expect("the store is healthy");
        assert_eq!((health.watermark, health.holder), (health.drawn, None));
    }
}

/// How long the feed has been held back grows until it goes on.
pub async fn the_age_of_the_holder_is_known<S: TransactionalStore>(store: Arc<S>) {
    let mut slow = begin(&*store).await;
    append_in(&*store, &mut slow, &stream("aging"), Expect::New, 1..=1).await;
    let first = store.health().await.expect("the store is healthy");
    tokio::time::sleep(Duration::from_millis(30)).await;
    let second = store.health().await.expect("the store is healthy");
    assert!(second.lag >= first.lag + Duration::from_millis(20), "{:?} then {:?}", first.lag, second.lag);
    assert!(second.holder.is_some_and(|holder| holder.held_for >= Duration::from_millis(20)));
    within(store.rollback(slow)).await.expect("it rolls back");
    assert_eq!(store.health().await.expect("the store is healthy").lag, Duration::ZERO);
}

/// A transaction that has appended nothing holds nobody up.
pub async fn an_idle_transaction_holds_nobody_up<S: TransactionalStore>(store: Arc<S>) {
    let stream = stream("idle");
    let mut idle = begin(&*store).await;
    let nothing = Append::to(super::support::stream("empty"), Expect::New, Vec::new());
    within(store.append_in(&mut idle, nothing)).await.expect("accepted");
    append(&*store, &stream, Expect::New, events(1..=1)).await;
    assert_eq!(numbers(&feed(&*store).await), [1]);
    commit(&*store, idle).await;
}

/// A refused append leaves its transaction as it was.
pub async fn a_conflict_leaves_the_transaction_usable<S: TransactionalStore>(store: Arc<S>) {
    let (one, other) = (stream("one"), stream("other"));
    append(&*store, &other, Expect::New, events(1..=1)).await;
    let mut transaction = begin(&*store).await;
    append_in(&*store, &mut transaction, &one, Expect::New, 1..=1).await;
    let stale =
        Append::to(one.clone(), Expect::Any, events(7..=7)).and(other.clone(), Expect::New, events(8..=8));
    let refused = conflict(within(store.append_in(&mut transaction, stale)).await);
    assert_eq!((refused.stream, refused.actual), (other.clone(), Version::new(1)));
    let invalid = Append { streams: Vec::new(), command: None };
    let invalid = within(store.append_in(&mut transaction, invalid)).await;
    assert!(matches!(invalid, Err(AppendError::Invalid(_))), "{invalid:?}");
    append_in(&*store, &mut transaction, &one, Expect::Exactly(Version::new(1)), 2..=2).await;
    commit(&*store, transaction).await;
    assert_eq!(numbers(&all(&*store, &one).await), [1, 2]);
    assert_eq!(numbers(&all(&*store, &other).await), [1]);
}

/// Others wait for the end of a transaction that has appended to their stream, and are then judged by what it left. Other streams are free.
pub async fn writers_wait_for_an_open_transaction<S: TransactionalStore>(store: Arc<S>) {
    for committed in [true, false] {
        let (held, free) = (stream(&format!("held{committed}")), stream(&format!("free{committed}")));
        let mut transaction = begin(&*store).await;
        append_in(&*store, &mut transaction, &held, Expect::New, 1..=1).await;
        let mut waiting = store.append(Append::to(held.clone(), Expect::New, events(2..=2)));
        assert!(is_blocked(&mut waiting).await, "its stream is locked");
        append(&*store, &free, Expect::New, events(1..=1)).await;
        if committed {
            commit(&*store, transaction).await;
            assert_eq!(conflict(within(waiting).await).actual, 1);
            assert_eq!(numbers(&all(&*store, &held).await), [1]);
        } else {
            drop(transaction);
            within(waiting).await.expect("the stream is new after all");
            assert_eq!(numbers(&all(&*store, &held).await), [2]);
        }
    }
}

/// Two transactions on one stream: the second waits for the first.
pub async fn transactions_wait_for_each_other<S: TransactionalStore>(store: Arc<S>) {
    let stream = stream("shared");
    let (mut first, mut second) = (begin(&*store).await, begin(&*store).await);
    append_in(&*store, &mut first, &stream, Expect::Any, 1..=1).await;
    {
        let mut waiting =
            store.append_in(&mut second, Append::to(stream.clone(), Expect::Any, events(2..=2)));
        assert!(is_blocked(&mut waiting).await, "the stream is locked");
        commit(&*store, first).await;
        assert_eq!(within(waiting).await.expect("accepted").streams[0].version, 2);
    }
    assert_eq!(numbers(&feed(&*store).await), [1]);
    commit(&*store, second).await;
    assert_eq!(numbers(&all(&*store, &stream).await), [1, 2]);
}

/// Whoever gives up waiting is not waited for.
pub async fn giving_up_waiting_harms_nobody<S: TransactionalStore>(store: Arc<S>) {
    let stream = stream("given.up");
    let mut transaction = begin(&*store).await;
    append_in(&*store, &mut transaction, &stream, Expect::Any, 1..=1).await;
    let (mut gone, mut patient) = (
        store.append(Append::to(stream.clone(), Expect::Any, events(2..=2))),
        store.append(Append::to(stream.clone(), Expect::Any, events(3..=3))),
    );
    assert!(is_blocked(&mut gone).await);
    assert!(begun(&mut patient));
    drop(gone);
    commit(&*store, transaction).await;
    within(patient).await.expect("accepted");
    append(&*store, &stream, Expect::Any, events(4..=4)).await;
    // A store may finish what was dropped: all or nothing holds, that is all.
    let stored: Vec<u64> =
        numbers(&all(&*store, &stream).await).into_iter().filter(|number| *number != 2).collect();
    assert_eq!(stored, [1, 3, 4]);
}

/// A second sender of a command waits for the open transaction that has recorded it, and is then told its fate.
pub async fn p3_a_command_id_in_an_open_transaction_is_waited_for<S: TransactionalStore>(store: Arc<S>) {
    for committed in [true, false] {
        let id = Uuid::now_v7();
        let (one, other) = (stream(&format!("one{committed}")), stream(&format!("other{committed}")));
        let mut transaction = begin(&*store).await;
        let first = Append::to(one.clone(), Expect::New, events(1..=1)).command(command(id, 1));
        within(store.append_in(&mut transaction, first)).await.expect("accepted");
        let again = Append::to(other.clone(), Expect::New, events(1..=1)).command(command(id, 1));
        let mut waiting = store.append(again);
        assert!(is_blocked(&mut waiting).await, "the command is being decided");
        if committed {
            commit(&*store, transaction).await;
            assert_eq!(duplicate(within(waiting).await).stream, one);
            assert_eq!(version(&*store, &other).await, 0);
        } else {
            within(store.rollback(transaction)).await.expect("it rolls back");
            within(waiting).await.expect("the first is gone");
            assert_eq!(version(&*store, &one).await, 0);
            assert_eq!(version(&*store, &other).await, 1);
        }
    }
}

/// Two transactions that wait for each other: one is turned back, told that trying again helps, and the other goes on.
///
/// `MemoryStore` that does not look for circles waits here for ever.
pub async fn trap_4_a_deadlock_is_retryable<S: TransactionalStore>(store: Arc<S>) {
    let (one, other) = (stream("one"), stream("other"));
    let (mut first, mut second) = (begin(&*store).await, begin(&*store).await);
    append_in(&*store, &mut first, &one, Expect::Any, 1..=1).await;
    append_in(&*store, &mut second, &other, Expect::Any, 1..=1).await;
    let crossing = |stream: &StreamName| Append::to(stream.clone(), Expect::Any, events(2..=2));
    let forth = async {
        let answer = store.append_in(&mut first, crossing(&other)).await;
        finish(&*store, first, answer).await
    };
    let back = async {
        let answer = store.append_in(&mut second, crossing(&one)).await;
        finish(&*store, second, answer).await
    };
    let (forth, back) = within(futures_util::future::join(forth, back)).await;
    assert_eq!(u8::from(forth) + u8::from(back), 1, "one of them is turned back, the other commits");
    let winner = numbers(&all(&*store, if forth { &one } else { &other }).await);
    let loser = numbers(&all(&*store, if forth { &other } else { &one }).await);
    assert_eq!((winner, loser), (vec![1], vec![2]));
}

/// Commits what went well and rolls back what was turned back; says which it was.
async fn finish<S: TransactionalStore>(
    store: &S,
    transaction: S::Transaction,
    answer: Result<Appended, AppendError>,
) -> bool {
    match answer {
        Ok(_) => {
            commit(store, transaction).await;
            true
        }
        Err(AppendError::Store(error)) => {
            assert!(matches!(error, StoreError::Contention(_)) && error.is_retryable(), "{error:?}");
            store.rollback(transaction).await.expect("it rolls back");
            false
        }
        Err(other) => panic!("a deadlock is a failure of the store, not {other:?}"),
    }
}

/// A commit wakes readers as an append does.
pub async fn a_commit_wakes_readers<S: TransactionalStore>(store: Arc<S>) {
    let mut wakeup = store.wakeup();
    let mut transaction = begin(&*store).await;
    append_in(&*store, &mut transaction, &stream("woken"), Expect::New, 1..=1).await;
    commit(&*store, transaction).await;
    assert!(within(wakeup.wait(Duration::from_secs(60))).await);
    assert_eq!(number(&feed(&*store).await[0]), 1);
}

/// Transactions that interleave on several streams: the feed delivers every committed event once, in order, whatever was rolled back in between.
pub async fn p1_interleaved_transactions_lose_nothing<S: TransactionalStore>(store: Arc<S>) {
    let writers: Vec<_> = (0..8_u64)
        .map(|writer| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut written = Vec::new();
                for nth in 0..20 {
                    let mut transaction = begin(&*store).await;
                    let stream = stream(&format!("w{}", (writer + nth) % 4));
                    let appended = Append::to(stream, Expect::Any, vec![event(writer * 100 + nth)]);
                    let appended =
                        within(store.append_in(&mut transaction, appended)).await.expect("accepted");
                    tokio::time::sleep(Duration::from_millis((writer + nth) % 3)).await;
                    if (writer + nth) % 5 == 0 {
                        drop(transaction);
                    } else {
                        commit(&*store, transaction).await;
                        written.push(position(&appended));
                    }
                }
                written
            })
        })
        .collect();
    let writers = tokio::spawn(futures_util::future::join_all(writers));
    let (mut delivered, mut after) = (Vec::new(), crate::number::Position::ZERO);
    loop {
        let finished = writers.is_finished();
        let (page, through) = follow(&*store, FeedQuery::after(after).limit(16)).await;
        delivered.extend(positions(&page));
        after = through;
        if finished {
            break;
        }
    }
    let mut written: Vec<_> = within(writers)
        .await
        .expect("no writer panics")
        .into_iter()
        .flat_map(|ones| ones.expect("no writer panics"))
        .collect();
    written.sort_unstable();
    assert_eq!(delivered, written);
}

//! The command ledger.

use std::time::Duration;

use futures_util::future::join_all;
use uuid::Uuid;

use super::support::{
    Store, all, append, command, conflict, duplicate, events, feed, stream, version, within,
};
use crate::number::Version;
use crate::store::{Append, AppendError, CommandRecord, Expect};

async fn find(store: &Store, id: Uuid) -> Option<CommandRecord> {
    within(store.find_command(id)).await.expect("the ledger can be read")
}

/// A command's record says what came of it in its first stream.
pub async fn a_command_is_recorded_with_its_outcome(store: Store) {
    let (one, other, id) = (stream("one"), stream("other"), Uuid::now_v7());
    assert_eq!(find(&store, id).await, None);
    append(&*store, &one, Expect::New, events(1..=3)).await;
    let both = Append::to(one.clone(), Expect::Any, events(4..=5)).and(other, Expect::Any, events(1..=1));
    let appended = within(store.append(both.command(command(id, 7)))).await.expect("accepted");
    let expected = CommandRecord {
        command_id: id,
        body_hash: [7; 32],
        stream: one,
        version: Version::new(5),
        events: 2,
        position: appended.streams[0].position(),
        recorded_at: appended.recorded_at,
    };
    assert_eq!(find(&store, id).await, Some(expected));
    assert_eq!(find(&store, Uuid::now_v7()).await, None);
}

/// A command may be accepted and cause nothing; it is recorded all the same.
pub async fn a_command_without_events_is_recorded(store: Store) {
    let (stream, id) = (stream("quiet"), Uuid::now_v7());
    append(&*store, &stream, Expect::New, events(1..=2)).await;
    let quiet = || Append::to(stream.clone(), Expect::Any, Vec::new()).command(command(id, 1));
    within(store.append(quiet())).await.expect("accepted");
    let record = find(&store, id).await.expect("it is recorded");
    assert_eq!((record.version, record.events, record.position), (Version::new(2), 0, None));
    assert_eq!(duplicate(store.append(quiet()).await), record);
}

/// P3: the same id again has no second effect and is answered with the first record, also when the body is another and when the stream has gone on.
pub async fn p3_a_command_id_is_accepted_once(store: Store) {
    let (one, other, id) = (stream("once"), stream("elsewhere"), Uuid::now_v7());
    let first = Append::to(one.clone(), Expect::New, events(1..=2)).command(command(id, 1));
    within(store.append(first.clone())).await.expect("accepted");
    let record = find(&store, id).await.expect("it is recorded");
    append(&*store, &one, Expect::Any, events(3..=3)).await;

    // Its expectation is stale by now: that it was accepted comes first.
    assert_eq!(duplicate(store.append(first).await), record);
    let again = Append::to(one.clone(), Expect::Any, events(4..=4)).command(command(id, 1));
    assert_eq!(duplicate(store.append(again).await), record);
    let reused = Append::to(other.clone(), Expect::New, events(1..=1)).command(command(id, 2));
    assert_eq!(duplicate(store.append(reused).await), record, "it is for the caller to compare the hashes");
    assert_eq!(version(&*store, &one).await, 3);
    assert_eq!(version(&*store, &other).await, 0);
    assert_eq!(feed(&*store).await.len(), 3);
}

/// What was refused is not recorded: the same command may be decided again.
pub async fn a_refused_append_records_no_command(store: Store) {
    let (stream, id) = (stream("refused"), Uuid::now_v7());
    append(&*store, &stream, Expect::New, events(1..=1)).await;
    let stale = Append::to(stream.clone(), Expect::New, events(2..=2)).command(command(id, 1));
    conflict(store.append(stale).await);
    assert_eq!(find(&store, id).await, None);
    let fresh =
        Append::to(stream.clone(), Expect::Exactly(Version::new(1)), events(2..=2)).command(command(id, 1));
    within(store.append(fresh)).await.expect("accepted");
    assert_eq!(find(&store, id).await.map(|record| record.version), Some(Version::new(2)));
}

/// Trap 12: of many at the same instant one is accepted, and all others get its record; on one stream and on several.
///
/// `MemoryStore` that looks the command up before it takes its lock fails this.
pub async fn trap_12_one_id_at_the_same_instant_has_one_effect(store: Store) {
    for round in 0..10_u64 {
        let id = Uuid::now_v7();
        let senders = (0..16_u64).map(|sender| {
            let target = if round % 2 == 0 { 0 } else { sender };
            let append = Append::to(stream(&format!("sent{round}.{target}")), Expect::Any, events(1..=2));
            let (store, append) = (store.clone(), append.command(command(id, 1)));
            tokio::spawn(async move { store.append(append).await })
        });
        let answers = within(join_all(senders)).await;
        let record = find(&store, id).await.expect("one was accepted");
        let mut accepted = 0;
        for answer in answers {
            match answer.expect("no sender panics") {
                Ok(appended) => {
                    accepted += 1;
                    assert_eq!(
                        (&appended.streams[0].stream, appended.streams[0].version),
                        (&record.stream, record.version)
                    );
                }
                Err(AppendError::DuplicateCommand(other)) => assert_eq!(other, record),
                Err(other) => panic!("a second sender is told of the first, not {other:?}"),
            }
        }
        assert_eq!(accepted, 1);
        assert_eq!(all(&*store, &record.stream).await.len(), 2);
        assert_eq!(feed(&*store).await.len() as u64, 2 * (round + 1));
    }
}

/// The ledger forgets the oldest first, no more than asked, nothing that is younger; a forgotten id is decided anew.
pub async fn commands_are_forgotten_oldest_first(store: Store) {
    let stream = stream("forgotten");
    let mut records = Vec::new();
    for _ in 0..5 {
        let id = Uuid::now_v7();
        let append = Append::to(stream.clone(), Expect::Any, events(1..=1)).command(command(id, 1));
        within(store.append(append)).await.expect("accepted");
        records.push(find(&store, id).await.expect("it is recorded"));
        // The clock has microseconds: two commands are not recorded at one of them.
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let forget = async |older_than: Duration, limit| {
        within(store.forget_commands(older_than, limit)).await.expect("the ledger can be pruned")
    };
    let hour = Duration::from_secs(3_600);
    assert_eq!(forget(hour, 10).await, 0, "none is an hour old by the store's clock");
    assert_eq!(forget(Duration::MAX, 10).await, 0, "none is older than every date");
    assert_eq!(forget(Duration::ZERO, 0).await, 0);
    assert_eq!(forget(Duration::ZERO, 2).await, 2);
    let kept = async || {
        let mut kept = Vec::new();
        for record in &records {
            kept.push(find(&store, record.command_id).await.is_some());
        }
        kept
    };
    assert_eq!(kept().await, [false, false, true, true, true], "the oldest go first");
    assert_eq!(forget(Duration::ZERO, 1).await, 1);
    assert_eq!(kept().await, [false, false, false, true, true]);

    let again =
        Append::to(stream.clone(), Expect::Any, events(1..=1)).command(command(records[0].command_id, 1));
    within(store.append(again)).await.expect("a forgotten id is accepted again");
    tokio::time::sleep(Duration::from_millis(2)).await;
    assert_eq!(forget(Duration::ZERO, 10).await, 3);
    assert_eq!(all(&*store, &stream).await.len(), 6, "events are never forgotten");
}

//! What the owner of an instance writes.

use std::sync::Arc;
use std::time::Duration;

use super::support::{
    DEFINITION, LONG, SAGA, Worker, deliver, done, entry, event, give_up, json, leaving, new, nth, record,
    request, start_all, step_done, steps, wanted_of, whole, write, write_all, writing,
};
use crate::store::{
    SagaEntryKind, SagaMigration, SagaRequest, SagaStatus, SagaStore, SagaThen, SagaWrite, SagaWritten,
};

/// All of it is seen by whoever reads, and the log grows.
pub async fn a_write_changes_the_instance<S: SagaStore>(store: Arc<S>) {
    let worker = Worker::new(&*store).await;
    let claimed = worker.start(&*store, "a").await;
    let first = SagaWrite {
        entries: vec![entry(SagaEntryKind::Intent, "reserve"), entry(SagaEntryKind::Done, "reserve")],
        step: Some("charge".into()),
        ..writing(&claimed)
    };
    let (messages, released, now) = done(write(&*store, &first).await);
    assert_eq!((messages, released), (0, false));
    let stored = whole(&*store, "a").await;
    let expected = crate::store::SagaRecord {
        sequence: 2,
        step: Some("charge".into()),
        updated_at: stored.record.updated_at,
        ..claimed.clone()
    };
    assert_eq!(stored.record, expected, "what was not written stays");
    assert!(claimed.updated_at <= stored.record.updated_at && stored.record.updated_at <= now);
    let places: Vec<_> = stored.log.iter().map(|entry| (entry.sequence, entry.entry.clone())).collect();
    assert_eq!(places, [(1, first.entries[0].clone()), (2, first.entries[1].clone())]);
    assert!(stored.log.iter().all(|entry| claimed.started_at <= entry.at && entry.at <= now));

    let second = SagaWrite {
        entries: vec![entry(SagaEntryKind::Parked, "charge")],
        status: SagaStatus::Parked,
        step: None,
        reason: Some("nobody knows – 注文".to_owned()),
        ..writing(&stored.record)
    };
    done(write(&*store, &second).await);
    let parked = whole(&*store, "a").await;
    assert_eq!((parked.record.status, &parked.record.step), (SagaStatus::Parked, &None));
    assert_eq!(parked.record.reason, second.reason);
    assert_eq!((parked.log.len(), parked.record.owner), (3, Some(worker.id)));
    assert_eq!(parked.log[..2], stored.log, "what was written before stays");
    let third = SagaWrite { status: SagaStatus::Compensating, reason: None, ..writing(&parked.record) };
    done(write(&*store, &third).await);
    let compensating = record(&*store, "a").await;
    assert_eq!((compensating.status, compensating.reason), (SagaStatus::Compensating, None));
}

/// P4: a writer that does not know how the instance is changes nothing.
pub async fn p4_another_epoch_or_sequence_is_lost<S: SagaStore>(store: Arc<S>) {
    let worker = Worker::new(&*store).await;
    let claimed = worker.start(&*store, "a").await;
    done(write(&*store, &step_done(&claimed, "reserve")).await);
    let before = whole(&*store, "a").await;
    let fits = step_done(&before.record, "charge");
    let (epoch, instance) = (fits.epoch, uuid::Uuid::now_v7());
    let misfits = [
        SagaWrite { epoch: epoch - 1, ..fits.clone() },
        SagaWrite { epoch: epoch + 1, ..fits.clone() },
        SagaWrite { sequence: 0, ..fits.clone() },
        SagaWrite { sequence: 2, ..fits.clone() },
        SagaWrite { instance, ..fits.clone() },
        SagaWrite { sequence: 0, entries: Vec::new(), ..fits.clone() },
        SagaWrite { sequence: 0, status: SagaStatus::Completed, then: SagaThen::Rest, ..fits.clone() },
    ];
    for misfit in &misfits {
        assert_eq!(write(&*store, misfit).await, SagaWritten::Lost);
    }
    assert_eq!(write_all(&*store, &misfits).await, [SagaWritten::Lost; 7]);
    assert_eq!(whole(&*store, "a").await, before);
    done(write(&*store, &fits).await);
}

/// Trap 30: the same write again, later, in the same call or at the same moment, is lost: an outcome stands in the log once.
pub async fn trap_30_an_outcome_is_recorded_once<S: SagaStore>(store: Arc<S>) {
    let worker = Worker::new(&*store).await;
    let mut claimed = worker.start(&*store, "a").await;
    let outcome = step_done(&claimed, "reserve");
    done(write(&*store, &outcome).await);
    assert_eq!(write(&*store, &outcome).await, SagaWritten::Lost);

    claimed.sequence = 1;
    let outcome = step_done(&claimed, "charge");
    let neighbour = step_done(&worker.start(&*store, "b").await, "reserve");
    let twice = write_all(&*store, &[outcome.clone(), neighbour, outcome.clone(), outcome]).await;
    let lost = twice.iter().filter(|written| **written == SagaWritten::Lost).count();
    assert!(lost == 2 && twice[1] != SagaWritten::Lost, "{twice:?}");

    claimed.sequence = 2;
    let outcome = step_done(&claimed, "ship");
    let at_once = futures_util::future::join_all((0..8).map(|_| write(&*store, &outcome))).await;
    let lost = at_once.iter().filter(|written| **written == SagaWritten::Lost).count();
    assert_eq!(lost, 7, "{at_once:?}");
    assert_eq!(steps(&whole(&*store, "a").await), ["reserve", "charge", "ship"]);
    assert_eq!(steps(&whole(&*store, "b").await), ["reserve"]);
}

/// Trap 36: those that were lost are told so, in their places, and all others are done.
pub async fn trap_36_a_lost_write_hinders_no_neighbour<S: SagaStore>(store: Arc<S>) {
    let worker = Worker::new(&*store).await;
    let many: Vec<_> = (0..30).map(|number| new(&nth(number))).collect();
    start_all(&*store, &many).await;
    let mut claimed = worker.claim(&*store, 30).await;
    claimed.sort_by(|one, other| one.record.id.cmp(&other.record.id));
    let is_lost = |place: usize| place.is_multiple_of(3);
    let writes = claimed.iter().enumerate().map(|(place, claimed)| {
        let write = step_done(&claimed.record, "reserve");
        match place {
            0 => SagaWrite { instance: uuid::Uuid::now_v7(), ..write },
            place if place.is_multiple_of(6) => SagaWrite { epoch: write.epoch + 1, ..write },
            place if is_lost(place) => SagaWrite { sequence: 4, ..write },
            place if place % 2 == 0 => SagaWrite { status: SagaStatus::Completed, ..write },
            _ => write,
        }
    });
    let written = write_all(&*store, &writes.collect::<Vec<_>>()).await;
    for (place, written) in written.into_iter().enumerate() {
        assert_eq!(written == SagaWritten::Lost, is_lost(place), "{place}");
        let entries = usize::from(!is_lost(place));
        assert_eq!(whole(&*store, &nth(place)).await.log.len(), entries, "{place}");
    }
}

/// It may say how the instance is, as often as its owner likes.
pub async fn a_write_without_entries_moves_nothing_on<S: SagaStore>(store: Arc<S>) {
    let worker = Worker::new(&*store).await;
    let claimed = worker.start(&*store, "a").await;
    let waiting = SagaWrite { status: SagaStatus::Waiting, step: Some("wait".into()), ..writing(&claimed) };
    for _ in 0..2 {
        assert!(!done(write(&*store, &waiting).await).1);
    }
    let stored = whole(&*store, "a").await;
    assert_eq!((stored.record.sequence, stored.log.len()), (0, 0));
    assert_eq!((stored.record.status, stored.record.step.as_deref()), (SagaStatus::Waiting, Some("wait")));
    done(write(&*store, &step_done(&claimed, "reserve")).await);
}

/// It gives the instance away only when it has taken note of everything, so that no message is left to nobody.
pub async fn messages_that_nobody_has_seen_keep_the_owner<S: SagaStore>(store: Arc<S>) {
    let worker = Worker::new(&*store).await;
    for (id, then) in [("rests", SagaThen::Rest), ("waits", SagaThen::Release(LONG))] {
        let claimed = worker.start(&*store, id).await;
        deliver(&*store, &[event(id, "wait")]).await;
        assert!(request(&*store, id, SagaRequest::Cancel { reason: "late".to_owned() }).await);
        for messages_seen in [0, 1] {
            let leaving = SagaWrite { messages_seen, ..leaving(&claimed, SagaStatus::Waiting, then) };
            let (messages, released, _) = done(write(&*store, &leaving).await);
            assert_eq!((messages, released), (2, false), "there is one that it has not seen");
            let kept = record(&*store, id).await;
            assert_eq!((kept.owner, kept.due_at, kept.epoch), (Some(worker.id), None, claimed.epoch));
            assert_eq!((kept.messages, kept.messages_seen), (2, messages_seen));
            assert_eq!(kept.status, SagaStatus::Waiting, "the rest of it is done");
        }
        let leaving = SagaWrite { messages_seen: 2, ..leaving(&claimed, SagaStatus::Waiting, then) };
        let (messages, released, _) = done(write(&*store, &leaving).await);
        assert_eq!((messages, released), (2, true));
        let given = record(&*store, id).await;
        assert_eq!((given.owner, given.due_at.is_some()), (None, then != SagaThen::Rest));
    }
}

/// Whoever has given an instance away claims it before it writes again.
pub async fn what_nobody_owns_is_written_by_nobody<S: SagaStore>(store: Arc<S>) {
    let worker = Worker::new(&*store).await;
    let claimed = worker.start(&*store, "a").await;
    give_up(&*store, &claimed, SagaStatus::Waiting, SagaThen::Release(LONG)).await;
    let before = whole(&*store, "a").await;
    let release = leaving(&claimed, SagaStatus::Running, SagaThen::Release(Duration::ZERO));
    for late in [step_done(&claimed, "late"), writing(&claimed), release] {
        assert_eq!(write(&*store, &late).await, SagaWritten::Lost);
    }
    assert_eq!(whole(&*store, "a").await, before);
}

/// From then on it is found under that definition.
pub async fn an_instance_may_follow_another_definition<S: SagaStore>(store: Arc<S>) {
    let worker = Worker::new(&*store).await;
    let claimed = worker.start(&*store, "a").await;
    let migration = SagaMigration { version: 2, definition: u64::MAX, state: json("with more – 注文") };
    let write_it = SagaWrite {
        entries: vec![entry(SagaEntryKind::Migrated, "reserve")],
        migration: Some(migration.clone()),
        then: SagaThen::Release(Duration::ZERO),
        ..writing(&claimed)
    };
    assert!(done(write(&*store, &write_it).await).1);
    let migrated = record(&*store, "a").await;
    assert_eq!((migrated.version, migrated.definition, &migrated.state), (2, u64::MAX, &migration.state));
    assert_eq!((migrated.instance, migrated.correlation_id), (claimed.instance, claimed.correlation_id));
    assert_eq!(worker.claim(&*store, 10).await, [], "under the old one there is nothing");
    let newer = worker.ask(&*store, &[wanted_of(SAGA, &[u64::MAX], 10)]).await.claimed;
    assert_eq!(newer[0].record.definition, u64::MAX);
    // One that does not migrate keeps it.
    done(write(&*store, &step_done(&newer[0].record, "charge")).await);
    assert_eq!(record(&*store, "a").await.state, migration.state);
    assert_ne!(DEFINITION, u64::MAX);
}

/// As the committer of a process does, with everything that its instances do at the moment.
pub async fn many_are_written_in_one_call<S: SagaStore>(store: Arc<S>) {
    let worker = Worker::new(&*store).await;
    assert_eq!(write_all(&*store, &[]).await, []);
    let many: Vec<_> = (0..300).map(|number| new(&nth(number))).collect();
    start_all(&*store, &many).await;
    let claimed = worker.claim(&*store, 300).await;
    assert_eq!(claimed.len(), 300);
    let writes: Vec<_> = claimed
        .iter()
        .map(|claimed| {
            let id = &claimed.record.id;
            let number: usize = id.parse().expect("the id is a number");
            let entries = (0..number % 4).map(|place| entry(SagaEntryKind::Done, &format!("{id} {place}")));
            SagaWrite { entries: entries.collect(), step: Some(id.clone()), ..writing(&claimed.record) }
        })
        .collect();
    for written in write_all(&*store, &writes).await {
        assert!(!done(written).1);
    }
    for number in [0, 1, 2, 3, 150, 299] {
        let id = nth(number);
        let stored = whole(&*store, &id).await;
        let expected: Vec<_> = (0..number % 4).map(|place| format!("{id} {place}")).collect();
        assert_eq!(steps(&stored), expected);
        assert_eq!(stored.record.step, Some(id));
    }
}

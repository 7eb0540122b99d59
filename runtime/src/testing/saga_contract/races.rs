//! What happens at the same moment.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{join, join_all};

use super::support::{
    SAGA, SHORT, Worker, begin, deliver, done, early, entry, event, insist, leaving, list, new, nth, record,
    start_all, step_done, steps, wait, wanted, whole, within, write, writing,
};
use crate::store::{
    Delivery, NewSaga, SagaClaim, SagaEntryKind, SagaQuery, SagaRecord, SagaStatus, SagaStore, SagaThen,
    SagaWrite, SagaWritten, StoreError,
};

/// Everybody else is told that it is there.
pub async fn of_many_starts_at_once_one_is_new<S: SagaStore>(store: Arc<S>) {
    for number in 0..20 {
        let starts: Vec<_> = (0..8).map(|_| new(&nth(number))).collect();
        let started = join_all(starts.iter().map(|new| insist(async || store.start_saga(new).await))).await;
        let first: Vec<_> = starts.iter().zip(&started).filter(|(_, is_new)| **is_new).collect();
        assert_eq!(first.len(), 1, "{started:?}");
        assert_eq!(record(&*store, &nth(number)).await.instance, first[0].0.instance);
    }
}

/// In whatever order they name them. The one that comes second waits, or is turned back and tries again: what it was told at its commit holds.
pub async fn transactions_at_once_start_an_instance_once<S: SagaStore>(store: Arc<S>) {
    let batches = (0..6).map(|seed| {
        let store = &*store;
        async move {
            let mut ids: Vec<_> = (0..30).map(nth).collect();
            fastrand::Rng::with_seed(seed).shuffle(&mut ids);
            let mut started = Vec::new();
            for some in ids.chunks(10) {
                let news: Vec<_> = some.iter().map(|id| new(id)).collect();
                let is_new = insist(async || {
                    let mut batch = begin(store).await;
                    let mut is_new = Vec::new();
                    for part in news.chunks(5) {
                        is_new.extend(store.start_sagas(&mut batch, part).await?);
                        wait(Duration::from_millis(2)).await;
                    }
                    store.commit(batch).await?;
                    Ok(is_new)
                })
                .await;
                started.extend(news.into_iter().zip(is_new).filter(|(_, is_new)| *is_new));
            }
            started
        }
    });
    let started: Vec<NewSaga> = join_all(batches).await.into_iter().flatten().map(|(new, _)| new).collect();
    assert_eq!(started.len(), 30, "each is new once");
    for new in &started {
        assert_eq!(record(&*store, &new.id).await.instance, new.instance);
    }
}

/// P4: workers that claim at the same time get each instance once.
pub async fn p4_an_instance_never_has_two_owners<S: SagaStore>(store: Arc<S>) {
    let many: Vec<_> = (0..500).map(|number| new(&nth(number))).collect();
    start_all(&*store, &many).await;
    let mut workers = Vec::new();
    for _ in 0..8 {
        workers.push(Worker::new(&*store).await);
    }
    let claims = workers.iter().map(|worker| {
        let store = &*store;
        async move {
            let mut owned = Vec::new();
            loop {
                let claims = worker.ask(store, &[wanted(20)]).await;
                assert!(claims.claimed.len() <= 20);
                // Those that are locked by another one at this moment are due, and not to be had.
                if claims.claimed.is_empty() && claims.next_due.is_none() {
                    return owned;
                }
                owned.extend(claims.claimed);
                wait(Duration::from_millis(1)).await;
            }
        }
    });
    let owned: Vec<_> = within(join_all(claims)).await.into_iter().flatten().collect();
    let mut owners = BTreeMap::new();
    for claimed in &owned {
        let record = &claimed.record;
        assert_eq!(owners.insert(record.id.clone(), record.owner), None, "{record:?} has two owners");
    }
    assert_eq!(owners.len(), 500);
    for listed in list(&*store, &SagaQuery { limit: 1_000, ..SagaQuery::default() }).await {
        assert_eq!(owners[&listed.id], listed.owner);
    }
}

/// Whichever is first, the event is a message of the instance, once.
///
/// `MemoryStore` that keeps an event, as it said when it was left, though its instance is there by the commit, fails this.
pub async fn an_early_event_and_its_start_lose_nothing<S: SagaStore>(store: Arc<S>) {
    for number in 0..200 {
        let id = nth(number);
        let (new, event) = (new(&id), early(&id, "wait"));
        let delivering = insist(async || {
            let mut batch = begin(&*store).await;
            pass(number % 3).await;
            let delivered = store.deliver_to_sagas(&mut batch, std::slice::from_ref(&event)).await?;
            pass(number / 3 % 3).await;
            store.commit(batch).await?;
            Ok(delivered[0])
        });
        let starting = insist(async || {
            if number % 2 == 0 {
                pass(number / 9 % 4).await;
                return store.start_saga(&new).await;
            }
            let mut batch = begin(&*store).await;
            pass(number / 9 % 3).await;
            let is_new = store.start_sagas(&mut batch, std::slice::from_ref(&new)).await?;
            pass(number / 27 % 3).await;
            store.commit(batch).await?;
            Ok(is_new[0])
        });
        let (delivered, is_new) = join(delivering, starting).await;
        assert!(is_new && matches!(delivered, Delivery::Kept | Delivery::Left), "{delivered:?}");
        let stored = whole(&*store, &id).await;
        let events: Vec<_> = stored.messages.iter().map(|message| message.event_id).collect();
        assert_eq!(events, [Some(event.event_id)], "it was {delivered:?}");
        assert_eq!((stored.record.messages, stored.record.messages_seen), (1, 0));
    }
}

/// Either the owner is told of the event, and keeps the instance, or the instance is due again: it never rests beside a message that nobody has seen.
pub async fn an_event_and_a_rest_lose_nothing<S: SagaStore>(store: Arc<S>) {
    let worker = Worker::new(&*store).await;
    for number in 0..200 {
        let id = nth(number);
        let claimed = worker.start(&*store, &id).await;
        let (event, resting) = (event(&id, "wait"), leaving(&claimed, SagaStatus::Waiting, SagaThen::Rest));
        let delivering = insist(async || {
            let mut batch = begin(&*store).await;
            pass(number % 2).await;
            store.deliver_to_sagas(&mut batch, std::slice::from_ref(&event)).await?;
            pass(number / 2 % 3).await;
            store.commit(batch).await
        });
        let resting = async {
            pass(number / 6 % 4).await;
            done(write(&*store, &resting).await)
        };
        let ((), (messages, released, _)) = join(delivering, resting).await;
        let stored = record(&*store, &id).await;
        assert_eq!((stored.messages, stored.messages_seen), (1, 0));
        let claimed = if released {
            assert!(stored.owner.is_none() && stored.due_at.is_some(), "it is due: {stored:?}");
            let again = worker.claim_one(&*store).await;
            assert_eq!(again.id, id);
            again
        } else {
            assert_eq!((messages, stored.owner), (1, Some(worker.id)), "its owner knows of it");
            claimed
        };
        let end = leaving(&claimed, SagaStatus::Completed, SagaThen::Keep);
        assert!(done(write(&*store, &end).await).1);
    }
}

/// Lets the others go first, so many times.
async fn pass(times: usize) {
    for _ in 0..times {
        tokio::task::yield_now().await;
    }
}

/// How many steps each instance of the storm has.
const STEPS: u32 = 5;

/// P4: workers take instances over from each other while they lie still between steps. Each step is recorded once, in its order, and every instance comes to its end.
///
/// `MemoryStore` that looks neither at the epoch nor at the sequence of a write fails this; that it looks at each is [held](super::writes::p4_another_epoch_or_sequence_is_lost) elsewhere.
pub async fn p4_workers_that_lie_still_record_each_step_once<S: SagaStore>(store: Arc<S>) {
    const INSTANCES: usize = 24;
    let many: Vec<_> = (0..INSTANCES).map(|number| new(&nth(number))).collect();
    start_all(&*store, &many).await;
    let workers = (0..4).map(|seed| {
        let store = &*store;
        async move {
            let mut chance = fastrand::Rng::with_seed(seed);
            loop {
                let worker = Worker::unknown();
                worker.enlist(store, SHORT).await;
                if work(store, &worker, &mut chance).await {
                    return;
                }
            }
        }
    });
    within(join_all(workers)).await;
    let expected: Vec<_> = (0..STEPS).map(|step| step.to_string()).collect();
    for number in 0..INSTANCES {
        let stored = whole(&*store, &nth(number)).await;
        assert_eq!((stored.record.status, stored.record.owner), (SagaStatus::Completed, None));
        assert_eq!(steps(&stored), expected);
    }
    let late = Worker::new(&*store).await.ask(&*store, &[wanted(10)]).await;
    assert_eq!((late.claimed, late.next_due), (vec![], None));
    assert_eq!(deliver(&*store, &[event("0000", "late")]).await, [Delivery::Ended]);
}

/// Runs instances until the worker has lost its lease; says whether nothing is left to be done by anybody.
async fn work<S: SagaStore>(store: &S, worker: &Worker, chance: &mut fastrand::Rng) -> bool {
    loop {
        if !worker.renew(store, SHORT).await.alive {
            return false;
        }
        insist(async || store.take_over_sagas().await).await;
        let claim = SagaClaim { worker: worker.id, room: 3, wanted: vec![wanted(3)] };
        let claimed = insist(async || store.claim_sagas(&claim).await).await.claimed;
        if claimed.is_empty() && !insist(async || store.are_sagas_busy(&[SAGA]).await).await {
            return true;
        }
        for claimed in claimed {
            run(store, claimed.record, chance).await;
        }
        wait(Duration::from_millis(20)).await;
    }
}

/// Goes on with an instance until its end, until it is released, or until it is lost.
async fn run<S: SagaStore>(store: &S, mut record: SagaRecord, chance: &mut fastrand::Rng) {
    while record.sequence < STEPS {
        if chance.u8(0..12) == 0 {
            wait(SHORT.mul_f64(0.5 + chance.f64() * 2.0)).await;
        }
        let then =
            if chance.u8(0..6) == 0 { SagaThen::Release(Duration::from_millis(5)) } else { SagaThen::Keep };
        let step = SagaWrite { then, ..step_done(&record, &record.sequence.to_string()) };
        match try_write(store, &step).await {
            Some(SagaWritten::Done { released: false, .. }) => record.sequence += 1,
            _ => return,
        }
    }
    let end = SagaWrite {
        entries: vec![entry(SagaEntryKind::Completed, "last")],
        status: SagaStatus::Completed,
        ..writing(&record)
    };
    try_write(store, &end).await;
}

/// `None`: it is open what became of it, and whoever takes over will see.
async fn try_write<S: SagaStore>(store: &S, write: &SagaWrite) -> Option<SagaWritten> {
    match store.write_sagas(std::slice::from_ref(write)).await {
        Ok(written) => Some(written[0]),
        Err(StoreError::Refused(error)) => panic!("nobody is to blame for a lost instance: {error:?}"),
        Err(_) => None,
    }
}

//! What operators are told.

use std::sync::Arc;
use std::time::Duration;

use super::support::{
    DEFINITION, LONG, SAGA, SHORT, Worker, deliver, done, event, give_up, leaving, list, new, new_of, nth,
    outlast, record, start, start_all, wait, wanted, wanted_of, within, write, writing,
};
use crate::store::{SagaQuery, SagaRecord, SagaStatus, SagaStore, SagaThen, SagaWrite};

const OTHER: &str = "contract-other";

fn query(limit: u32) -> SagaQuery {
    SagaQuery { limit, ..SagaQuery::default() }
}

fn places(records: &[SagaRecord]) -> Vec<(&str, &str)> {
    records.iter().map(|record| (&*record.saga, &*record.id)).collect()
}

/// As they are read one by one.
pub async fn instances_are_listed_by_name_and_id<S: SagaStore>(store: Arc<S>) {
    assert_eq!(list(&*store, &query(10)).await, []);
    for (saga, id) in [(OTHER, "a"), (SAGA, "b"), (SAGA, "aa"), (SAGA, "a"), (OTHER, "0")] {
        start(&*store, &new_of(saga, id)).await;
    }
    let worker = Worker::new(&*store).await;
    let claimed = worker.claim(&*store, 1).await.remove(0).record;
    done(write(&*store, &SagaWrite { step: Some("reserve".into()), ..writing(&claimed) }).await);
    let all = list(&*store, &query(10)).await;
    assert_eq!(places(&all), [(SAGA, "a"), (SAGA, "aa"), (SAGA, "b"), (OTHER, "0"), (OTHER, "a")]);
    for listed in all.iter().filter(|listed| *listed.saga == *SAGA) {
        assert_eq!(*listed, record(&*store, &listed.id).await);
    }
    assert_eq!(list(&*store, &query(2)).await, all[..2]);
}

/// A page goes on after the last one, whether that is still there or not; each instance is on one page.
pub async fn instances_are_listed_in_pages<S: SagaStore>(store: Arc<S>) {
    // What a database that sorts by the words of a language would put elsewhere than one that compares bytes.
    let odd = ["B", "a", "a-b", "ab", "A", "ä", "注文", "a b", "Z", "_"];
    let ids: Vec<_> = (0..25).map(nth).chain(odd.map(Arc::from)).collect();
    let of_each = ids.iter().flat_map(|id| [new(id), new_of(OTHER, id)]);
    start_all(&*store, &of_each.collect::<Vec<_>>()[..]).await;
    for (only, expected) in [(None, 70), (Some(SAGA), 35)] {
        let mut page = SagaQuery { saga: only.map(str::to_owned), ..query(10) };
        let mut listed = Vec::new();
        loop {
            let records = list(&*store, &page).await;
            let Some(last) = records.last() else { break };
            assert!(records.len() <= 10);
            page.after = Some((last.saga.to_string(), last.id.to_string()));
            listed.extend(records);
        }
        let mut places: Vec<_> = places(&listed);
        assert!(places.is_sorted_by_key(|(saga, _)| *saga), "{places:?}");
        places.sort_unstable();
        places.dedup();
        assert_eq!((listed.len(), places.len()), (expected, expected), "each once");
    }
    let after = SagaQuery { after: Some((SAGA.to_owned(), "00035".to_owned())), ..query(1) };
    assert_eq!(places(&list(&*store, &after).await), [(SAGA, "0004")], "nobody has the id that it names");
    let after = SagaQuery { after: Some(("contract-nobody".to_owned(), "x".to_owned())), ..query(1) };
    assert_eq!(&*list(&*store, &after).await[0].saga, SAGA);
}

/// By saga, status and step, alone and together.
pub async fn instances_are_listed_by_what_they_are<S: SagaStore>(store: Arc<S>) {
    let worker = Worker::new(&*store).await;
    let stand = [
        (SAGA, "a", SagaStatus::Parked, Some("charge")),
        (SAGA, "b", SagaStatus::Parked, Some("ship")),
        (SAGA, "c", SagaStatus::Waiting, Some("charge")),
        (SAGA, "d", SagaStatus::Completed, None),
        (OTHER, "a", SagaStatus::Parked, Some("charge")),
    ];
    for (saga, id, status, step) in stand {
        start(&*store, &new_of(saga, id)).await;
        let claimed = worker.ask(&*store, &[wanted_of(saga, &[DEFINITION], 1)]).await.claimed.remove(0);
        let step = step.map(Into::into);
        done(write(&*store, &SagaWrite { step, ..leaving(&claimed.record, status, SagaThen::Rest) }).await);
    }
    start(&*store, &new("e")).await;
    let listed = async |saga: Option<&str>, status, step: Option<&str>| {
        let (saga, step) = (saga.map(str::to_owned), step.map(str::to_owned));
        let records = list(&*store, &SagaQuery { saga, status, step, ..query(10) }).await;
        let names: Vec<_> =
            places(&records).iter().map(|(saga, id)| format!("{}{id}", &saga[9..10])).collect();
        names.join(" ")
    };
    use SagaStatus::{Compensating, Completed, Parked, Running, Waiting};
    assert_eq!(listed(Some(SAGA), None, None).await, "oa ob oc od oe");
    assert_eq!(listed(None, Some(Parked), None).await, "oa ob oa");
    assert_eq!(listed(Some(OTHER), Some(Parked), None).await, "oa");
    assert_eq!(listed(None, None, Some("charge")).await, "oa oc oa");
    assert_eq!(listed(Some(SAGA), Some(Parked), Some("charge")).await, "oa");
    assert_eq!(listed(None, Some(Waiting), Some("ship")).await, "");
    assert_eq!(listed(None, Some(Completed), None).await, "od");
    assert_eq!(listed(None, Some(Running), None).await, "oe");
    assert_eq!(listed(None, Some(Compensating), None).await, "");
    assert_eq!(listed(Some("contract"), None, None).await, "");
    // A page has only what was asked for.
    let parked = SagaQuery { status: Some(Parked), after: Some((SAGA.into(), "a".into())), ..query(1) };
    assert_eq!(places(&list(&*store, &parked).await), [(SAGA, "b")]);
}

/// By the store's clock.
pub async fn instances_are_listed_by_their_age<S: SagaStore>(store: Arc<S>) {
    let worker = Worker::new(&*store).await;
    start(&*store, &new("old")).await;
    outlast().await;
    start(&*store, &new("young")).await;
    let aged = |older_than| SagaQuery { older_than: Some(older_than), ..query(10) };
    assert_eq!(list(&*store, &aged(Duration::ZERO)).await.len(), 2);
    assert_eq!(list(&*store, &aged(LONG * 100)).await, []);
    let (old, young) = (record(&*store, "old").await, record(&*store, "young").await);
    // A list that takes long may show the young one, since it has become old meanwhile.
    for _ in 0..50 {
        let now = worker.ask(&*store, &[wanted(0)]).await.now;
        let age = Duration::try_from(now - old.started_at).expect("it was started before");
        let listed = list(&*store, &aged(age)).await;
        let then = worker.ask(&*store, &[wanted(0)]).await.now;
        assert_eq!(&*listed[0].id, "old");
        if listed.len() == 1 {
            return;
        }
        assert!(young.started_at + age <= then, "it is younger than that");
    }
    panic!("the young one is listed as old");
}

/// Of each saga and status, without those that none has.
pub async fn instances_are_counted<S: SagaStore>(store: Arc<S>) {
    let counted = async || {
        let mut counts = within(store.count_sagas()).await.expect("they can be counted");
        counts.sort_unstable();
        counts
    };
    assert_eq!(counted().await, []);
    start_all(&*store, &[new("a"), new("b"), new("c"), new_of(OTHER, "a")]).await;
    let of = |saga: &str, status, count| (saga.to_owned(), status, count);
    use SagaStatus::{Completed, Parked, Running};
    assert_eq!(counted().await, [of(SAGA, Running, 3), of(OTHER, Running, 1)]);
    let claimed = Worker::new(&*store).await.claim(&*store, 2).await;
    give_up(&*store, &claimed[0].record, Completed, SagaThen::Keep).await;
    give_up(&*store, &claimed[1].record, Parked, SagaThen::Rest).await;
    let expected = [of(SAGA, Running, 1), of(SAGA, Completed, 1), of(SAGA, Parked, 1), of(OTHER, Running, 1)];
    assert_eq!(counted().await, expected);
}

/// What runs, is compensated, is owned or is due has something to do; what waits, rests, is parked or has ended has not.
pub async fn who_has_something_to_do_is_busy<S: SagaStore>(store: Arc<S>) {
    let is_busy = async |sagas: &[&str]| within(store.are_sagas_busy(sagas)).await.expect("it is known");
    assert!(!is_busy(&[SAGA]).await && !is_busy(&[]).await);
    let worker = Worker::new(&*store).await;
    let mut claimed = worker.start(&*store, "a").await;
    assert!(is_busy(&[SAGA]).await && is_busy(&[OTHER, SAGA]).await);
    assert!(!is_busy(&[OTHER]).await && !is_busy(&[]).await);
    for (status, then, busy) in [
        (SagaStatus::Running, SagaThen::Release(LONG), true),
        (SagaStatus::Compensating, SagaThen::Release(LONG), true),
        (SagaStatus::Waiting, SagaThen::Release(LONG), false),
        (SagaStatus::Waiting, SagaThen::Rest, false),
        (SagaStatus::Parked, SagaThen::Rest, false),
        (SagaStatus::Waiting, SagaThen::Release(Duration::ZERO), true),
    ] {
        give_up(&*store, &claimed, status, then).await;
        assert_eq!(is_busy(&[OTHER, SAGA]).await, busy, "{status} {then:?}");
        if then != SagaThen::Release(Duration::ZERO) {
            deliver(&*store, &[event("a", "wait")]).await;
        }
        assert!(is_busy(&[SAGA]).await, "a message has made it due");
        claimed = worker.claim_one(&*store).await;
        let seen =
            SagaWrite { status: SagaStatus::Waiting, messages_seen: claimed.messages, ..writing(&claimed) };
        done(write(&*store, &seen).await);
        claimed.messages_seen = claimed.messages;
        assert!(is_busy(&[SAGA]).await, "somebody has it");
    }
    // Its time comes while nobody looks.
    give_up(&*store, &claimed, SagaStatus::Waiting, SagaThen::Release(SHORT)).await;
    outlast().await;
    wait(Duration::from_millis(1)).await;
    assert!(is_busy(&[SAGA]).await);
    let claimed = worker.claim_one(&*store).await;
    give_up(&*store, &claimed, SagaStatus::Completed, SagaThen::Keep).await;
    assert!(!is_busy(&[SAGA, OTHER]).await);
}

//! What operators ask of instances.

use std::sync::Arc;

use super::support::{
    LONG, Worker, deliver, done, event, find, give_up, leaving, record, request, whole, write,
};
use crate::store::{
    Delivery, SagaEntryKind, SagaMessageKind, SagaRecord, SagaRequest, SagaStatus, SagaStore, SagaThen,
    SagaWhole, SagaWrite,
};

fn requests() -> [SagaRequest; 3] {
    let skip = SagaRequest::Skip { step: "charge".to_owned(), reason: "paid by hand".to_owned() };
    [SagaRequest::Retry, skip, SagaRequest::Cancel { reason: "no longer wanted".to_owned() }]
}

async fn parked<S: SagaStore>(store: &S, worker: &Worker, id: &str) -> SagaRecord {
    let claimed = worker.start(store, id).await;
    let reason = Some("the undo of `charge` failed".to_owned());
    let park = SagaWrite { reason, ..leaving(&claimed, SagaStatus::Parked, SagaThen::Rest) };
    assert!(done(write(store, &park).await).1);
    assert_eq!(worker.claim(store, 10).await, [], "it cannot go on by itself");
    record(store, id).await
}

/// Whatever it is that is asked. It is parked until its owner says otherwise.
pub async fn a_request_makes_a_parked_one_due<S: SagaStore>(store: Arc<S>) {
    let worker = Worker::new(&*store).await;
    for (id, asked) in ["retry", "skip", "cancel"].into_iter().zip(requests()) {
        let parked = parked(&*store, &worker, id).await;
        assert!(request(&*store, id, asked).await);
        let stored = record(&*store, id).await;
        assert!(stored.due_at.is_some() && stored.status == SagaStatus::Parked);
        assert_eq!(stored.reason, parked.reason);
        let claimed = worker.claim(&*store, 10).await;
        assert_eq!(claimed.len(), 1);
        assert_eq!((claimed[0].record.status, &*claimed[0].record.id), (SagaStatus::Parked, id));
        assert_eq!(claimed[0].messages[0].kind.as_str(), id);
        assert!(claimed[0].record.epoch > parked.epoch);
    }
}

/// Each time anew: no request is taken for another.
pub async fn a_request_reaches_the_owner<S: SagaStore>(store: Arc<S>) {
    let worker = Worker::new(&*store).await;
    let claimed = worker.start(&*store, "a").await;
    for _ in 0..2 {
        for asked in requests() {
            assert!(request(&*store, "a", asked).await);
        }
    }
    assert_eq!(worker.renew(&*store, LONG).await.messages, [claimed.instance]);
    let stored = whole(&*store, "a").await;
    assert_eq!((stored.record.owner, stored.record.due_at), (Some(worker.id), None));
    let kinds: Vec<_> = stored.messages.iter().map(|message| message.kind).collect();
    let asked = [SagaMessageKind::Retry, SagaMessageKind::Skip, SagaMessageKind::Cancel];
    assert_eq!(kinds, [asked, asked].concat());
    // One that waits is due at once.
    let seen =
        SagaWrite { messages_seen: 6, ..leaving(&claimed, SagaStatus::Waiting, SagaThen::Release(LONG)) };
    assert!(done(write(&*store, &seen).await).1);
    assert!(request(&*store, "a", SagaRequest::Cancel { reason: String::new() }).await);
    assert_eq!(worker.claim_one(&*store).await.messages, 7);
}

/// Its owner takes note of it, and parks it again.
pub async fn an_event_makes_a_parked_one_due<S: SagaStore>(store: Arc<S>) {
    let worker = Worker::new(&*store).await;
    parked(&*store, &worker, "a").await;
    assert_eq!(deliver(&*store, &[event("a", "wait")]).await, [Delivery::Left]);
    let claimed = worker.claim_one(&*store).await;
    assert_eq!((claimed.status, claimed.messages), (SagaStatus::Parked, 1));
    let again = SagaWrite { messages_seen: 1, ..leaving(&claimed, SagaStatus::Parked, SagaThen::Rest) };
    assert!(done(write(&*store, &again).await).1);
    assert_eq!(worker.claim(&*store, 10).await, []);
}

/// It is there, and stays as it is. Each request is refused in the log, in its order.
pub async fn a_request_after_the_end_changes_nothing<S: SagaStore>(store: Arc<S>) {
    let worker = Worker::new(&*store).await;
    for (id, status) in [("done", SagaStatus::Completed), ("undone", SagaStatus::Compensated)] {
        let claimed = worker.start(&*store, id).await;
        give_up(&*store, &claimed, status, SagaThen::Keep).await;
        let before = record(&*store, id).await;
        for asked in requests() {
            assert!(request(&*store, id, asked).await, "it is there");
        }
        let ended = record(&*store, id).await;
        assert_eq!((ended.status, ended.owner, ended.due_at), (status, None, None));
        assert_eq!(ended.updated_at, before.updated_at, "it has not ended again");
        let SagaWhole { log, messages, .. } = whole(&*store, id).await;
        let refused = &log[log.len() - requests().len()..];
        for ((entry, message), asked) in refused.iter().zip(&messages).zip(requests()) {
            assert_eq!(entry.entry.kind, SagaEntryKind::Refused);
            assert_eq!(entry.entry.text, Some(asked.refusal_after_the_end()));
            let note = entry.entry.output.as_ref().map(|note| serde_json::from_str(note.as_str()));
            let note: serde_json::Value = note.and_then(Result::ok).unwrap_or_default();
            assert_eq!(note, serde_json::json!({ "message": message.number }));
        }
        assert_eq!(refused.last().map(|entry| entry.sequence), Some(ended.sequence));
    }
    assert_eq!(worker.claim(&*store, 10).await, []);
}

/// The owner looks for the last time, somebody asks, the owner writes the end: the request is refused.
pub async fn a_request_that_the_end_overtakes_is_refused<S: SagaStore>(store: Arc<S>) {
    let worker = Worker::new(&*store).await;
    let claimed = worker.start(&*store, "a").await;
    assert_eq!(deliver(&*store, &[event("a", "wait")]).await, [Delivery::Left]);
    for asked in requests() {
        assert!(request(&*store, "a", asked).await, "it is there");
    }
    give_up(&*store, &claimed, SagaStatus::Completed, SagaThen::Rest).await;
    let SagaWhole { record, log, .. } = whole(&*store, "a").await;
    assert_eq!((record.status, record.owner, record.due_at), (SagaStatus::Completed, None, None));
    let answers = log.iter().filter(|entry| entry.entry.kind == SagaEntryKind::Refused);
    let answers: Vec<_> = answers.map(|entry| entry.entry.text.clone()).collect();
    let expected: Vec<_> = requests().iter().map(|one| Some(one.refusal_after_the_end())).collect();
    assert_eq!(answers, expected, "each in its order");
    let sequences: Vec<_> = log.iter().map(|entry| entry.sequence).collect();
    assert!(sequences.windows(2).all(|two| two[0] < two[1]), "{sequences:?}");
    assert_eq!(sequences.last(), Some(&record.sequence));
    assert_eq!(worker.claim(&*store, 10).await, []);
}

/// Nothing is kept for an instance that may come: whoever asked is told.
pub async fn nobody_is_asked_of_what_is_not_there<S: SagaStore>(store: Arc<S>) {
    for asked in requests() {
        assert!(!request(&*store, "nobody", asked).await);
    }
    assert_eq!(find(&*store, "nobody").await, None);
    let started = Worker::new(&*store).await.start(&*store, "nobody").await;
    assert_eq!(started.messages, 0);
}

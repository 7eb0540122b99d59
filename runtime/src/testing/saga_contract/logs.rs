//! What is read of an instance is what was written.

use std::sync::Arc;

use super::support::{Worker, deliver, done, early, event, json, request, start, whole, write, writing};
use crate::number::Position;
use crate::payload::Payload;
use crate::store::{
    Delivery, EventOrigin, NewDelivery, NewSagaEntry, SagaEntryKind, SagaMessage, SagaMessageKind,
    SagaRecord, SagaRequest, SagaStore, SagaThen, SagaWrite,
};

/// How many bytes the output of a step may well have.
const LARGE: usize = 900 << 10;

/// Every kind, every field, in the order of the writes, however they are cut.
pub async fn a_log_comes_back_as_it_was_written<S: SagaStore>(store: Arc<S>) {
    let worker = Worker::new(&*store).await;
    let mut claimed = worker.start(&*store, "a").await;
    let kinds = SagaEntryKind::ALL.iter().enumerate();
    let entries: Vec<_> = kinds
        .map(|(place, kind)| NewSagaEntry {
            kind: *kind,
            step: (place % 2 == 0).then(|| format!("schritt {place} – 注文 \"{{}}\", \\N").into()),
            attempt: [0, 1, 7, i32::MAX.unsigned_abs()][place % 4],
            output: (place % 3 != 0).then(|| {
                Payload::from_stored(format!("{{\"z\": [1.0, null],  \"a\":\"{place} \\u0000 – 注\"}}"))
            }),
            text: (place % 5 < 3)
                .then(|| ["", "a reason\nof two lines", "größer – 注文 🐋"][place % 3].to_owned()),
        })
        .collect();
    let mut rest = &entries[..];
    for size in [1, 3, 0, 2, usize::MAX] {
        let (written, later) = rest.split_at(size.min(rest.len()));
        done(write(&*store, &SagaWrite { entries: written.to_vec(), ..writing(&claimed) }).await);
        claimed.sequence += u32::try_from(written.len()).expect("a small number");
        rest = later;
    }
    let stored = whole(&*store, "a").await;
    let log: Vec<_> = stored.log.iter().map(|entry| entry.entry.clone()).collect();
    assert_eq!(log, entries);
    let places: Vec<_> = stored.log.iter().map(|entry| entry.sequence).collect();
    assert_eq!(places, (1..=claimed.sequence).collect::<Vec<_>>());
    assert!(stored.log.is_sorted_by_key(|entry| entry.at));

    // Whoever comes next gets the same.
    worker.retire(&*store).await;
    let next = Worker::new(&*store).await.claim(&*store, 10).await;
    assert_eq!(next[0].log, stored.log);
}

/// Events and requests, in the order in which they came; of each request, what it asks for.
pub async fn messages_come_back_as_they_were_left<S: SagaStore>(store: Arc<S>) {
    let first = NewDelivery {
        step: "größe – 注".into(),
        output: Payload::from_stored("{\"b\": 1.0,  \"a\": \"\\u0000 – 注文 🐋\"}"),
        origin: Some(EventOrigin { definition: u64::MAX - 1, position: Position::new(7) }),
        ..early("a", "")
    };
    assert_eq!(deliver(&*store, std::slice::from_ref(&first)).await, [Delivery::Kept]);
    start(&*store, &super::support::new("a")).await;
    let reason = "because – 注文\nof that".to_owned();
    let skip = SagaRequest::Skip { step: "größe – 注".to_owned(), reason: reason.clone() };
    let requests = [SagaRequest::Cancel { reason: reason.clone() }, SagaRequest::Retry, skip];
    for asked in requests {
        assert!(request(&*store, "a", asked).await);
    }
    let last = event("a", "last");
    deliver(&*store, std::slice::from_ref(&last)).await;
    let stored = whole(&*store, "a").await;
    use SagaMessageKind::{Cancel, Event, Retry, Skip};
    let kinds: Vec<_> = stored.messages.iter().map(|message| message.kind).collect();
    assert_eq!(kinds, [Event, Cancel, Retry, Skip, Event]);
    let steps: Vec<_> = stored.messages.iter().map(|message| message.step.as_deref()).collect();
    assert_eq!(steps, [Some(&*first.step), None, None, Some("größe – 注"), Some("last")]);
    let origins: Vec<_> = stored.messages.iter().map(|message| message.origin).collect();
    assert_eq!(origins, [first.origin, None, None, None, None], "where an event comes from");
    let events: Vec<_> = stored.messages.iter().map(|message| message.event_id).collect();
    assert_eq!(events, [Some(first.event_id), None, None, None, Some(last.event_id)]);
    let outputs: Vec<_> = stored.messages.iter().map(|message| message.output.clone()).collect();
    assert_eq!(outputs, [Some(first.output), None, None, None, Some(last.output)]);
    let texts: Vec<_> = stored.messages.iter().map(|message| message.text.as_ref()).collect();
    assert_eq!(texts, [None, Some(&reason), None, Some(&reason), None]);
    assert!(stored.messages.is_sorted_by(|one, next| one.number < next.number && one.at <= next.at));
    let claimed = Worker::new(&*store).await.claim(&*store, 10).await;
    assert_eq!(claimed[0].messages, stored.messages);

    let (step, output) = ("größe – 注".to_owned(), json("🐋"));
    let newer = [
        SagaRequest::Park { reason: reason.clone() },
        SagaRequest::SkipWith { step, output, reason: reason.clone() },
        SagaRequest::GiveUpFailureCommand { reason: reason.clone() },
        SagaRequest::Terminate { reason },
    ];
    for asked in &newer {
        assert!(request(&*store, "a", asked.clone()).await);
    }
    let stored = whole(&*store, "a").await;
    let read: Vec<_> = stored.messages.iter().skip(5).map(SagaMessage::request).collect();
    assert_eq!(read, newer.map(Some));
}

/// 900 KiB in the log, in a message and in the data, of several instances in one call.
pub async fn large_outputs_are_kept<S: SagaStore>(store: Arc<S>) {
    let worker = Worker::new(&*store).await;
    let large = |letter: &str| json(&letter.repeat(LARGE / letter.len()));
    let mut claimed: Vec<SagaRecord> = Vec::new();
    for id in ["a", "b", "c"] {
        start(&*store, &crate::store::NewSaga { state: large(id), ..super::support::new(id) }).await;
        claimed.push(worker.claim_one(&*store).await);
    }
    let writes: Vec<_> = claimed
        .iter()
        .map(|record| {
            let output = NewSagaEntry {
                output: Some(large("注")),
                ..super::support::entry(SagaEntryKind::Done, "reserve")
            };
            SagaWrite { entries: vec![output.clone(), output], then: SagaThen::Rest, ..writing(record) }
        })
        .collect();
    for written in super::support::write_all(&*store, &writes).await {
        assert!(done(written).1);
    }
    let brought = NewDelivery { output: large("🐋"), ..event("b", "wait") };
    deliver(&*store, std::slice::from_ref(&brought)).await;
    let stored = whole(&*store, "b").await;
    assert_eq!(stored.record.state, large("b"));
    assert_eq!(stored.log.len(), 2);
    assert!(stored.log.iter().all(|entry| entry.entry.output == Some(large("注"))));
    assert_eq!(stored.messages[0].output, Some(large("🐋")));
    let again = worker.claim(&*store, 10).await;
    assert_eq!((&again[0].log, &again[0].messages), (&stored.log, &stored.messages));
}

/// A step that is tried for a month leaves a short log: the first attempt, and the last ones.
pub async fn of_many_attempts_the_first_and_the_last_stay<S: SagaStore>(store: Arc<S>) {
    let worker = Worker::new(&*store).await;
    let mut record = worker.start(&*store, "a").await;
    let entry = |kind, step: Option<&str>, attempt| NewSagaEntry {
        kind,
        step: step.map(Into::into),
        attempt,
        output: None,
        text: Some(format!("attempt {attempt}")),
    };
    use SagaEntryKind::{FailureIntent, FailureRetry, Intent, Retry, UndoIntent, UndoRetry, Waiting};
    for attempt in 1..=60 {
        let mut entries = vec![
            entry(Intent, Some("charge"), attempt),
            entry(Retry, Some("charge"), attempt),
            entry(UndoIntent, Some("charge"), attempt),
            entry(UndoRetry, Some("charge"), attempt),
            entry(FailureIntent, None, attempt),
            entry(FailureRetry, None, attempt),
        ];
        if attempt <= 3 {
            // Of another step, and of the same step something else.
            entries.push(entry(Retry, Some("ship"), attempt));
            entries.push(entry(Waiting, Some("charge"), attempt));
        }
        let write = SagaWrite { entries, ..writing(&record) };
        done(super::support::write(&*store, &write).await);
        record.sequence += u32::try_from(write.entries.len()).expect("they are few");
    }
    let whole = super::support::within(store.saga(super::support::SAGA, "a")).await;
    let whole = whole.expect("it can be read").expect("it is there");
    assert_eq!(whole.record.sequence, 60 * 6 + 3 * 2, "the number of entries that were written");
    let attempts = |kind, step: Option<&str>| {
        let of = whole.log.iter().filter(|one| one.entry.kind == kind && one.entry.step.as_deref() == step);
        of.map(|one| one.entry.attempt).collect::<Vec<_>>()
    };
    for (retry, intent, step) in [
        (Retry, Intent, Some("charge")),
        (UndoRetry, UndoIntent, Some("charge")),
        (FailureRetry, FailureIntent, None),
    ] {
        for kind in [retry, intent] {
            let left = attempts(kind, step);
            assert_eq!(left[0], 1, "{kind:?} {left:?}");
            assert!(left.ends_with(&(51..=60).collect::<Vec<_>>()), "{kind:?} {left:?}");
            assert!(left.len() <= 21, "{kind:?} {left:?}");
        }
    }
    assert_eq!(attempts(Retry, Some("ship")), [1, 2, 3]);
    assert_eq!(attempts(Waiting, Some("charge")), [1, 2, 3]);
    assert!(whole.log.is_sorted_by_key(|entry| entry.sequence));
    assert_eq!(whole.log.last().map(|last| last.sequence), Some(whole.record.sequence));
}

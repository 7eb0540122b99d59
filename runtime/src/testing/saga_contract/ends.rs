//! The end of an instance.

use std::sync::Arc;

use super::support::{
    LONG, Worker, deliver, done, entry, event, leaving, outlast, record, step_done, whole, within, write,
};
use crate::store::{Delivery, SagaEntryKind, SagaStatus, SagaStore, SagaThen, SagaWrite, SagaWritten};

const ENDS: [(SagaStatus, SagaEntryKind); 2] = [
    (SagaStatus::Completed, SagaEntryKind::Completed),
    (SagaStatus::Compensated, SagaEntryKind::Compensated),
];

const THENS: [SagaThen; 3] = [SagaThen::Keep, SagaThen::Rest, SagaThen::Release(LONG)];

/// Whatever else its last write says, also with messages that nobody has seen.
pub async fn an_end_gives_the_instance_up<S: SagaStore>(store: Arc<S>) {
    let worker = Worker::new(&*store).await;
    for (place, (status, kind)) in ENDS.into_iter().cycle().take(12).enumerate() {
        let (id, then) = (format!("{place:02}"), THENS[place / 2 % 3]);
        let claimed = worker.start(&*store, &id).await;
        let news = u32::from(place >= 6);
        for _ in 0..news {
            deliver(&*store, &[event(&id, "wait")]).await;
        }
        let end = SagaWrite { entries: vec![entry(kind, "last")], ..leaving(&claimed, status, then) };
        let (messages, released, _) = done(write(&*store, &end).await);
        assert_eq!((messages, released), (news, true));
        let ended = whole(&*store, &id).await;
        let is = (ended.record.status, ended.record.owner, ended.record.due_at, ended.log.len());
        assert_eq!(is, (status, None, None, 1), "{then:?}");
    }
    assert_eq!(worker.claim(&*store, 100).await, []);
}

/// Trap 35: no write, no event, no time and no dead worker brings it back.
pub async fn trap_35_nothing_happens_after_the_end<S: SagaStore>(store: Arc<S>) {
    let worker = Worker::new(&*store).await;
    for (status, kind) in ENDS {
        let id = status.as_str();
        let claimed = worker.start(&*store, id).await;
        let end =
            SagaWrite { entries: vec![entry(kind, "last")], ..leaving(&claimed, status, SagaThen::Keep) };
        done(write(&*store, &end).await);
        let before = whole(&*store, id).await;
        let late = [step_done(&claimed, "late"), step_done(&before.record, "late"), end];
        for late in &late {
            assert_eq!(write(&*store, late).await, SagaWritten::Lost);
        }
        assert_eq!(deliver(&*store, &[event(id, "wait")]).await, [Delivery::Ended]);
        assert_eq!(whole(&*store, id).await, before);
    }
    worker.die(&*store).await;
    within(store.take_over_sagas()).await.expect("there is nothing to take over");
    outlast().await;
    assert_eq!(Worker::new(&*store).await.claim(&*store, 10).await, []);
    assert_eq!(record(&*store, "completed").await.status, SagaStatus::Completed);
}

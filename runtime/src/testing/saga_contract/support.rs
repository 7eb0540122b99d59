//! What the rules share.

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;
use uuid::Uuid;

pub(super) use super::super::consumer_contract::support::{LONG, SHORT, commit, outlast, rollback, wait};
pub(super) use super::super::store_contract::support::within;
use crate::payload::Payload;
use crate::store::{
    ClaimedSaga, ConsumerKind, Delivery, NewDelivery, NewSaga, NewSagaEntry, SagaClaim, SagaClaims,
    SagaEntryKind, SagaQuery, SagaRecord, SagaRenewal, SagaRequest, SagaStatus, SagaStore, SagaThen,
    SagaWhole, SagaWorker, SagaWrite, SagaWritten, StoreError, WantedSaga,
};

/// The saga of most rules.
pub(super) const SAGA: &str = "contract-order";

/// The fingerprint of its definition, of which every bit counts.
pub(super) const DEFINITION: u64 = 0xF000_0000_0000_0001;

/// An instance that was never started.
pub(super) fn new(id: &str) -> NewSaga {
    new_of(SAGA, id)
}

pub(super) fn new_of(saga: &str, id: &str) -> NewSaga {
    NewSaga {
        instance: Uuid::now_v7(),
        saga: saga.into(),
        id: id.into(),
        version: 1,
        definition: DEFINITION,
        state: json(id),
        correlation_id: Uuid::now_v7(),
        causation_id: None,
        early_events: true,
    }
}

/// A JSON text.
pub(super) fn json(text: &str) -> Payload {
    Payload::of("a text", text).expect("a text is JSON")
}

/// Starts an instance that is not there yet.
pub(super) async fn start<S: SagaStore>(store: &S, new: &NewSaga) {
    assert!(within(store.start_saga(new)).await.expect("it starts"), "it is new");
}

/// Starts instances with these ids in one transaction.
pub(super) async fn start_all<S: SagaStore>(store: &S, new: &[NewSaga]) {
    let mut batch = begin(store).await;
    let started = within(store.start_sagas(&mut batch, new)).await.expect("they start");
    assert!(started.len() == new.len() && started.iter().all(|is_new| *is_new));
    commit(store, batch).await;
}

pub(super) async fn begin<S: SagaStore>(store: &S) -> S::Transaction {
    within(store.begin_batch(ConsumerKind::Saga, LONG)).await.expect("a batch begins")
}

pub(super) async fn find<S: SagaStore>(store: &S, id: &str) -> Option<SagaWhole> {
    within(store.saga(SAGA, id)).await.expect("it can be read")
}

/// An instance that is there.
pub(super) async fn whole<S: SagaStore>(store: &S, id: &str) -> SagaWhole {
    let whole = find(store, id).await.expect("it is there");
    let (record, messages) = (&whole.record, whole.messages.len());
    assert_eq!((record.sequence as usize, record.messages as usize), (whole.log.len(), messages));
    assert!(record.owner.is_none() || record.due_at.is_none(), "what somebody owns has no time: {record:?}");
    whole
}

pub(super) async fn record<S: SagaStore>(store: &S, id: &str) -> SagaRecord {
    whole(store, id).await.record
}

/// An event for a step of an instance; not kept.
pub(super) fn event(id: &str, step: &str) -> NewDelivery {
    let event_id = Uuid::now_v7();
    let (saga, id, step, output) = (SAGA.into(), id.into(), step.into(), json(step));
    NewDelivery { saga, id, step, event_id, output, keep: false, origin: None }
}

/// An event that may come early.
pub(super) fn early(id: &str, step: &str) -> NewDelivery {
    NewDelivery { keep: true, ..event(id, step) }
}

/// Leaves events in a transaction of their own.
pub(super) async fn deliver<S: SagaStore>(store: &S, deliveries: &[NewDelivery]) -> Vec<Delivery> {
    let mut batch = begin(store).await;
    let delivered = within(store.deliver_to_sagas(&mut batch, deliveries)).await.expect("they are left");
    commit(store, batch).await;
    delivered
}

/// Does it again as long as that may help.
pub(super) async fn insist<T>(mut attempt: impl AsyncFnMut() -> Result<T, StoreError>) -> T {
    loop {
        match within(attempt()).await {
            Ok(done) => return done,
            Err(error) => assert!(error.is_retryable(), "nobody is to blame for it: {error:?}"),
        }
        wait(Duration::from_millis(1)).await;
    }
}

/// What is asked of an instance.
pub(super) async fn request<S: SagaStore>(store: &S, id: &str, request: SagaRequest) -> bool {
    within(store.request_saga(SAGA, id, &request)).await.expect("it can be asked for")
}

/// A process that runs sagas.
pub(super) struct Worker {
    pub(super) id: Uuid,
}

impl Worker {
    /// One that has a lease for long.
    pub(super) async fn new<S: SagaStore>(store: &S) -> Self {
        let worker = Self::unknown();
        worker.enlist(store, LONG).await;
        worker
    }

    /// One that no store knows.
    pub(super) fn unknown() -> Self {
        Self { id: Uuid::now_v7() }
    }

    pub(super) fn lasting(&self, duration: Duration) -> SagaWorker {
        SagaWorker { worker: self.id, duration, definitions: vec![(SAGA.into(), DEFINITION)] }
    }

    /// Begins a lease.
    pub(super) async fn enlist<S: SagaStore>(&self, store: &S, duration: Duration) {
        within(store.enlist_saga_worker(&self.lasting(duration))).await.expect("it becomes known");
    }

    /// Waits until its lease has run out.
    pub(super) async fn die<S: SagaStore>(&self, store: &S) {
        self.enlist(store, SHORT).await;
        outlast().await;
    }

    pub(super) async fn renew<S: SagaStore>(&self, store: &S, duration: Duration) -> SagaRenewal {
        within(store.renew_saga_worker(&self.lasting(duration))).await.expect("a lease can be renewed")
    }

    pub(super) async fn retire<S: SagaStore>(&self, store: &S) {
        within(store.retire_saga_worker(self.id)).await.expect("it is forgotten");
    }

    /// Claims instances of sagas.
    pub(super) async fn ask<S: SagaStore>(&self, store: &S, wanted: &[WantedSaga]) -> SagaClaims {
        self.ask_within(store, u32::MAX, wanted).await
    }

    /// Claims so many instances of sagas at most.
    pub(super) async fn ask_within<S: SagaStore>(
        &self,
        store: &S,
        room: u32,
        wanted: &[WantedSaga],
    ) -> SagaClaims {
        let claim = SagaClaim { worker: self.id, room, wanted: wanted.to_vec() };
        let claims = within(store.claim_sagas(&claim)).await.expect("instances can be claimed");
        for ClaimedSaga { record, log, messages, unread } in &claims.claimed {
            assert!(!unread, "its history is small");
            assert_eq!((record.owner, record.due_at), (Some(self.id), None));
            assert_eq!(record.sequence as usize, log.len());
            assert!(messages.len() >= record.messages as usize, "at least as much as the record counts");
        }
        claims
    }

    /// Claims instances of [`SAGA`].
    pub(super) async fn claim<S: SagaStore>(&self, store: &S, room: u32) -> Vec<ClaimedSaga> {
        self.ask(store, &[wanted(room)]).await.claimed
    }

    /// Claims the only instance that is due.
    pub(super) async fn claim_one<S: SagaStore>(&self, store: &S) -> SagaRecord {
        let mut claimed = self.claim(store, 10).await;
        assert_eq!(claimed.len(), 1, "one is due");
        claimed.remove(0).record
    }

    /// Starts an instance and claims it, as nothing else is due.
    pub(super) async fn start<S: SagaStore>(&self, store: &S, id: &str) -> SagaRecord {
        start(store, &new(id)).await;
        let record = self.claim_one(store).await;
        assert_eq!(&*record.id, id);
        record
    }
}

/// Room for instances of [`SAGA`].
pub(super) fn wanted(room: u32) -> WantedSaga {
    wanted_of(SAGA, &[DEFINITION], room)
}

pub(super) fn wanted_of(saga: &str, definitions: &[u64], room: u32) -> WantedSaga {
    WantedSaga { saga: saga.into(), definitions: definitions.to_vec(), share: room, room }
}

/// The ids of instances, in their order.
pub(super) fn ids<'a>(records: impl IntoIterator<Item = &'a SagaRecord>) -> Vec<&'a str> {
    let mut ids: Vec<_> = records.into_iter().map(|record| &*record.id).collect();
    ids.sort_unstable();
    ids
}

pub(super) fn claimed_ids(claimed: &[ClaimedSaga]) -> Vec<&str> {
    ids(claimed.iter().map(|claimed| &claimed.record))
}

/// A write that changes nothing of the instance as it was read.
pub(super) fn writing(record: &SagaRecord) -> SagaWrite {
    SagaWrite {
        instance: record.instance,
        epoch: record.epoch,
        sequence: record.sequence,
        entries: Vec::new(),
        status: record.status,
        step: record.step.clone(),
        reason: record.reason.clone(),
        messages_seen: record.messages_seen,
        migration: None,
        then: SagaThen::Keep,
    }
}

/// A write that gives the instance up.
pub(super) fn leaving(record: &SagaRecord, status: SagaStatus, then: SagaThen) -> SagaWrite {
    SagaWrite { status, then, ..writing(record) }
}

/// An entry that says what happened to a step.
pub(super) fn entry(kind: SagaEntryKind, step: &str) -> NewSagaEntry {
    NewSagaEntry { kind, step: Some(step.into()), attempt: 1, output: None, text: None }
}

/// A write that says that a step is done.
pub(super) fn step_done(record: &SagaRecord, step: &str) -> SagaWrite {
    SagaWrite { entries: vec![entry(SagaEntryKind::Done, step)], ..writing(record) }
}

pub(super) async fn write<S: SagaStore>(store: &S, write: &SagaWrite) -> SagaWritten {
    let written = write_all(store, std::slice::from_ref(write)).await;
    written[0]
}

/// Writes to instances in one call.
pub(super) async fn write_all<S: SagaStore>(store: &S, writes: &[SagaWrite]) -> Vec<SagaWritten> {
    let written = within(store.write_sagas(writes)).await.expect("it can be written");
    assert_eq!(written.len(), writes.len(), "each has an answer");
    written
}

/// What a write that is done says: how many messages there are, whether the instance was given away, and when.
pub(super) fn done(written: SagaWritten) -> (u32, bool, OffsetDateTime) {
    match written {
        SagaWritten::Done { messages, released, now } => (messages, released, now),
        SagaWritten::Lost => panic!("it was to be done"),
    }
}

/// Writes as the owner, and gives up the instance.
pub(super) async fn give_up<S: SagaStore>(
    store: &S,
    record: &SagaRecord,
    status: SagaStatus,
    then: SagaThen,
) {
    let (_, released, _) = done(write(store, &leaving(record, status, then)).await);
    assert!(released, "nobody has it");
}

/// Lists instances.
pub(super) async fn list<S: SagaStore>(store: &S, query: &SagaQuery) -> Vec<SagaRecord> {
    within(store.sagas(query)).await.expect("they can be listed")
}

/// The steps that a log says are done.
pub(super) fn steps(whole: &SagaWhole) -> Vec<&str> {
    let done = whole.log.iter().filter(|entry| entry.entry.kind == SagaEntryKind::Done);
    done.filter_map(|entry| entry.entry.step.as_deref()).collect()
}

/// A name for the nth of many instances, in the order of their numbers.
pub(super) fn nth(nth: usize) -> Arc<str> {
    format!("{nth:04}").into()
}

//! Sagas on PostgreSQL: what only its locks, its plans and its connections can show.

mod claims;
mod fence;
mod hand;
mod lists;
mod locks;
mod plans;

use std::time::Duration;

use kenning::store::{
    ClaimedSaga, NewDelivery, NewSaga, NewSagaEntry, SagaClaim, SagaEntryKind, SagaRecord, SagaStatus,
    SagaStore as _, SagaThen, SagaWorker, SagaWrite, WantedSaga,
};
use kenning::{Payload, PostgresStore};
use uuid::Uuid;

/// A lease that no test outlives.
const LONG: Duration = Duration::from_secs(600);

const SAGA: &str = "counting";

const DEFINITION: u64 = u64::MAX - 7;

fn new(id: impl ToString) -> NewSaga {
    NewSaga {
        instance: Uuid::now_v7(),
        saga: SAGA.into(),
        id: id.to_string().into(),
        version: 1,
        definition: DEFINITION,
        state: Payload::from_stored("{}"),
        correlation_id: Uuid::now_v7(),
        causation_id: None,
        early_events: false,
    }
}

fn event(id: impl ToString, keep: bool) -> NewDelivery {
    let output = Payload::from_stored("1");
    let (saga, id, step) = (SAGA.into(), id.to_string().into(), "wait".into());
    NewDelivery { saga, id, step, event_id: Uuid::now_v7(), output, keep, origin: None }
}

fn worker() -> SagaWorker {
    SagaWorker {
        worker: Uuid::now_v7(),
        duration: LONG,
        definitions: vec![(SAGA.into(), DEFINITION), ("other".into(), 1)],
    }
}

/// A worker that the store knows.
async fn enlisted(store: &PostgresStore) -> SagaWorker {
    let worker = worker();
    store.enlist_saga_worker(&worker).await.unwrap();
    worker
}

fn claim_of(worker: &SagaWorker, room: u32) -> SagaClaim {
    let wanted = WantedSaga { saga: SAGA.into(), definitions: vec![DEFINITION, 3], share: room, room };
    SagaClaim { worker: worker.worker, room, wanted: vec![wanted] }
}

async fn claim(store: &PostgresStore, worker: &SagaWorker, room: u32) -> Vec<ClaimedSaga> {
    store.claim_sagas(&claim_of(worker, room)).await.unwrap().claimed
}

fn entry(kind: SagaEntryKind) -> NewSagaEntry {
    NewSagaEntry {
        kind,
        step: Some("charge".into()),
        attempt: 1,
        output: Some(Payload::from_stored(r#"{"paid": 1}"#)),
        text: None,
    }
}

/// What its owner writes after it has done a step.
fn done(record: &SagaRecord, then: SagaThen) -> SagaWrite {
    SagaWrite {
        instance: record.instance,
        epoch: record.epoch,
        sequence: record.sequence,
        entries: vec![entry(SagaEntryKind::Intent), entry(SagaEntryKind::Done)],
        status: SagaStatus::Running,
        step: Some("charge".into()),
        reason: None,
        messages_seen: record.messages,
        migration: None,
        then,
    }
}

async fn record(store: &PostgresStore, id: impl ToString) -> SagaRecord {
    store.saga(SAGA, &id.to_string()).await.unwrap().expect("it was started").record
}

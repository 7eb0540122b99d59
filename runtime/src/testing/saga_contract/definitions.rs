//! What definitions were run here.

use std::sync::Arc;

use super::support::{LONG, SAGA, SHORT, Worker, outlast, within};
use crate::store::{SagaDefinitionRecord, SagaStore, SagaWorker};

fn definition(saga: &str, version: u32, definition: u64, description: &str) -> SagaDefinitionRecord {
    let description = format!("{{\"steps\": [\"{description}\"]}}");
    SagaDefinitionRecord { saga: saga.to_owned(), version, definition, description, live: false }
}

async fn save<S: SagaStore>(store: &S, definition: &SagaDefinitionRecord) {
    within(store.save_saga_definition(definition)).await.expect("it is kept");
}

/// The definitions of a saga, by version.
async fn known<S: SagaStore>(store: &S, saga: &str) -> Vec<SagaDefinitionRecord> {
    let mut known = within(store.saga_definitions(saga)).await.expect("they can be read");
    known.sort_by_key(|known| (known.version, known.definition));
    known
}

/// As it was said first, however many processes say it.
pub async fn a_definition_is_kept_once<S: SagaStore>(store: Arc<S>) {
    assert_eq!(known(&*store, SAGA).await, []);
    let first = definition(SAGA, 1, u64::MAX, "reserve – 注文");
    let second = definition(SAGA, 2, 7, &"a long one ".repeat(2_000));
    let other = definition("contract-other", 1, u64::MAX, "other");
    futures_util::future::join_all((0..8).map(|_| save(&*store, &first))).await;
    save(&*store, &second).await;
    save(&*store, &other).await;
    save(&*store, &definition(SAGA, 1, u64::MAX, "changed")).await;
    assert_eq!(known(&*store, SAGA).await, [first, second]);
    assert_eq!(known(&*store, "contract-other").await, [other]);
}

/// Trap 39: whether any process still runs it is told, so that nobody takes an instance for stranded whose process is only busy.
pub async fn trap_39_a_definition_lives_with_its_workers<S: SagaStore>(store: Arc<S>) {
    for (saga, fingerprint) in [(SAGA, 1), (SAGA, 2), ("contract-other", 1)] {
        save(&*store, &definition(saga, 1, fingerprint, "one")).await;
    }
    let live = async |saga: &str| -> Vec<bool> {
        known(&*store, saga).await.iter().map(|known| known.live).collect()
    };
    assert_eq!(live(SAGA).await, [false, false]);
    let (old, new) = (Worker::unknown(), Worker::unknown());
    let enlist = async |worker: &Worker, duration, definitions: &[u64]| {
        let definitions = definitions.iter().map(|definition| (SAGA.into(), *definition)).collect();
        let worker = SagaWorker { worker: worker.id, duration, definitions };
        within(store.enlist_saga_worker(&worker)).await.expect("it becomes known");
    };
    enlist(&old, LONG, &[1]).await;
    assert_eq!(live(SAGA).await, [true, false]);
    assert_eq!(live("contract-other").await, [false], "another saga of the same fingerprint");
    enlist(&new, LONG, &[1, 2]).await;
    assert_eq!(live(SAGA).await, [true, true]);
    enlist(&new, LONG, &[2]).await;
    within(store.retire_saga_worker(old.id)).await.expect("it is forgotten");
    assert_eq!(live(SAGA).await, [false, true]);
    enlist(&new, SHORT, &[2]).await;
    outlast().await;
    assert_eq!(live(SAGA).await, [false, false], "its lease has run out, whether anybody has noticed or not");
}

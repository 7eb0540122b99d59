//! Several processes, as several applications on one store.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::flaky::Flaky;
use super::support::*;
use crate::store::{ConsumerKind, ConsumerStore, LeaseRequest, TransactionalStore, Wanted};
use crate::{ConsumerOptions, Kenning, MemoryStore, Position};

async fn app(store: &MemoryStore) -> Kenning {
    let options = ConsumerOptions::new().partitions(4);
    builder(store).read_model_with::<Shelf>(options).build().await.unwrap()
}

/// How many partitions an application runs.
async fn here(app: &Kenning) -> usize {
    let status = app.consumer("shelves").status().await.unwrap();
    status.partitions.iter().filter(|partition| partition.here).count()
}

#[tokio::test(start_paused = true)]
async fn partitions_are_shared_and_taken_over() {
    let store = store();
    let (one, two) = (app(&store).await, app(&store).await);
    let (stop, run) = running(&one);
    until(|| async { here(&one).await == 4 }).await;
    let (_stop, other) = running(&two);
    until(|| async { here(&one).await == 2 && here(&two).await == 2 }).await;
    for number in 0..100 {
        put(&store, number, &[placed("cup")]).await;
    }
    until(|| async { shelves(&one).await.len() == 100 }).await;
    // One is gone without a word: its partitions are the other's when the lease is over.
    other.abort();
    for number in 0..100 {
        put(&store, number, &[taken("cup")]).await;
    }
    until(|| async { shelves(&one).await.iter().all(|row| row.things == 0) }).await;
    assert_eq!(here(&one).await, 4);
    stop.cancel();
    run.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn idle_waits_for_the_partitions_of_others() {
    let store = store();
    let (one, two) = (app(&store).await, app(&store).await);
    let (_stop, run) = running(&two);
    until(|| async { here(&two).await == 4 }).await;
    for number in 0..100 {
        put(&store, number, &[placed("cup")]).await;
    }
    one.run_until_idle().await.unwrap();
    assert_eq!(shelves(&one).await.len(), 100);
    run.abort();
}

/// P4: whoever lost the lease writes nothing, whatever they still have in hand.
#[tokio::test(start_paused = true)]
async fn p4_a_holder_that_was_asleep_writes_nothing() {
    let store = store();
    let app = app(&store).await;
    put(&store, "a", &[placed("cup")]).await;
    let request = |held| LeaseRequest {
        worker: uuid::Uuid::from_u128(1),
        duration: Duration::from_secs(3),
        wanted: vec![Wanted { consumer: "shelves".into(), generation: 1, release: "".into(), held }],
    };
    let leases = store.lease(&request(Vec::new())).await.unwrap();
    assert_eq!(leases.len(), 4);
    let mut asleep = Vec::new();
    for lease in &leases {
        let mut transaction = store.begin_batch(ConsumerKind::ReadModel, Duration::MAX).await.unwrap();
        assert!(store.advance(&mut transaction, lease, Position::ZERO, Position::new(1)).await.unwrap());
        asleep.push(transaction);
    }
    tokio::time::sleep(Duration::from_secs(4)).await;
    app.run_until_idle().await.unwrap();
    for transaction in asleep {
        assert!(store.commit(transaction).await.is_err());
    }
    assert_eq!(shelves(&app).await, [shelf("a", 1, "cup")]);
}

/// A keeper that cannot reach the store says so no later than its leases run out, and others have gone on by then.
#[tokio::test(start_paused = true)]
async fn a_keeper_that_is_cut_off_claims_nothing() {
    let shared = store();
    let cut = Flaky::new(&shared);
    let options = || ConsumerOptions::new().partitions(4);
    let one = builder(&cut).read_model_with::<Shelf>(options()).build().await.unwrap();
    let (stop, run) = running(&one);
    until(|| async { here(&one).await == 4 }).await;
    cut.told.cut.store(true, Ordering::SeqCst);
    // Taken out (the keeper's look at the time), it goes on for as long as nobody takes its partitions.
    until(|| async { here(&one).await == 0 }).await;
    let two = app(&shared).await;
    let (_stop, other) = running(&two);
    until(|| async { here(&two).await == 4 }).await;
    assert_eq!(here(&one).await, 0);
    cut.told.cut.store(false, Ordering::SeqCst);
    until(|| async { here(&one).await == 2 && here(&two).await == 2 }).await;
    stop.cancel();
    run.await.unwrap().unwrap();
    other.abort();
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_the_keeper_is_survived() {
    let store = Flaky::new(&store());
    let app = builder(&store).read_model::<Shelf>().build().await.unwrap();
    store.told.panics.store(true, Ordering::SeqCst);
    put(&store, "a", &[placed("cup")]).await;
    app.run_until_idle().await.unwrap();
    assert_eq!(shelves(&app).await.len(), 1);
}

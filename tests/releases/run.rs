//! Running releases beside each other.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kenning::store::SagaStore;
use kenning::{Builder, CancellationToken, Kenning};
use tokio::task::JoinHandle;

use crate::support::Home;

/// What projections of all releases have seen: name of the event and stream.
#[derive(Clone, Debug, Default)]
pub struct Seen(Arc<Mutex<Vec<String>>>);

impl Seen {
    pub fn add(&self, what: impl Into<String>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(what.into());
    }

    /// Everything, in the order in which it was seen.
    pub fn raw(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Empties it.
    pub fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Sorted, since partitions have no order among each other, and each once: a note is no write
    /// of a transaction, and is made again when a lease was lost in the middle.
    pub fn all(&self) -> Vec<String> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        all.sort();
        all.dedup();
        all
    }
}

/// How long a lease lasts in these tests.
pub const LEASE: Duration = Duration::from_millis(800);

/// A builder on the home's store.
pub async fn builder<H: Home>(home: &H) -> Builder<H::Store>
where
    H::Store: SagaStore,
{
    Kenning::builder(home.store().await).lease(LEASE)
}

/// A release that runs.
pub struct Running {
    pub app: Kenning,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    pub fn new(app: Kenning) -> Self {
        let (stop, running) = (CancellationToken::new(), app.clone());
        let until = stop.clone();
        let task = tokio::spawn(async move { running.run(until).await.expect("it runs") });
        Self { app, stop, task }
    }

    /// Ends it in order: leases are given back.
    pub async fn stop(self) -> Kenning {
        self.stop.cancel();
        self.task.await.expect("it ends");
        self.app
    }

    /// Ends it at once: leases run out.
    pub async fn kill(self) {
        self.task.abort();
        // It was aborted, or had failed before.
        drop(self.task.await);
    }
}

/// Waits until something holds.
pub async fn until<T>(what: &str, mut check: impl AsyncFnMut() -> Option<T>) -> T {
    let waited = async {
        loop {
            if let Some(found) = check().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), waited)
        .await
        .unwrap_or_else(|_| panic!("not in 60 s: {what}"))
}

/// Waits until a partition of a consumer waits for another release; the event that it waits with.
pub async fn until_waits(app: &Kenning, consumer: &str) -> (String, u32) {
    until(&format!("{consumer} waits for another release"), async || {
        let status = app.consumer(consumer).status().await.expect("it is there");
        let waits = status.partitions.iter().find_map(|partition| partition.waits_for.clone())?;
        Some((waits.event.to_string(), waits.version))
    })
    .await
}

/// No event is parked.
pub async fn nothing_parked(app: &Kenning) {
    assert_eq!(app.parked().list().await.expect("the store answers"), []);
}

//! Where tests look into what a process writes.

use std::sync::Arc;

use super::MemoryStore;
use crate::store::{Append, BoxFuture, ClaimedSaga, SagaWrite, SagaWritten};

/// Looks into what a process writes, and may keep it from going on.
pub(crate) trait WriteProbe: Send + Sync {
    /// It is about to be written.
    fn before<'a>(&'a self, write: Writing<'a>) -> BoxFuture<'a, ()>;

    /// It is written, and the process does not know yet.
    fn after<'a>(&'a self, write: Writing<'a>) -> BoxFuture<'a, ()>;

    /// Ready while the process runs: its consumers wait here before they ask the store.
    fn running(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// What is written.
#[derive(Clone, Copy)]
pub(crate) enum Writing<'a> {
    /// To instances; afterwards with what became of it.
    Sagas(&'a [SagaWrite], &'a [SagaWritten]),
    /// The instances that a worker has from here on.
    Claim(&'a [ClaimedSaga]),
    /// Events.
    Append(&'a Append),
    /// What a consumer starts and delivers, with its checkpoint.
    HandOver(&'a [HandedOver]),
}

/// What the consumer of a saga does with an event.
pub(crate) struct HandedOver {
    /// The id of the instance.
    pub(crate) id: std::sync::Arc<str>,
    /// The step that waits for the event; `None`: the event starts the instance.
    pub(crate) step: Option<std::sync::Arc<str>>,
}

impl MemoryStore {
    /// The same store, as a process uses it that is looked into.
    pub(crate) fn probed(&self, probe: Arc<dyn WriteProbe>) -> Self {
        Self { shared: Arc::clone(&self.shared), probe: Some(probe) }
    }

    /// Whether a test looks into the process.
    pub(super) fn is_probed(&self) -> bool {
        self.probe.is_some()
    }

    /// Waits while the process is stopped.
    pub(super) async fn running(&self) {
        if let Some(probe) = &self.probe {
            probe.running().await;
        }
    }

    pub(super) async fn before(&self, write: Writing<'_>) {
        if let Some(probe) = &self.probe {
            probe.before(write).await;
        }
    }

    pub(super) async fn after(&self, write: Writing<'_>) {
        if let Some(probe) = &self.probe {
            probe.after(write).await;
        }
    }
}

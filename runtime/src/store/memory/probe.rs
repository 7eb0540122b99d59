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
}

impl MemoryStore {
    /// The same store, as a process uses it that is looked into.
    pub(crate) fn probed(&self, probe: Arc<dyn WriteProbe>) -> Self {
        Self { shared: Arc::clone(&self.shared), probe: Some(probe) }
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

//! Workers, and the instances that they own.

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;
use uuid::Uuid;

use super::{SagaEntry, SagaMessage, SagaRecord};

/// A process that runs sagas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SagaWorker {
    /// Drawn when it began.
    pub worker: Uuid,
    /// How long its lease lasts.
    pub duration: Duration,
    /// The definitions that it runs: names and fingerprints.
    pub definitions: Vec<(Arc<str>, u64)>,
}

/// What a worker learns when it renews its lease.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SagaRenewal {
    /// Whether its lease goes on.
    pub alive: bool,
    /// Those of its instances that have messages that no owner has taken note of.
    pub messages: Vec<Uuid>,
}

/// What a worker has room for.
///
/// First each saga gets its [share](WantedSaga::share), in the order in which they are named. Then
/// what is left is divided evenly among those that took all they could get so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SagaClaim {
    /// The worker.
    pub worker: Uuid,
    /// The most instances, of all sagas together.
    pub room: u32,
    /// The sagas.
    pub wanted: Vec<WantedSaga>,
}

/// A saga of which a worker has room for instances.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedSaga {
    /// Its name.
    pub saga: Arc<str>,
    /// The fingerprints of the definitions whose instances the worker can take on.
    pub definitions: Vec<u64>,
    /// How many instances it gets before the sagas named after it get any.
    pub share: u32,
    /// The most instances of this saga.
    pub room: u32,
}

/// What a worker has claimed.
#[derive(Clone, Debug, PartialEq)]
pub struct SagaClaims {
    /// The time.
    pub now: OffsetDateTime,
    /// The instances.
    pub claimed: Vec<ClaimedSaga>,
    /// In how long the next instance of the sagas and definitions asked for is due that was not claimed and that nobody owns: nothing when it is due already; `None` when none has a time.
    pub next_due: Option<Duration>,
}

/// An instance that a worker has claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedSaga {
    /// The instance, under its new epoch.
    pub record: SagaRecord,
    /// Its log.
    pub log: Vec<SagaEntry>,
    /// Everything that was left for it: at least as much as the record counts.
    pub messages: Vec<SagaMessage>,
    /// Its history is too large to be read with others: `log` and `messages` are empty. Read them by
    /// [`SagaStore::saga`](super::SagaStore::saga).
    pub unread: bool,
}

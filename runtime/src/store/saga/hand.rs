//! Giving instances to a worker together with their starts and with events for them: no claim is needed.

use std::sync::Arc;

use time::OffsetDateTime;
use uuid::Uuid;

use super::{ClaimedSaga, Delivery, NewSaga, SagaWrite};

/// The worker that is given instances, and the call by which it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SagaHand {
    /// The worker.
    pub worker: Uuid,
    /// Drawn for this transaction. See [`SagaStore::lose_sagas`](super::SagaStore::lose_sagas).
    pub claim: Uuid,
}

/// A start, with the first write to the instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SagaStart {
    /// The instance.
    pub saga: NewSaga,
    /// The write, if there is one. It has no migration and no reason, and does not end the instance.
    pub first: Option<SagaWrite>,
}

/// What became of starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SagaStarts {
    /// The time at which the instances were started.
    pub now: OffsetDateTime,
    /// What became of each.
    pub each: Vec<SagaStarted>,
}

/// What became of a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SagaStarted {
    /// An instance of the name and id exists: nothing was done.
    Existing,
    /// It is started and due.
    Due,
    /// It is started, its first write is done, and the worker owns it.
    Given {
        /// How many events were kept for it. They are not read yet.
        messages: u32,
    },
    /// It is started, its first write is done, and it has no owner. If events were kept for it, it is due.
    Resting {
        /// How many events were kept for it.
        messages: u32,
    },
}

/// Instances that a transaction has locked.
#[derive(Clone, Debug, PartialEq)]
pub struct HeldSagas {
    /// The time.
    pub now: OffsetDateTime,
    /// The instances, each with its history unless it has an owner.
    pub held: Vec<ClaimedSaga>,
}

/// A write to an instance, done with the events that are left for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SagaAdvance {
    /// The name of the saga.
    pub saga: Arc<str>,
    /// The id of the instance.
    pub id: Arc<str>,
    /// The write. It has no migration.
    pub write: SagaWrite,
}

/// What became of events, and of the writes with them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SagaDeliveries {
    /// What became of each event.
    pub outcomes: Vec<Delivery>,
    /// Whether each write was done.
    pub advanced: Vec<bool>,
    /// The time.
    pub now: OffsetDateTime,
}

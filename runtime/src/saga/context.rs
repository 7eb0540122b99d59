//! What a step is told beside the saga's data.

use std::fmt;
use std::sync::Arc;

use time::OffsetDateTime;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::key::{Direction, step_key};

/// What a step, or its undo, is told beside the saga's data: the services, and who and when it is.
pub struct StepContext<S> {
    services: Arc<S>,
    call: CallContext,
}

/// The same without the services.
#[derive(Clone, Debug)]
pub(crate) struct CallContext {
    pub(crate) saga: &'static str,
    pub(crate) id: Arc<str>,
    pub(crate) instance: Uuid,
    pub(crate) step: &'static str,
    /// The name of which its keys are drawn: the first that the step had.
    pub(crate) key_name: Arc<str>,
    pub(crate) direction: Direction,
    pub(crate) attempt: u32,
    pub(crate) correlation_id: Uuid,
    pub(crate) time: OffsetDateTime,
    pub(crate) cancelled: CancellationToken,
    pub(crate) heartbeat: watch::Sender<()>,
}

impl<S> StepContext<S> {
    pub(crate) fn new(services: Arc<S>, call: CallContext) -> Self {
        Self { services, call }
    }

    /// A context to call a step's function with in a test: the first attempt at a step of an instance, at a time.
    #[must_use]
    pub fn of(
        services: Arc<S>,
        saga: &'static str,
        id: &str,
        step: &'static str,
        time: OffsetDateTime,
    ) -> Self {
        Self::in_direction(Direction::Do, services, saga, id, step, time)
    }

    /// A context to call an undo's function with in a test: [`key`](Self::key) is that of the undo,
    /// [`step_key`](Self::step_key) that of the step.
    #[must_use]
    pub fn of_undo(
        services: Arc<S>,
        saga: &'static str,
        id: &str,
        step: &'static str,
        time: OffsetDateTime,
    ) -> Self {
        Self::in_direction(Direction::Undo, services, saga, id, step, time)
    }

    fn in_direction(
        direction: Direction,
        services: Arc<S>,
        saga: &'static str,
        id: &str,
        step: &'static str,
        time: OffsetDateTime,
    ) -> Self {
        let call = CallContext {
            saga,
            id: id.into(),
            instance: Uuid::nil(),
            step,
            key_name: step.into(),
            direction,
            attempt: 1,
            correlation_id: Uuid::nil(),
            time,
            cancelled: CancellationToken::new(),
            heartbeat: watch::Sender::new(()),
        };
        Self::new(services, call)
    }

    /// What the saga was registered with.
    #[must_use]
    pub fn services(&self) -> &S {
        &self.services
    }

    /// The idempotency key of this effect: the same for every attempt at this step of this instance, over retries,
    /// crashes, takeovers and [renames](crate::saga::Migrated::rename), and never that of another effect. An undo has a
    /// separate key. Send it with every call to the outside.
    #[must_use]
    pub fn key(&self) -> Uuid {
        step_key(self.call.instance, &self.call.key_name, self.call.direction)
    }

    /// The key under which the step itself was done: in an undo, that of what is to be undone; else the same as [`key`](Self::key). With it the outside can refuse a
    /// call of the step that arrives after its undo, from a process that was stopped meanwhile.
    #[must_use]
    pub fn step_key(&self) -> Uuid {
        step_key(self.call.instance, &self.call.key_name, Direction::Do)
    }

    /// The how many-th attempt this is, from 1. Attempts of processes that died count.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.call.attempt
    }

    /// The name of the saga.
    #[must_use]
    pub fn saga(&self) -> &'static str {
        self.call.saga
    }

    /// The id of the instance, as text.
    #[must_use]
    pub fn saga_id(&self) -> &str {
        &self.call.id
    }

    /// The name of the step.
    #[must_use]
    pub fn step(&self) -> &'static str {
        self.call.step
    }

    /// The conversation that the instance belongs to.
    #[must_use]
    pub fn correlation_id(&self) -> Uuid {
        self.call.correlation_id
    }

    /// When the attempt began, by the store's clock.
    #[must_use]
    pub fn time(&self) -> OffsetDateTime {
        self.call.time
    }

    /// Cancelled when the outcome is no longer needed: the saga was cancelled, failed, parked or terminated, the attempt
    /// timed out, the process is shutting down or lost its lease. A step may end early then; what it returns is recorded
    /// as long as this process has the instance. An error that it returns because of a shutdown costs no attempt.
    #[must_use]
    pub fn cancelled(&self) -> &CancellationToken {
        &self.call.cancelled
    }

    /// Says that a long step is at work: its timeout begins anew.
    pub fn heartbeat(&self) {
        self.call.heartbeat.send_replace(());
    }
}

impl<S> fmt::Debug for StepContext<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StepContext").field("call", &self.call).finish_non_exhaustive()
    }
}

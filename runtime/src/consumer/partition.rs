//! One leased partition, from its claim to its end.

mod blocked;
mod leave;
mod redo;
mod settle;
mod work;
mod write;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::backoff::pause;
use super::host::{Consumer, Foreign, Host};
use super::panic_text;
use super::trouble::Trouble;
use super::window::Window;
use crate::app::with_sources;
use crate::number::Position;
use crate::store::{ConsumerStore, Lease};

/// One leased partition.
pub(super) struct Partition<S> {
    pub(super) host: Arc<Host<S>>,
    pub(super) consumer: Arc<Consumer<S>>,
    pub(super) tail: Arc<Window>,
    pub(super) own: Arc<Window>,
    pub(super) lease: Lease,
    pub(super) stop: CancellationToken,
    /// The events that are left to other releases.
    pub(super) foreign: Arc<Foreign>,
    /// What the consumer was called when the store first had it.
    pub(super) first_name: Arc<str>,
    checkpoint: Mutex<Checkpoint>,
}

/// Where the stored checkpoint is.
#[derive(Clone, Copy)]
struct Checkpoint {
    stored: Position,
    /// A transaction that moves it there may have been committed.
    perhaps: Option<Position>,
}

/// How the work on a partition ended.
enum End {
    /// It was told to stop, and has stored how far it came.
    Stopped,
    /// The lease is somebody else's now.
    Lost,
    /// Its generation took the place of the live one: it goes on under a new lease.
    Swapped,
    /// Its next event is for another release, to which the partition was given.
    Left,
}

/// Says that the partition is run here, until it is dropped.
struct There<'a, S> {
    partition: &'a Partition<S>,
}

impl<'a, S> There<'a, S> {
    fn new(partition: &'a Partition<S>) -> Self {
        partition.host.board.begun(&partition.lease);
        Self { partition }
    }
}

impl<S> Drop for There<'_, S> {
    fn drop(&mut self) {
        self.partition.host.board.left(&self.partition.lease);
        self.partition.host.nudge.notify_one();
    }
}

impl<S: ConsumerStore> Partition<S> {
    pub(super) fn new(
        host: Arc<Host<S>>,
        consumer: Arc<Consumer<S>>,
        (tail, own): (Arc<Window>, Arc<Window>),
        lease: Lease,
        stop: CancellationToken,
        foreign: Arc<Foreign>,
        first_name: Arc<str>,
    ) -> Self {
        let checkpoint = Mutex::new(Checkpoint { stored: lease.position, perhaps: None });
        Self { host, consumer, tail, own, lease, stop, foreign, first_name, checkpoint }
    }

    /// Works until the lease is lost or the partition is told to stop. Whatever fails, panics included, is logged, counted and begun again at the checkpoint
    /// after a pause.
    pub(super) async fn supervise(self: Arc<Self>) {
        let _there = There::new(&self);
        loop {
            let work = AbortOnDropHandle::new(tokio::spawn(Arc::clone(&self).work()));
            let trouble = match work.await {
                Ok(Ok(End::Stopped | End::Swapped | End::Left)) => break,
                Ok(Ok(End::Lost)) => {
                    self.lost();
                    break;
                }
                Ok(Err(trouble)) => with_sources(&trouble),
                Err(ended) => match ended.try_into_panic() {
                    Ok(panic) => format!("it panicked: {}", panic_text(&*panic)),
                    // The runtime is shutting down.
                    Err(_) => break,
                },
            };
            if !self.pause_after(trouble).await {
                break;
            }
        }
    }

    fn lost(&self) {
        self.consumer.metrics.losses.increment(1);
        tracing::info!(
            consumer = &*self.lease.consumer,
            partition = self.lease.partition,
            epoch = self.lease.epoch,
            "a partition has gone to another worker"
        );
    }

    /// Waits after a failure; `false`: it is to stop.
    async fn pause_after(&self, trouble: String) -> bool {
        let failures = self.host.board.failed(&self.lease, trouble.clone());
        self.consumer.metrics.failures.increment(1);
        let pause = pause(self.consumer.options.backoff, failures);
        tracing::warn!(
            consumer = &*self.lease.consumer,
            partition = self.lease.partition,
            error = trouble,
            failures,
            "a consumer has failed and begins again at its checkpoint"
        );
        self.stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_some()
    }

    fn checkpoint(&self) -> MutexGuard<'_, Checkpoint> {
        self.checkpoint.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stored(&self) -> Position {
        self.checkpoint().stored
    }

    /// Where the checkpoint is, when it is not known whether the last transaction was committed; `None`: the lease is lost.
    async fn resolve(&self) -> Result<Option<Position>, Trouble> {
        let Checkpoint { stored, perhaps } = *self.checkpoint();
        let Some(perhaps) = perhaps else { return Ok(Some(stored)) };
        for position in [stored, perhaps] {
            // In this order: the first check waits for the transaction in question, should that still be under way.
            if self.host.store.checkpoint(&self.lease, position, position).await? {
                *self.checkpoint() = Checkpoint { stored: position, perhaps: None };
                if position > stored {
                    self.host.board.reached(&self.lease, position);
                }
                return Ok(Some(position));
            }
        }
        Ok(None)
    }
}

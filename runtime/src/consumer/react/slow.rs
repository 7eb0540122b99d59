//! Handlers that take long: they run beside the events of other streams.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::Notify;
use tokio_util::task::AbortOnDropHandle;

use crate::consumer::runner::Failure;
use crate::number::Position;
use crate::reactor::Effect;
use crate::store::BoxFuture;
use crate::stream::StreamName;

/// What a handler causes, or why that is not known.
pub(super) type Handled = Result<Vec<Effect>, Failure>;

/// A call of a handler, by the position of its event.
pub(super) type Call = BoxFuture<'static, (Position, Handled)>;

/// The slow handlers of a partition. They end with the session.
#[derive(Default)]
pub(super) struct Slow {
    /// The streams of those whose outcome was not taken yet.
    streams: HashMap<Position, StreamName>,
    shared: Arc<Shared>,
    tasks: Vec<AbortOnDropHandle<()>>,
}

#[derive(Default)]
struct Shared {
    ended: Arc<Notify>,
    /// The same, for those who wait for room.
    room: Notify,
    done: Mutex<Done>,
}

#[derive(Default)]
struct Done {
    /// What the handlers have ended with.
    outcomes: HashMap<Position, Handled>,
    /// Those of which nobody was told yet.
    untold: Vec<Position>,
}

impl Shared {
    fn done(&self) -> MutexGuard<'_, Done> {
        self.done.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slow {
    /// How many are running.
    pub(super) fn running(&self) -> usize {
        self.streams.len().saturating_sub(self.shared.done().outcomes.len())
    }

    /// Whether the handler of an event is running, or its outcome was not taken.
    pub(super) fn has(&self, position: Position) -> bool {
        self.streams.contains_key(&position)
    }

    /// What a handler has ended with.
    pub(super) fn take(&mut self, position: Position) -> Option<Handled> {
        let outcome = self.shared.done().outcomes.remove(&position)?;
        self.streams.remove(&position);
        Some(outcome)
    }

    /// Notified when a handler has ended.
    pub(super) fn ended(&self) -> Arc<Notify> {
        Arc::clone(&self.shared.ended)
    }

    /// Waits until a handler has ended.
    pub(super) async fn room(&self) {
        self.shared.room.notified().await;
    }

    /// The streams of handlers that have ended.
    pub(super) fn take_ended(&mut self) -> Vec<StreamName> {
        self.tasks.retain(|task| !task.is_finished());
        let untold = std::mem::take(&mut self.shared.done().untold);
        untold.iter().filter_map(|position| self.streams.get(position).cloned()).collect()
    }

    /// Has calls go on by themselves.
    pub(super) fn keep(&mut self, mut calls: FuturesUnordered<Call>, streams: Vec<(Position, StreamName)>) {
        self.streams.extend(streams);
        let shared = Arc::clone(&self.shared);
        let task = tokio::spawn(async move {
            while let Some((position, handled)) = calls.next().await {
                let mut done = shared.done();
                done.outcomes.insert(position, handled);
                done.untold.push(position);
                drop(done);
                shared.ended.notify_one();
                shared.room.notify_one();
            }
        });
        self.tasks.push(AbortOnDropHandle::new(task));
    }
}

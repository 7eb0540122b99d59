//! Has things go wrong in a run, and remembers everything that happens.

mod record;
mod script;

pub(super) use self::record::shown;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use time::OffsetDateTime;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::attempt::Attempt;
use super::definition::Release;
use super::tale::Line;
use super::twist::{Effect, Moment, Twist, Until};
use crate::number::Position;
use crate::saga::Doorbell;
use crate::store::{MemoryStore, SagaQuery, SagaRecord, SagaStore, SagaWhole};

/// What the world is told.
pub(super) enum Signal {
    /// Something was written to an instance.
    Wrote,
    /// An instance waits at a step from now on.
    Waiting {
        id: Arc<str>,
        step: Arc<str>,
    },
    /// A process has claimed an instance.
    Claimed(u32),
    Died(u32),
    Stopped(u32, Until),
    /// This release is deployed: processes that begin from now on run it.
    Deployed(Release),
    /// A process begins beside those that run.
    Beside,
    /// The processes of another release than the deployed one are told to stop.
    Drain,
    /// The consumer is paused no longer.
    Unpaused,
    /// The consumer is reset, so that events recorded since then are delivered again.
    Reset(OffsetDateTime),
    /// It goes round in circles.
    Endless,
}

/// Directs one run.
pub(super) struct Director {
    /// The store itself, not as a process uses it.
    pub(super) store: MemoryStore,
    saga: &'static str,
    began: Instant,
    several: bool,
    signals: mpsc::UnboundedSender<Signal>,
    state: Mutex<State>,
}

/// What is remembered of a run.
#[derive(Default)]
pub(super) struct State {
    /// What goes wrong, and whether it did.
    twists: Vec<(Twist, bool)>,
    passed: HashMap<(bool, Arc<str>), u32>,
    pub(super) moments: Vec<Moment>,
    /// The releases of the processes that came to them.
    pub(super) releases: Vec<Release>,
    /// Nothing goes wrong any more: how many attempts there were until then.
    pub(super) calm: Option<usize>,
    since_calm: usize,
    /// How many moments there were when the last thing went wrong.
    pub(super) from: usize,
    pub(super) attempts: Vec<Attempt>,
    pub(super) tale: Vec<Line>,
    /// What is wrong with it already.
    pub(super) broken: Vec<String>,
    /// How often each process was stopped.
    pauses: HashMap<u32, u32>,
    /// What each process has begun, and how often it had been stopped by then.
    begun: HashMap<(u32, Effect), u32>,
    doorbells: Vec<Arc<Doorbell>>,
    /// The events that the outside has recorded.
    pub(super) recorded: Vec<Recorded>,
}

/// An event that the outside has recorded.
#[derive(Clone, Copy, Debug)]
pub(super) struct Recorded {
    /// The place of the event among those of the test.
    pub(super) event: usize,
    pub(super) at: OffsetDateTime,
    pub(super) position: Position,
}

impl Director {
    pub(super) fn new(
        store: MemoryStore,
        saga: &'static str,
        several: bool,
        twists: Vec<Twist>,
    ) -> (Arc<Self>, mpsc::UnboundedReceiver<Signal>) {
        let (signals, told) = mpsc::unbounded_channel();
        let twists = twists.into_iter().map(|twist| (twist, false)).collect();
        let state = Mutex::new(State { twists, ..State::default() });
        let director = Self { store, saga, began: Instant::now(), several, signals, state };
        (Arc::new(director), told)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn recorded(&self, recorded: Recorded) {
        self.state().recorded.push(recorded);
    }

    pub(super) fn signal(&self, signal: Signal) {
        // The world may be at its end.
        drop(self.signals.send(signal));
    }

    /// Everything that is remembered.
    pub(super) fn end(&self) -> State {
        std::mem::take(&mut *self.state())
    }

    /// Tells all processes that something is due that was not before.
    pub(super) fn nudge(&self) {
        self.state().doorbells.iter().for_each(|doorbell| doorbell.due());
    }

    /// Tells the processes that run them that something was left for the instances, and all others that something is due.
    pub(super) fn ring(&self) {
        let records = self.records();
        for doorbell in &self.state().doorbells {
            records.iter().for_each(|record| doorbell.ring(&record.saga, &record.id));
        }
    }

    pub(super) fn add_doorbell(&self, doorbell: Arc<Doorbell>) {
        self.state().doorbells.push(doorbell);
    }

    /// An instance as it is now. The memory store answers at once.
    pub(super) fn whole(&self, id: &str) -> Option<SagaWhole> {
        self.store.saga(self.saga, id).now_or_never()?.ok()?
    }

    /// All instances as they are now.
    pub(super) fn records(&self) -> Vec<SagaRecord> {
        let query = SagaQuery { saga: Some(self.saga.to_owned()), limit: u32::MAX, ..SagaQuery::default() };
        self.store.sagas(&query).now_or_never().and_then(Result::ok).unwrap_or_default()
    }
}

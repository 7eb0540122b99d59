//! Has things go wrong in a run, and remembers everything that happens.

mod record;
mod script;

pub(super) use self::record::shown;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::attempt::Attempt;
use super::tale::Line;
use super::twist::{Effect, Moment, Twist, Until};
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

    fn signal(&self, signal: Signal) {
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

//! Attempts that this process did not bring to their end.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::AbortHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::run::Run;
use crate::saga::decide::{Begin, cut};
use crate::saga::progress::StepState;
use crate::store::SagaStore;

/// How long attempts may take after the process was told to stop. Then they are cut off, made again by others, and do
/// not count.
pub(super) const CUT: Duration = Duration::from_secs(8);

/// More are forgotten: then they count as attempts whose process has died.
const MOST: usize = 10_000;

/// Attempts that were cut off by the loss of the lease, while the process lives on: they do not count.
#[derive(Default)]
pub(crate) struct CutAttempts {
    known: Mutex<HashSet<Attempted>>,
}

/// An attempt: the instance, what it does, and its number.
type Attempted = (Uuid, Begin, u32);

impl CutAttempts {
    /// Whether an attempt was cut off here. It is forgotten by this.
    pub(super) fn take(&self, instance: Uuid, begin: Begin, attempt: u32) -> bool {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(&(instance, begin, attempt))
    }

    fn remember(&self, attempt: Attempted) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() < MOST {
            known.insert(attempt);
        }
    }
}

/// An attempt under way. Dropped before its end, it tells the step that its outcome is not wanted any more.
pub(super) struct UnderWay {
    attempt: Attempted,
    cancelled: CancellationToken,
    task: AbortHandle,
    cut: Arc<CutAttempts>,
    ended: bool,
}

impl UnderWay {
    pub(super) fn new(
        attempt: Attempted,
        cancelled: CancellationToken,
        task: AbortHandle,
        cut: Arc<CutAttempts>,
    ) -> Self {
        Self { attempt, cancelled, task, cut, ended: false }
    }

    /// Tells the step that its outcome is not wanted as it would be.
    pub(super) fn call_off(&self) {
        self.cancelled.cancel();
    }

    /// Its outcome is there.
    pub(super) fn ended(mut self) {
        self.ended = true;
    }

    /// Stops it where it is.
    pub(super) fn stop(mut self) {
        self.ended = true;
        self.cancelled.cancel();
        self.task.abort();
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        if !self.ended {
            self.cancelled.cancel();
            self.cut.remember(self.attempt);
        }
    }
}

impl<S: SagaStore> Run<S> {
    /// Attempts that this process has lost with its lease do not count.
    pub(super) fn recall(&mut self) {
        let text = "the process had lost its lease in the middle of the attempt";
        let now = self.now();
        for begin in self.open() {
            let attempt = self.attempt(begin);
            if self.worker.shared.cut.take(self.record.instance, begin, attempt) {
                let entry = cut(&self.saga.saga.about().table, &self.progress, begin, text);
                self.add(entry, now);
            }
        }
    }

    /// What was begun and has no outcome in the log.
    fn open(&self) -> Vec<Begin> {
        let steps = self.progress.steps.iter().enumerate().filter(|(_, step)| step.open);
        let mut open: Vec<Begin> = steps
            .filter_map(|(at, step)| match step.state {
                StepState::Begun => Some(Begin::Step(at)),
                StepState::Undoing => Some(Begin::Undo(at)),
                _ => None,
            })
            .collect();
        if self.progress.last_word.open && self.progress.last_word.state == StepState::Begun {
            open.push(Begin::LastWord);
        }
        open
    }

    /// The number of the last attempt.
    fn attempt(&self, begin: Begin) -> u32 {
        let step = |step: usize| self.progress.steps.get(step);
        match begin {
            Begin::Step(at) => step(at).map_or(0, |step| step.attempts),
            Begin::Undo(at) => step(at).map_or(0, |step| step.undo_attempts),
            Begin::LastWord => self.progress.last_word.attempts,
        }
    }

    /// Cuts off what is under way when the process was told to stop a while ago.
    pub(super) fn cut_off(&mut self) {
        if !self.worker.stop.is_cancelled() {
            return;
        }
        let stopping = *self.stopping.get_or_insert_with(Instant::now);
        if stopping.elapsed() < CUT || self.under_way.is_empty() {
            return;
        }
        let now = self.now();
        self.attempts.clear();
        for (begin, under_way) in std::mem::take(&mut self.under_way) {
            under_way.stop();
            self.set_busy(begin, false);
            let text = "the process was stopped in the middle of the attempt";
            let entry = cut(&self.saga.saga.about().table, &self.progress, begin, text);
            self.add(entry, now);
        }
    }
}

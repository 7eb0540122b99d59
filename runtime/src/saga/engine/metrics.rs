//! What sagas tell about themselves.

use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};

use crate::saga::any::About;
use crate::store::SagaEntryKind;

/// The handles of one saga's metrics.
pub(crate) struct SagaMetrics {
    pub(super) running: Gauge,
    pub(super) started: Counter,
    known: Counter,
    completed: Counter,
    compensations: Counter,
    compensated: Counter,
    parked: Counter,
    pub(super) lost: Counter,
    /// Attempts that the engine could not make, for faults that are not the step's.
    pub(super) faults: Counter,
    late: Counter,
    steps: Vec<StepMetrics>,
}

/// The handles of one step's metrics.
struct StepMetrics {
    seconds: Histogram,
    undo_seconds: Histogram,
    retries: Counter,
    failures: Counter,
}

impl SagaMetrics {
    pub(super) fn of(about: &About) -> Self {
        let saga = || about.name.to_string();
        let steps = about.table.steps.iter().map(|step| {
            let step = || step.name.to_string();
            StepMetrics {
                seconds: histogram!("kenning_saga_step_seconds", "saga" => saga(), "step" => step(), "direction" => "do"),
                undo_seconds: histogram!("kenning_saga_step_seconds", "saga" => saga(), "step" => step(), "direction" => "undo"),
                retries: counter!("kenning_saga_step_retries_total", "saga" => saga(), "step" => step()),
                failures: counter!("kenning_saga_step_failures_total", "saga" => saga(), "step" => step()),
            }
        });
        Self {
            running: gauge!("kenning_saga_running", "saga" => saga()),
            started: counter!("kenning_saga_started_total", "saga" => saga()),
            known: counter!("kenning_saga_starts_ignored_total", "saga" => saga()),
            completed: counter!("kenning_saga_completed_total", "saga" => saga()),
            compensations: counter!("kenning_saga_compensations_total", "saga" => saga()),
            compensated: counter!("kenning_saga_compensated_total", "saga" => saga()),
            parked: counter!("kenning_saga_parked_total", "saga" => saga()),
            lost: counter!("kenning_saga_lost_total", "saga" => saga()),
            faults: counter!("kenning_saga_faults_total", "saga" => saga()),
            late: counter!("kenning_saga_late_events_total", "saga" => saga()),
            steps: steps.collect(),
        }
    }

    /// An event came after the end of its instance.
    pub(crate) fn count_late(&self) {
        self.late.increment(1);
    }

    /// So many instances were started.
    pub(crate) fn count_started(&self, instances: u64) {
        self.started.increment(instances);
    }

    /// An event would have started an instance that is there already.
    pub(crate) fn count_known(&self) {
        self.known.increment(1);
    }

    /// An attempt at a step has ended.
    pub(super) fn took(&self, step: usize, undo: bool, duration: Duration) {
        if let Some(step) = self.steps.get(step) {
            if undo { &step.undo_seconds } else { &step.seconds }.record(duration);
        }
    }

    /// An entry was written, of the step at this place.
    pub(super) fn wrote(&self, kind: SagaEntryKind, step: Option<usize>) {
        let step = step.and_then(|step| self.steps.get(step));
        match kind {
            SagaEntryKind::Completed => self.completed.increment(1),
            SagaEntryKind::Compensating => self.compensations.increment(1),
            SagaEntryKind::Compensated => self.compensated.increment(1),
            SagaEntryKind::Parked => self.parked.increment(1),
            SagaEntryKind::Retry | SagaEntryKind::UndoRetry => {
                if let Some(step) = step {
                    step.retries.increment(1);
                }
            }
            SagaEntryKind::Failed
            | SagaEntryKind::Unknown
            | SagaEntryKind::UndoFailed
            | SagaEntryKind::TimedOut => {
                if let Some(step) = step {
                    step.failures.increment(1);
                }
            }
            _ => {}
        }
    }
}

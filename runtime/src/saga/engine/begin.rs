//! Beginning what was recorded as an intent.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use super::attempt::Attempt;
use super::cut::UnderWay;
use super::run::Run;
use crate::consumer::panic_text;
use crate::saga::command::Sender;
use crate::saga::context::CallContext;
use crate::saga::decide::Begin;
use crate::saga::error::StepError;
use crate::saga::key::{Direction, derived, step_key};
use crate::store::SagaStore;

impl<S: SagaStore> Run<S> {
    /// Begins what was recorded as an intent.
    pub(super) fn begin(&mut self, begin: Begin) {
        let about = self.saga.saga.about();
        let (step, direction) = match begin {
            Begin::Step(step) => (Some(step), Direction::Do),
            Begin::Undo(step) => (Some(step), Direction::Undo),
            Begin::LastWord => (None, Direction::Do),
        };
        let table_step = step.and_then(|step| about.table.steps.get(step));
        let progress = step.and_then(|step| self.progress.steps.get(step));
        let attempt = match begin {
            Begin::Step(_) => progress.map_or(1, |step| step.attempts),
            Begin::Undo(_) => progress.map_or(1, |step| step.undo_attempts),
            Begin::LastWord => self.progress.last_word.attempts,
        };
        let heartbeat = watch::Sender::new(());
        let heartbeats = heartbeat.subscribe();
        let cancelled = CancellationToken::new();
        let name = table_step.map_or("", |step| step.info.name);
        let faults = self.worker.shared.faults;
        let key_name = match faults.renamed_step_draws_new_key {
            true => name.into(),
            false => self.progress.key_name(name),
        };
        let key_of = if faults.key_without_instance { Uuid::nil() } else { self.record.instance };
        let command_id = match step {
            Some(_) => step_key(key_of, &key_name, direction),
            None => derived(key_of, &["failed"]),
        };
        let number = attempt;
        let blocks = table_step.is_some_and(|step| match direction {
            Direction::Do => step.info.blocking,
            Direction::Undo => step.info.undo_blocking,
        });
        let attempt = Attempt {
            begin,
            instance: Arc::clone(&self.instance),
            call: CallContext {
                saga: about.static_name,
                id: Arc::clone(&self.record.id),
                instance: key_of,
                step: name,
                key_name,
                direction,
                attempt,
                correlation_id: self.record.correlation_id,
                time: self.now(),
                cancelled: cancelled.clone(),
                heartbeat,
            },
            heartbeats,
            timeout: table_step.and_then(|step| step.info.timeout),
            outputs: self.progress.outputs(),
            output: progress.and_then(|step| step.output.clone()),
            failure: self.progress.failure.clone(),
            app: self.worker.shared.app(),
            sender: Sender {
                command_id,
                correlation_id: self.record.correlation_id,
                causation_id: self.record.instance,
            },
            watch: self.worker.shared.watch.clone(),
            blocking: blocks.then(|| Arc::clone(&self.worker.shared.blocking)),
        };
        self.worker.shared.watch.begun(&attempt.call, command_id);
        let began = Instant::now();
        // A separate task: it continues while something else is recorded, and its panic ends nothing else.
        let task = tokio::spawn(self.worker.shared.watch.task(attempt.run()));
        let cut = Arc::clone(&self.worker.shared.cut);
        let attempt = (self.record.instance, begin, number);
        self.under_way.insert(begin, UnderWay::new(attempt, cancelled, task.abort_handle(), cut));
        let task = AbortOnDropHandle::new(task);
        self.attempts.push(Box::pin(async move {
            let attempted = task.await.unwrap_or_else(|ended| {
                Err(StepError::retry(match ended.try_into_panic() {
                    Ok(panic) => format!("it panicked: {}", panic_text(&*panic)),
                    Err(ended) => ended.to_string(),
                }))
            });
            (begin, began.elapsed(), attempted)
        }));
    }
}

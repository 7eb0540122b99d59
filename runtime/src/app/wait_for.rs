//! Reading one's own writes: waiting until read models have an accepted command's events.

use std::any::TypeId;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::error::ExecuteError;
use super::executed::Executed;
use crate::clock::after;
use crate::consumer::ReadSide;
use crate::event_set::EventSet;
use crate::read_model::ReadModel;

/// How long a command waits for read models, if nothing is said.
const TIMEOUT: Duration = Duration::from_secs(5);

/// How long the store is asked who runs a read model that was waited for in vain.
const ASKED: Duration = Duration::from_secs(1);

/// The read models that a command waits for.
pub(super) struct Waits {
    read_models: Vec<(TypeId, &'static str)>,
    pub(super) timeout: Duration,
}

impl Default for Waits {
    fn default() -> Self {
        Self { read_models: Vec::new(), timeout: TIMEOUT }
    }
}

impl Waits {
    pub(super) fn add<M: ReadModel>(&mut self) {
        self.read_models.push((TypeId::of::<M>(), std::any::type_name::<M>()));
    }

    /// Refuses read models that the application does not run, before anything is done.
    pub(super) fn check<R>(&self, read_side: Option<&Arc<dyn ReadSide>>) -> Result<(), ExecuteError<R>> {
        for (id, read_model) in &self.read_models {
            if read_side.and_then(|read_side| read_side.name(*id)).is_none() {
                return Err(ExecuteError::ReadModelNotRegistered { read_model });
            }
        }
        Ok(())
    }

    /// Waits until each read model has done the command's last event.
    pub(super) async fn seen<E: EventSet, R>(
        &self,
        read_side: Option<&Arc<dyn ReadSide>>,
        executed: &Executed<E>,
    ) -> Result<(), ExecuteError<R>> {
        let (Some(read_side), Some(position)) = (read_side, executed.position()) else { return Ok(()) };
        let deadline = after(Instant::now(), self.timeout);
        for (id, read_model) in &self.read_models {
            if !E::EVENTS.iter().any(|event| read_side.handles(*id, event.name)) {
                continue;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            // Whatever the wait fails with, the events are there: no error may say that they are not.
            let seen = read_side.wait(*id, executed.stream(), position, left).await;
            if !matches!(seen, Ok(true)) {
                if let Err(error) = seen {
                    tracing::warn!(
                        read_model,
                        error = super::with_sources(&error),
                        "a read model could not be waited for"
                    );
                }
                let running = is_run(&**read_side, *id).await;
                return Err(ExecuteError::NotSeen {
                    running,
                    read_model,
                    stream: executed.stream().clone(),
                    version: executed.version(),
                    position,
                });
            }
        }
        Ok(())
    }
}

/// Whether a process is known to run a read model.
async fn is_run(read_side: &dyn ReadSide, read_model: TypeId) -> bool {
    let Some(name) = read_side.name(read_model) else { return false };
    let records = read_side.records(&name);
    // A store that does not answer leaves it open.
    let Ok(Ok(records)) = tokio::time::timeout(ASKED, records).await else { return true };
    records.iter().flat_map(|record| &record.partitions).any(|partition| partition.worker.is_some())
}

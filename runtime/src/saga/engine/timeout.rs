//! What a wait goes on with when its time is over.

use super::attempt::caught;
use super::run::Run;
use crate::app::with_sources;
use crate::limits::MAX_PAYLOAD;
use crate::saga::decide::{of_saga, of_step};
use crate::saga::fault::FaultKind;
use crate::store::{NewSagaEntry, SagaEntryKind, SagaStore};

impl<S: SagaStore> Run<S> {
    /// The time of a wait is over, and it goes on with an output of its own. One that cannot be made parks the instance,
    /// which waits still: asked to go on, it tries again.
    pub(super) fn timed_out(&self, step: usize) -> NewSagaEntry {
        let table = &self.saga.saga.about().table;
        let output =
            caught(FaultKind::Unreadable, "the function of `on_timeout`", || self.instance.timed_out(step));
        match output {
            Ok(output) if output.len() <= MAX_PAYLOAD => {
                let text = Some("the event did not come in time".to_owned());
                NewSagaEntry { output: Some(output), text, ..of_step(SagaEntryKind::Done, table, step) }
            }
            output => {
                let why = match output {
                    Ok(output) => {
                        format!("what it goes on with has {} bytes, which is too large", output.len())
                    }
                    Err(error) => with_sources(error.error()),
                };
                let name = table.steps.get(step).map(|step| &*step.name).unwrap_or_default();
                let reason = format!("the time of `{name}` is over, and it cannot go on: {why}");
                of_saga(SagaEntryKind::Parked, None, Some(reason))
            }
        }
    }
}

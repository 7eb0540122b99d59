//! Waits of earlier definitions for events that come no more.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::look_around::PAGE;
use super::worker::Worker;
use crate::saga::SagaDescription;
use crate::saga::step::StepKind;
use crate::store::{SagaDefinitionRecord, SagaQuery, SagaRequest, SagaStatus, SagaStore, StoreError};

/// A wait of an earlier definition for an event that no wait of this release takes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct GoneWait {
    pub(super) saga: Arc<str>,
    pub(super) definition: u64,
    pub(super) step: String,
    /// Whether a process runs the definition, which may start more instances of it.
    live: bool,
}

/// The waits of `old` for events that no wait of `new` takes.
pub(super) fn gone_waits<'a>(
    record: &'a SagaDefinitionRecord,
    old: &'a SagaDescription,
    new: &'a SagaDescription,
    saga: &'a Arc<str>,
) -> impl Iterator<Item = GoneWait> + 'a {
    let takes = |event: &str| {
        new.steps.iter().any(|step| matches!(&step.kind, StepKind::Wait { event: one, .. } if one == event))
    };
    let gone = old.steps.iter().filter(move |step| match &step.kind {
        StepKind::Wait { event, .. } => !takes(event),
        _ => false,
    });
    gone.map(|step| GoneWait {
        saga: Arc::clone(saga),
        definition: record.definition,
        step: step.name.clone(),
        live: record.live,
    })
}

impl<S: SagaStore> Worker<S> {
    /// Wakes what waits for events that come no more, whenever the definitions have changed that are taken on, or the
    /// processes that run them.
    pub(super) async fn wake(&self) -> Result<(), StoreError> {
        let plans = self.plans();
        let mut woken = self.woken.lock().await;
        if *woken != plans.gone {
            self.wake_gone_waits(&plans.gone).await?;
            woken.clone_from(&plans.gone);
        }
        Ok(())
    }

    /// Has instances continue that wait for an event which this release waits for no more: the consumer of the saga does not
    /// bring it, so that they would stay as they are until the time of the wait is over. They are migrated, or parked with a reason.
    async fn wake_gone_waits(&self, gone: &BTreeSet<GoneWait>) -> Result<(), StoreError> {
        for wait in gone {
            let mut query = SagaQuery {
                saga: Some(wait.saga.to_string()),
                status: Some(SagaStatus::Waiting),
                step: Some(wait.step.clone()),
                limit: PAGE,
                ..SagaQuery::default()
            };
            let mut woken = 0_u64;
            loop {
                let page = self.shared.store.sagas(&query).await?;
                for waiting in page.iter().filter(|record| record.definition == wait.definition) {
                    self.shared.store.request_saga(&waiting.saga, &waiting.id, &SagaRequest::Retry).await?;
                    woken += 1;
                }
                let Some(last) = page.last().filter(|_| page.len() >= PAGE as usize) else { break };
                query.after = Some((last.saga.to_string(), last.id.to_string()));
            }
            if woken > 0 {
                let (saga, step) = (&*wait.saga, &*wait.step);
                tracing::info!(
                    saga,
                    step,
                    instances = woken,
                    "saga wait removed: its instances are continued"
                );
                self.shared.doorbell.due();
            }
        }
        Ok(())
    }
}

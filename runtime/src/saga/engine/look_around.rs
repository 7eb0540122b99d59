//! What a worker looks for when it begins: instances that stand still.

use std::collections::BTreeSet;

use metrics::gauge;

use super::adopt::STRANDED;
use super::gone::GoneWait;
use super::shared::RegisteredSaga;
use super::worker::Worker;
use crate::app::with_sources;
use crate::store::{SagaQuery, SagaRequest, SagaStatus, SagaStore, StoreError};

const TASK: &str = "sagas";

/// How many instances are read at once.
const PAGE: u32 = 1_000;

impl<S: SagaStore> Worker<S> {
    /// Has instances continue that were parked only because no process ran their definition, and reports those of sagas
    /// that are not registered here. What fails is logged: the next life looks again.
    pub(super) async fn look_around(&self) {
        let looked = async {
            for main in self.shared.mains() {
                self.unstrand(main).await?;
            }
            for (saga, status, instances) in self.shared.store.count_sagas().await? {
                if !status.is_end() && self.shared.of_name(&saga).is_none() {
                    tracing::warn!(saga, %status, instances, "saga is not registered, its instances stand still");
                    gauge!("kenning_saga_unregistered", "saga" => saga, "status" => status.as_str())
                        .set(u32::try_from(instances).unwrap_or(u32::MAX));
                }
            }
            Ok::<_, StoreError>(())
        };
        match tokio::time::timeout(self.every(), looked).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(task = TASK, error = with_sources(&error), "sagas cannot be counted");
            }
            Err(_) => tracing::warn!(task = TASK, "sagas were not counted in time"),
        }
    }

    /// Has instances continue that wait for an event which this release waits for no more: the consumer of the saga does not
    /// bring it, so that they would stay as they are until the time of the wait is over. They are migrated, or parked with a reason.
    pub(super) async fn wake_gone_waits(&self, gone: &BTreeSet<GoneWait>) -> Result<(), StoreError> {
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

    async fn unstrand(&self, main: &RegisteredSaga) -> Result<(), StoreError> {
        let about = main.saga.about();
        let query = SagaQuery {
            saga: Some(about.name.to_string()),
            status: Some(SagaStatus::Parked),
            limit: PAGE,
            ..SagaQuery::default()
        };
        for parked in self.shared.store.sagas(&query).await? {
            let stranded = parked.reason.as_deref().is_some_and(|reason| reason.starts_with(STRANDED));
            if stranded && parked.version == about.version && parked.definition == about.fingerprint {
                tracing::info!(
                    saga = &*parked.saga,
                    id = &*parked.id,
                    "saga instance resumed: its release is back"
                );
                self.shared.store.request_saga(&parked.saga, &parked.id, &SagaRequest::Retry).await?;
            }
        }
        Ok(())
    }
}

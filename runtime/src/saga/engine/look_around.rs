//! What a worker looks for when it begins: instances that nothing moves.

use std::time::Duration;

use metrics::gauge;

use super::adopt::{is_left_over, is_stranded};
use super::shared::RegisteredSaga;
use super::worker::Worker;
use crate::app::with_sources;
use crate::store::{SagaQuery, SagaRequest, SagaStatus, SagaStore, StoreError};

const TASK: &str = "sagas";

/// How many instances are read at once.
pub(super) const PAGE: u32 = 1_000;

impl<S: SagaStore> Worker<S> {
    /// Has instances continue that were parked only because no process ran their definition, and reports those of sagas
    /// that are not registered here. What fails is tried again until it has succeeded. It looks a second time after two
    /// leases: until then a process of another release, which did not yet see this one, may have parked more of them.
    pub(super) async fn look_around(&self) {
        self.look_until_done().await;
        tokio::time::sleep(self.shared.lease * 2).await;
        self.look_until_done().await;
    }

    /// Looks after each saga on its own, so that one with many instances does not take the time of the others.
    async fn look_until_done(&self) {
        let mut left: Vec<_> = self.shared.mains().map(Some).chain([None]).collect();
        let mut pause = self.every() / 4;
        loop {
            let mut failed = Vec::new();
            for look in left {
                let looked = async {
                    match look {
                        Some(main) => self.unstrand(main).await,
                        None => self.report_unregistered().await,
                    }
                };
                let error = match tokio::time::timeout(self.shared.lease, looked).await {
                    Ok(Ok(())) => continue,
                    Ok(Err(error)) => with_sources(&error),
                    Err(_) => "the store does not answer".to_owned(),
                };
                let saga = look.map(|main| &*main.saga.about().name);
                tracing::warn!(task = TASK, saga, error, "saga instances were not read, this is tried again");
                failed.push(look);
            }
            if failed.is_empty() {
                return;
            }
            left = failed;
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(60).max(self.every()));
        }
    }

    /// Reports instances that have not ended, of sagas that are not registered here.
    async fn report_unregistered(&self) -> Result<(), StoreError> {
        for (saga, status, instances) in self.shared.store.count_sagas().await? {
            if !status.is_end() && self.shared.of_name(&saga).is_none() {
                tracing::warn!(saga, %status, instances, "saga is not registered, its instances stand still");
                gauge!("kenning_saga_unregistered", "saga" => saga, "status" => status.as_str())
                    .set(u32::try_from(instances).unwrap_or(u32::MAX));
            }
        }
        Ok(())
    }

    /// Has instances continue that follow a definition of this release and were parked by one that does not have it, and
    /// those that were parked since no process ran their definition, if this release takes that on.
    async fn unstrand(&self, main: &RegisteredSaga) -> Result<(), StoreError> {
        let about = main.saga.about();
        let taken = self.plans().of(&about.name);
        let mut query = SagaQuery {
            saga: Some(about.name.to_string()),
            status: Some(SagaStatus::Parked),
            limit: PAGE,
            ..SagaQuery::default()
        };
        loop {
            let page = self.shared.store.sagas(&query).await?;
            for parked in &page {
                let Some(reason) = parked.reason.as_deref() else { continue };
                let own = self.shared.of_definition(&parked.saga, parked.definition).is_some();
                let later = parked.version <= about.version && taken.contains(&parked.definition);
                if own && is_left_over(reason) || later && is_stranded(reason) {
                    let (saga, id) = (&*parked.saga, &*parked.id);
                    tracing::info!(saga, id, "saga instance resumed: this release runs its definition");
                    self.shared.store.request_saga(saga, id, &SagaRequest::Retry).await?;
                }
            }
            let Some(last) = page.last().filter(|_| page.len() >= PAGE as usize) else { return Ok(()) };
            query.after = Some((last.saga.to_string(), last.id.to_string()));
        }
    }
}

//! Projections that start again, with their tables.

use super::host::{Consumer, Host};
use super::trouble::is_trouble;
use crate::app::with_sources;
use crate::projection::Restart;
use crate::read_model::HandleError;
use crate::store::{ConsumerStore, Start, StoreError};

/// What to write so that a projection can start again.
const WRITE: &str = "write a function `#[begin] async fn begin(&self, tx: &mut PgTransaction<'_>) -> Result<(), sqlx::Error>` in its block \
     that empties its tables, or `idempotent = \"why\"` in `#[projection(…)]` if handling its events again changes nothing";

/// Refuses what would write the events of a projection a second time.
pub(super) fn refuse<S>(consumer: &Consumer<S>, what: &str) -> Result<(), StoreError> {
    if consumer.restart != Restart::Refused {
        return Ok(());
    }
    Err(StoreError::Unsuitable(format!(
        "the projection `{}` cannot {what}: it would write its events into its tables a second time; {WRITE}",
        consumer.spec.name
    )))
}

/// Has a projection start again, in one transaction: first no batch of the one before can commit
/// any more, then its tables are prepared.
pub(super) async fn restart<S: ConsumerStore>(
    host: &Host<S>,
    consumer: &Consumer<S>,
    start: Start,
) -> Result<(), StoreError> {
    let (store, timeout) = (&host.store, consumer.options.timeout);
    let mut transaction = store.begin_batch(consumer.spec.kind, host.lease.max(timeout)).await?;
    let prepared = async {
        store.restart_in(&mut transaction, &consumer.spec, start).await?;
        if consumer.restart != Restart::Begin {
            return Ok(());
        }
        match tokio::time::timeout(timeout, consumer.runner.begin(&mut transaction)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) if is_trouble(&*error) => Err(StoreError::Unavailable(error)),
            Ok(Err(error)) => Err(failed(consumer, &with_sources(&*error))),
            Err(_) => Err(failed(consumer, &HandleError::TimedOut(timeout).to_string())),
        }
    };
    let prepared = prepared.await;
    if let Err(error) = prepared {
        store.abandon(transaction);
        return Err(error);
    }
    store.commit(transaction).await?;
    host.nudge.notify_one();
    tracing::info!(
        consumer = &*consumer.spec.name,
        version = consumer.spec.version,
        "projection starts again"
    );
    Ok(())
}

fn failed<S>(consumer: &Consumer<S>, why: &str) -> StoreError {
    let name = &consumer.spec.name;
    StoreError::Unsuitable(format!(
        "the projection `{name}` cannot start: its `#[begin]` function failed: {why}"
    ))
}

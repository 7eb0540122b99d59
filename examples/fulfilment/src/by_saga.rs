//! How far orders are that sagas fulfil.

use std::time::Duration;

use fulfilment::Fulfilment;
use futures_util::{StreamExt, TryStreamExt, stream};
use kenning::saga::SagaError;
use kenning::store::{SagaEntryKind, SagaStatus};
use kenning::{Kenning, Saga};
use tokio::time::{Instant, sleep};

use crate::Failure;
use crate::place::{PATIENCE, PAUSE, number};
use crate::summary::{Ends, Work};

/// How many are listed at once.
const PAGE: u32 = 1_000;

/// How many logs are read at once.
const READS: usize = 16;

/// How often it is asked whether all have come to their end.
const POLL: Duration = Duration::from_millis(50);

/// After so long it is asked one by one, whatever other orders there are.
const CLOSER: Duration = Duration::from_secs(2);

/// The ends by now of the orders up to this number.
pub(crate) async fn ends(app: &Kenning, orders: u64) -> Result<Ends, SagaError> {
    let mut ends = Ends::default();
    let mut query = app.sagas().of::<Fulfilment>().limit(PAGE);
    loop {
        let page = query.list().await?;
        for record in page.iter().filter(|record| number(&record.id).is_some_and(|number| number <= orders)) {
            match record.status {
                SagaStatus::Completed => ends.completed += 1,
                SagaStatus::Compensated => ends.compensated += 1,
                SagaStatus::Parked => ends.parked += 1,
                _ => {}
            }
        }
        match page.last() {
            Some(last) if page.len() == PAGE as usize => {
                query = app.sagas().of::<Fulfilment>().limit(PAGE).after(last);
            }
            _ => return Ok(ends),
        }
    }
}

/// Waits until all orders up to this number have come to their end.
pub(crate) async fn wait(app: &Kenning, orders: u64) -> Result<(), Failure> {
    let mut looked = Instant::now();
    while !patiently(async || ended(app, orders, &mut looked).await).await? {
        sleep(POLL).await;
    }
    Ok(())
}

/// Asks until there is an answer: a store that is away comes back.
pub(crate) async fn patiently<T>(mut ask: impl AsyncFnMut() -> Result<T, SagaError>) -> Result<T, Failure> {
    let begun = Instant::now();
    loop {
        match ask().await {
            Ok(answer) => return Ok(answer),
            Err(SagaError::Store(_)) if begun.elapsed() < PATIENCE => sleep(PAUSE).await,
            Err(error) => return Err(error.into()),
        }
    }
}

/// Counting is cheap, looking at each is not: that is done when it is likely that all have ended.
async fn ended(app: &Kenning, orders: u64, looked: &mut Instant) -> Result<bool, SagaError> {
    let counts = app.sagas().count().await?;
    let of_orders = counts.iter().filter(|(saga, ..)| saga == Fulfilment::NAME);
    let (mut all, mut open) = (0, 0);
    for (_, status, many) in of_orders {
        all += many;
        if !status.is_end() && *status != SagaStatus::Parked {
            open += many;
        }
    }
    if all < orders || (open > 0 && looked.elapsed() < CLOSER) {
        return Ok(false);
    }
    *looked = Instant::now();
    Ok(ends(app, orders).await?.all() == orders)
}

/// What the logs of the orders up to this number say was done.
pub(crate) async fn work(app: &Kenning, orders: u64) -> Result<Work, SagaError> {
    let logs = stream::iter(1..=orders)
        .map(|number| app.sagas().instance(Fulfilment::NAME, format!("order-{number}")))
        .map(|instance| async move { instance.show().await })
        .buffer_unordered(READS);
    logs.try_fold(Work::default(), async |mut work, instance| {
        for entry in instance.iter().flat_map(|instance| &instance.log) {
            match entry.entry.kind {
                SagaEntryKind::Done | SagaEntryKind::Undone | SagaEntryKind::FailureSent => work.steps += 1,
                SagaEntryKind::Retry | SagaEntryKind::UndoRetry | SagaEntryKind::FailureRetry => {
                    work.retries += 1;
                }
                _ => {}
            }
        }
        Ok(work)
    })
    .await
}

//! Running the consumers of an application, and looking after them.

use std::any::{TypeId, type_name};
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::Kenning;
use crate::consumer::{
    Beside, ConsumerError, ConsumerHandle, ConsumerStatus, ParkedEvents, ReadSide, Rebuild, RunError,
};
use crate::read_model::ReadModel;
use crate::saga::SagaSide;
use crate::store::{BoxFuture, StoreError};

impl Kenning {
    /// Runs all consumers and sagas, together with other processes that run them, until the token fires or the application is closed. Then it drains: batches under way come
    /// to their end within 10 s or are done again by whoever goes on, checkpoints are stored, leases given back.
    ///
    /// Whatever fails in a consumer is logged, counted and tried again, and holds no other one up; the [manual](crate::docs::consumers) has more. Dropping the future stops the consumers at once; their leases run out by themselves.
    ///
    /// # Errors
    /// [`RunError::Running`] while they are running already, [`RunError::Closed`] when the application or its store was closed before.
    pub async fn run(&self, until: CancellationToken) -> Result<(), RunError> {
        let Some(_inside) = self.inner.gate.enter() else { return Err(RunError::Closed) };
        // The token is the caller's: what ends one side ends the other, and nothing else of theirs.
        let stop = until.child_token();
        let consumers = async {
            let ended = match &self.inner.read_side {
                Some(read_side) => read_side.run(stop.clone()).await,
                None => {
                    let mut closed = self.inner.gate.listen();
                    let closed = std::pin::pin!(closed.wait_for(|closed| *closed));
                    futures_util::future::select(std::pin::pin!(stop.cancelled()), closed).await;
                    Ok(())
                }
            };
            stop.cancel();
            ended
        };
        let (consumed, sagas) = futures_util::future::join(consumers, self.run_sagas(stop.clone())).await;
        consumed.and(sagas)
    }

    /// Runs the consumers alone, for tests that begin the sagas later.
    #[cfg(feature = "testing")]
    pub(crate) async fn run_consumers(&self, stop: CancellationToken) -> Result<(), RunError> {
        match &self.inner.read_side {
            Some(read_side) => read_side.run(stop).await,
            None => Ok(()),
        }
    }

    /// Runs the sagas, if there are any, until the token fires.
    async fn run_sagas(&self, stop: CancellationToken) -> Result<(), RunError> {
        let Some(saga_side) = &self.inner.saga_side else { return Ok(()) };
        let ended = saga_side.run(stop.clone()).await;
        stop.cancel();
        Ok(ended?)
    }

    /// Runs all consumers until they have done everything that was there when this was called, the requests on parked events included, and what is being built has
    /// taken its place, and until every saga has come to its end, waits, or is parked, and the consumers have done what the sagas have caused; for tests and scripts. With a reactor or a saga among them, until they have done everything that there is, since what it causes is of them. Partitions that other processes run are waited for, paused consumers are not.
    ///
    /// # Errors
    /// As [`run`](Self::run); and when a consumer does not get on however often it is tried, or the store cannot be asked.
    pub async fn run_until_idle(&self) -> Result<(), RunError> {
        let Some(_inside) = self.inner.gate.enter() else { return Err(RunError::Closed) };
        match (&self.inner.read_side, &self.inner.saga_side) {
            (Some(read_side), None) => read_side.run_until_idle(&Always).await,
            (Some(read_side), Some(saga_side)) => {
                let stop = CancellationToken::new();
                let consumers = async {
                    let ended = read_side.run_until_idle(&NotBusy(&**saga_side)).await;
                    stop.cancel();
                    ended
                };
                let (consumed, sagas) =
                    futures_util::future::join(consumers, self.run_sagas(stop.clone())).await;
                consumed.and(sagas)
            }
            (None, _) => Ok(()),
        }
    }

    /// How all consumers are, by name; also those that only other processes run. None for an application that was built without any.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn consumers(&self) -> Result<Vec<ConsumerStatus>, ConsumerError> {
        match &self.inner.read_side {
            Some(read_side) => Ok(read_side.status().await?),
            None => Ok(Vec::new()),
        }
    }

    /// One consumer, to be asked or told something: of a read model the name is that of its table.
    #[must_use]
    pub fn consumer(&self, name: impl Into<String>) -> ConsumerHandle {
        ConsumerHandle::new(self.inner.read_side.clone(), name.into())
    }

    /// The events that consumers could not handle, and those that wait behind them.
    pub fn parked(&self) -> ParkedEvents {
        ParkedEvents::new(self.inner.read_side.clone(), Arc::clone(&self.inner.store))
    }

    /// Builds a read model anew beside the old one, which goes on serving, and then puts it in the old one's place. This only begins it, or joins the building
    /// that is under way; it is done by whoever [runs](Self::run) the consumers, and goes on where it stood after a restart.
    ///
    /// # Errors
    /// When the read model is not registered, or the store cannot be asked.
    pub async fn rebuild<M: ReadModel>(&self) -> Result<Rebuild, ConsumerError> {
        let unknown = || ConsumerError::NotRegistered { consumer: type_name::<M>() };
        let read_side: &Arc<dyn ReadSide> = self.inner.read_side.as_ref().ok_or_else(unknown)?;
        let name = read_side.name(TypeId::of::<M>()).ok_or_else(unknown)?;
        let generation = read_side.rebuild(&name).await?.ok_or_else(unknown)?;
        Rebuild::begun(Arc::clone(read_side), name, generation).await
    }
}

/// Nothing has to be idle beside the consumers.
struct Always;

impl Beside for Always {
    fn is_idle(&self) -> BoxFuture<'_, Result<bool, StoreError>> {
        Box::pin(async { Ok(true) })
    }
}

/// The sagas have to be idle beside the consumers.
struct NotBusy<'a>(&'a dyn SagaSide);

impl Beside for NotBusy<'_> {
    fn is_idle(&self) -> BoxFuture<'_, Result<bool, StoreError>> {
        Box::pin(async { Ok(!self.0.is_busy().await?) })
    }

    fn waits_for_more(&self) -> bool {
        true
    }
}

//! Running the consumers of an application, and looking after them.

use std::any::{TypeId, type_name};
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::Kenning;
use crate::consumer::{
    ConsumerError, ConsumerHandle, ConsumerStatus, ParkedEvents, ReadSide, Rebuild, RunError,
};
use crate::read_model::ReadModel;

impl Kenning {
    /// Runs all consumers, together with other processes that run them, until the token fires or the application is closed. Then it drains: batches under way come
    /// to their end within 10 s or are done again by whoever goes on, checkpoints are stored, leases given back.
    ///
    /// Whatever fails in a consumer is logged, counted and tried again, and holds no other one up; the [manual](crate::docs::consumers) has more. Dropping the future stops the consumers at once; their leases run out by themselves.
    ///
    /// # Errors
    /// [`RunError::Running`] while they are running already, [`RunError::Closed`] when the application or its store was closed before.
    pub async fn run(&self, until: CancellationToken) -> Result<(), RunError> {
        let Some(_inside) = self.inner.gate.enter() else { return Err(RunError::Closed) };
        match &self.inner.read_side {
            Some(read_side) => read_side.run(until).await,
            None => {
                let mut closed = self.inner.gate.listen();
                let closed = std::pin::pin!(closed.wait_for(|closed| *closed));
                futures_util::future::select(std::pin::pin!(until.cancelled()), closed).await;
                Ok(())
            }
        }
    }

    /// Runs all consumers until they have done everything that was there when this was called, the requests on parked events included, and what is being built has
    /// taken its place; for tests and scripts. With a reactor among them, until they have done everything that there is, since what it causes is of them. Partitions that other processes run are waited for, paused consumers are not.
    ///
    /// # Errors
    /// As [`run`](Self::run); and when a consumer does not get on however often it is tried, or the store cannot be asked.
    pub async fn run_until_idle(&self) -> Result<(), RunError> {
        let Some(_inside) = self.inner.gate.enter() else { return Err(RunError::Closed) };
        match &self.inner.read_side {
            Some(read_side) => read_side.run_until_idle().await,
            None => Ok(()),
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

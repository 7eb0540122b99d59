//! Transactions of the memory store.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::batch::Batch;
use super::claim::{Claim, Key, Owner};
use super::log::Log;
#[cfg(feature = "testing")]
use super::probe::Writing;
use super::sagas::SagaBatch;
use super::{MemoryStore, Shared};
use crate::number::{Position, Version};
use crate::store::{Append, AppendError, Appended, BoxFuture, CommandRecord, StoreError, TransactionalStore};
use crate::stream::StreamName;

/// A transaction of a [`MemoryStore`]. Dropping it rolls it back.
pub struct MemoryTransaction {
    // Before the claims: what was laid is withdrawn while nobody else may write there.
    laid: Laid,
    claims: Vec<Claim>,
    /// What it does for consumers; nothing of it is in the store before the commit.
    batch: Batch,
    /// What it does for sagas, likewise.
    sagas: SagaBatch,
    /// What is done when it commits.
    writes: Vec<Box<dyn FnOnce() + Send>>,
    /// It can only be rolled back.
    failed: bool,
}

/// What a transaction has laid into the log and not published.
struct Laid {
    shared: Arc<Shared>,
    owner: Owner,
    /// The last position drawn before its first event.
    before: Option<Position>,
    appended: Vec<Appended>,
    commands: Vec<CommandRecord>,
}

impl MemoryTransaction {
    /// Has something done when the transaction commits, and not at all when it is rolled back: how a projection that keeps what it has in memory moves together with its checkpoint, and with
    /// the events that it follows [inline](crate::Projection::INLINE).
    ///
    /// It is done in the order in which it was said, by the task that commits, before the commit returns: it must not block. A panic of it is logged, and the rest is done all the same.
    pub fn on_commit(&mut self, write: impl FnOnce() + Send + 'static) {
        self.writes.push(Box::new(write));
    }

    /// What it does for consumers, unless it can only be rolled back.
    pub(super) fn batch(&mut self) -> Result<&mut Batch, StoreError> {
        if self.failed { Err(failed()) } else { Ok(&mut self.batch) }
    }

    /// What it does for sagas, unless it can only be rolled back.
    pub(super) fn sagas(&mut self) -> Result<&mut SagaBatch, StoreError> {
        if self.failed { Err(failed()) } else { Ok(&mut self.sagas) }
    }

    /// From here on it can only be rolled back.
    pub(super) fn fail(&mut self) {
        self.failed = true;
    }

    async fn append(&mut self, append: Append) -> Result<Appended, AppendError> {
        append.check()?;
        if self.failed {
            return Err(failed().into());
        }
        // Whoever drops this future while it waits has a transaction that holds half of an append's claims.
        self.failed = true;
        self.laid.shared.log().available()?;
        Claim::all(&self.laid.shared, self.laid.owner, Key::of(&append), &mut self.claims).await?;
        let laid = self.laid.lay(append);
        self.failed = matches!(laid, Err(AppendError::Store(_)));
        laid
    }
}

impl Laid {
    fn lay(&mut self, append: Append) -> Result<Appended, AppendError> {
        if let Some(record) = append.command.as_ref().and_then(|command| self.command(command.command_id)) {
            return Err(AppendError::DuplicateCommand(record));
        }
        let shared = Arc::clone(&self.shared);
        let mut log = shared.log();
        let before = log.drawn();
        let (appended, command) =
            log.lay(append, shared.clock.now(), |log, stream| self.version(log, stream))?;
        if self.before.is_none() && log.drawn() > before {
            log.hold(self.owner, before);
            self.before = Some(before);
        }
        self.commands.extend(command);
        self.appended.push(appended.clone());
        Ok(appended)
    }

    /// The version of a stream as this transaction sees it.
    fn version(&self, log: &Log, stream: &StreamName) -> Version {
        let own = self.appended.iter().rev().flat_map(|appended| &appended.streams);
        own.filter(|own| own.stream == *stream)
            .map(|own| own.version)
            .next()
            .unwrap_or_else(|| log.version(stream))
    }

    fn command(&self, id: uuid::Uuid) -> Option<CommandRecord> {
        self.commands.iter().find(|command| command.command_id == id).cloned()
    }

    fn publish(&mut self, batch: Batch, sagas: SagaBatch) -> Result<(), StoreError> {
        let mut log = self.shared.log();
        batch.check(&log.consumers)?;
        sagas.check(&log.sagas)?;
        batch.apply(&mut log.consumers);
        let wakes_sagas = sagas.apply(&mut log.sagas, self.shared.clock.now());
        for appended in self.appended.drain(..) {
            log.publish(&appended);
        }
        for command in self.commands.drain(..) {
            log.remember(command);
        }
        if let Some(before) = self.before.take() {
            log.release(self.owner, before);
            drop(log);
            self.shared.wakeup.wake();
        } else {
            drop(log);
        }
        if wakes_sagas {
            self.shared.due.wake();
        }
        Ok(())
    }
}

impl Drop for Laid {
    fn drop(&mut self) {
        let Some(before) = self.before else { return };
        let mut log = self.shared.log();
        for appended in &self.appended {
            log.withdraw(appended);
        }
        log.release(self.owner, before);
        drop(log);
        // What was held back behind it can be delivered now.
        self.shared.wakeup.wake();
    }
}

impl TransactionalStore for MemoryStore {
    type Transaction = MemoryTransaction;

    fn begin(&self) -> BoxFuture<'_, Result<MemoryTransaction, StoreError>> {
        Box::pin(async {
            let owner = self.shared.log().available()?.claims.owner();
            let shared = Arc::clone(&self.shared);
            let laid = Laid { shared, owner, before: None, appended: Vec::new(), commands: Vec::new() };
            Ok(MemoryTransaction {
                laid,
                claims: Vec::new(),
                batch: Batch::default(),
                sagas: SagaBatch::default(),
                writes: Vec::new(),
                failed: false,
            })
        })
    }

    fn append_in<'a>(
        &'a self,
        transaction: &'a mut MemoryTransaction,
        append: Append,
    ) -> BoxFuture<'a, Result<Appended, AppendError>> {
        Box::pin(transaction.append(append))
    }

    fn commit(&self, transaction: MemoryTransaction) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            // All of it: an async block takes only the fields that it names, and the claims would be let go before the events are published.
            let mut transaction = transaction;
            if transaction.failed {
                return Err(failed());
            }
            #[cfg(feature = "testing")]
            let handed_over = if self.is_probed() { transaction.sagas.handed_over() } else { Vec::new() };
            #[cfg(feature = "testing")]
            if !handed_over.is_empty() {
                self.before(Writing::HandOver(&handed_over)).await;
            }
            let (batch, sagas) =
                (std::mem::take(&mut transaction.batch), std::mem::take(&mut transaction.sagas));
            transaction.laid.publish(batch, sagas)?;
            #[cfg(feature = "testing")]
            if !handed_over.is_empty() {
                self.after(Writing::HandOver(&handed_over)).await;
            }
            for write in transaction.writes.drain(..) {
                if catch_unwind(AssertUnwindSafe(write)).is_err() {
                    tracing::error!("what was to be done at the commit of a transaction in memory panicked");
                }
            }
            Ok(())
        })
    }

    fn rollback(&self, transaction: MemoryTransaction) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            drop(transaction);
            Ok(())
        })
    }
}

fn failed() -> StoreError {
    StoreError::Contention("the transaction has failed before".into())
}

impl std::fmt::Debug for MemoryTransaction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryTransaction")
            .field("appends", &self.laid.appended.len())
            .field("failed", &self.failed)
            .finish_non_exhaustive()
    }
}

//! One consumer, as operators see it.

use std::fmt;
use std::sync::Arc;

use super::{ConsumerError, ConsumerStatus, ReadSide};
use crate::store::Start;

/// One consumer, to be asked or told something.
#[derive(Clone)]
pub struct ConsumerHandle {
    read_side: Option<Arc<dyn ReadSide>>,
    name: String,
}

impl ConsumerHandle {
    pub(crate) fn new(read_side: Option<Arc<dyn ReadSide>>, name: String) -> Self {
        Self { read_side, name }
    }

    /// Pauses it in all processes: after this it handles nothing, until it is [resumed](Self::resume). What it was doing at the moment is rolled back. It stays
    /// paused over restarts.
    ///
    /// # Errors
    /// When there is no such consumer, or the store cannot be asked.
    pub async fn pause(&self) -> Result<(), ConsumerError> {
        self.there(self.read_side()?.pause(&self.name, true).await?)
    }

    /// Lets it go on where it stood.
    ///
    /// # Errors
    /// As [`pause`](Self::pause).
    pub async fn resume(&self) -> Result<(), ConsumerError> {
        self.there(self.read_side()?.pause(&self.name, false).await?)
    }

    /// Lets the table that is being built replace the live one although some of its events have failed,
    /// for a reason that is stored and logged. Without it, a rebuild whose events failed waits for them
    /// to be retried or discarded, and the live table stays.
    ///
    /// # Errors
    /// [`ConsumerError::NotFound`] when nothing is being built; or when the store cannot be asked.
    pub async fn replace_anyway(&self, reason: impl Into<String>) -> Result<(), ConsumerError> {
        let reason = reason.into();
        self.there(self.read_side()?.replace_anyway(&self.name, &reason).await?)?;
        tracing::warn!(
            consumer = self.name,
            reason,
            "a rebuild with failed events may replace the live table"
        );
        Ok(())
    }

    /// Puts it elsewhere in the feed, and forgets its parked events. The table of a read model is
    /// emptied with it, whether this application runs it or not. A projection has its `#[begin]`
    /// function prepare its tables in the same transaction; one with neither that nor `idempotent =
    /// "why"` is refused.
    ///
    /// # Errors
    /// As [`pause`](Self::pause); [`ConsumerError::RepeatsEffects`] for a reactor or a saga, which would
    /// cause again what it caused before: say [`reset_with_effects`](Self::reset_with_effects).
    pub async fn reset(&self, start: Start) -> Result<(), ConsumerError> {
        let records = self.read_side()?.records(&self.name).await?;
        if let Some(record) = records.iter().find(|record| matches!(&*record.kind, "reactor" | "saga")) {
            let (consumer, kind) = (self.name.clone(), record.kind.to_string());
            return Err(ConsumerError::RepeatsEffects { consumer, kind });
        }
        self.there(self.read_side()?.reset(&self.name, start).await?)
    }

    /// As [`reset`](Self::reset), also for a reactor or a saga: calls to the outside are made again, and so
    /// are commands and events that the ledger has [forgotten](crate::Builder::ledger_retention).
    ///
    /// # Errors
    /// As [`pause`](Self::pause).
    pub async fn reset_with_effects(&self, start: Start) -> Result<(), ConsumerError> {
        self.there(self.read_side()?.reset(&self.name, start).await?)
    }

    /// Forgets a consumer that no release declares any more: its checkpoints and parked events. The table
    /// of a read model stays, without an owner; [`forget_with_table`](Self::forget_with_table) drops it.
    ///
    /// # Errors
    /// As [`pause`](Self::pause); [`ConsumerError::Declared`] while this application declares it;
    /// [`StoreError::Unsuitable`](crate::store::StoreError::Unsuitable) while a process runs it.
    pub async fn forget(&self) -> Result<(), ConsumerError> {
        self.forget_it(false).await
    }

    /// As [`forget`](Self::forget), and drops the table of a read model with all its rows.
    ///
    /// # Errors
    /// As [`forget`](Self::forget).
    pub async fn forget_with_table(&self) -> Result<(), ConsumerError> {
        self.forget_it(true).await
    }

    async fn forget_it(&self, with_table: bool) -> Result<(), ConsumerError> {
        let read_side = self.read_side()?;
        if read_side.declares(&self.name) {
            return Err(ConsumerError::Declared { consumer: self.name.clone() });
        }
        self.there(read_side.forget(&self.name, with_table).await?)?;
        tracing::warn!(consumer = self.name, with_table, "consumer forgotten");
        Ok(())
    }

    /// How it is.
    ///
    /// # Errors
    /// As [`pause`](Self::pause).
    pub async fn status(&self) -> Result<ConsumerStatus, ConsumerError> {
        let mut all = self.read_side()?.status().await?;
        all.retain(|status| *status.name == *self.name);
        all.pop().ok_or_else(|| self.not_found())
    }

    fn read_side(&self) -> Result<&Arc<dyn ReadSide>, ConsumerError> {
        self.read_side.as_ref().ok_or_else(|| self.not_found())
    }

    fn there(&self, there: bool) -> Result<(), ConsumerError> {
        if there { Ok(()) } else { Err(self.not_found()) }
    }

    fn not_found(&self) -> ConsumerError {
        ConsumerError::NotFound { name: self.name.clone() }
    }
}

impl fmt::Debug for ConsumerHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConsumerHandle").field("name", &self.name).finish_non_exhaustive()
    }
}

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

    /// Puts it elsewhere in the feed, and forgets its parked events. The table of a read model that this application runs is emptied with it; what a projection
    /// has written stays, and is for its owner to remove.
    ///
    /// # Errors
    /// As [`pause`](Self::pause).
    pub async fn reset(&self, start: Start) -> Result<(), ConsumerError> {
        self.there(self.read_side()?.reset(&self.name, start).await?)
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

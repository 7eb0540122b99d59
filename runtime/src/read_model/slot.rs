//! One row while an event changes it.

use std::error::Error;

use super::{ColumnError, ReadModel, Value};
use crate::id::InvalidId;
use crate::payload::DecodeError;

/// One row of `M`, there or not, while events change it.
pub struct Slot<M> {
    pub(crate) key: Value,
    pub(crate) row: Option<M>,
    /// Whether the row was changed, made or taken away.
    pub(crate) touched: bool,
}

/// What is done when an event makes a row that is there already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IfPresent {
    /// The event is parked.
    #[default]
    Park,
    /// The row stays as it is.
    Ignore,
    /// The new row takes its place.
    Replace,
}

/// What is done when an event changes a row that is not there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IfMissing {
    /// The event is parked.
    #[default]
    Park,
    /// Nothing.
    Ignore,
}

impl<M: ReadModel> Slot<M> {
    /// The key of the row, whether it is there or not.
    ///
    /// # Errors
    /// When the key cannot be read from its column.
    pub fn key(&self) -> Result<M::Key, HandleError> {
        Ok(self.key.clone().read()?)
    }

    /// Makes the row.
    ///
    /// # Errors
    /// When it is there already and `present` says to park; when the row has another key.
    pub fn create(&mut self, row: M, present: IfPresent) -> Result<(), HandleError> {
        match (&self.row, present) {
            (Some(_), IfPresent::Park) => return Err(HandleError::Present { key: self.key.to_string() }),
            (Some(_), IfPresent::Ignore) => return Ok(()),
            (None, _) | (Some(_), IfPresent::Replace) => {}
        }
        self.put(Some(row))
    }

    /// Makes or replaces the row, or removes it.
    ///
    /// # Errors
    /// When the row has another key than it was asked for.
    pub fn put(&mut self, row: Option<M>) -> Result<(), HandleError> {
        if let Some(row) = &row {
            let key = Value::of(row.key())?;
            if key != self.key {
                return Err(HandleError::OtherKey { found: key.to_string(), expected: self.key.to_string() });
            }
        }
        self.touched = true;
        self.row = row;
        Ok(())
    }
}

impl<M> Slot<M> {
    /// The row, to be changed; `None`: it is not there, and that is to be ignored.
    ///
    /// # Errors
    /// When it is not there and `missing` says to park.
    pub fn change(&mut self, missing: IfMissing) -> Result<Option<&mut M>, HandleError> {
        if self.row.is_none() {
            return self.absent(missing).map(|()| None);
        }
        self.touched = true;
        Ok(self.row.as_mut())
    }

    /// Takes the row out; [`put`](Self::put) has to follow. `None`: as [`change`](Self::change).
    ///
    /// # Errors
    /// As [`change`](Self::change).
    pub fn take(&mut self, missing: IfMissing) -> Result<Option<M>, HandleError> {
        if self.row.is_none() {
            return self.absent(missing).map(|()| None);
        }
        self.touched = true;
        Ok(self.row.take())
    }

    /// Takes the row out, whether it is there or not; [`put`](Self::put) has to follow.
    pub fn find(&mut self) -> Option<M> {
        self.touched |= self.row.is_some();
        self.row.take()
    }

    fn absent(&self, missing: IfMissing) -> Result<(), HandleError> {
        match missing {
            IfMissing::Park => Err(HandleError::Missing { key: self.key.to_string() }),
            IfMissing::Ignore => Ok(()),
        }
    }
}

/// Why an event could not be handled. The event is parked with it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HandleError {
    /// It changes a row that is not there.
    #[error("there is no row `{key}` to change; write `#[on(missing = ignore)]` where that is no mistake")]
    Missing {
        /// The key of the row.
        key: String,
    },
    /// It makes a row that is there.
    #[error(
        "the row `{key}` is there already; write `#[on(present = ignore)]` or `#[on(present = replace)]` where that is no mistake"
    )]
    Present {
        /// The key of the row.
        key: String,
    },
    /// The handler gave a row of another key.
    #[error(
        "the handler gave the row `{found}` where `{expected}` was asked for; write `#[on(key = …)]` for rows that are not told by the stream's id"
    )]
    OtherKey {
        /// The key of the row that it gave.
        found: String,
        /// The key that was asked for.
        expected: String,
    },
    /// The stream's id is no key of the read model.
    #[error("the stream's id is no key of the rows; write `#[on(key = …)]`")]
    StreamId(#[from] InvalidId),
    /// A field does not fit its column.
    #[error(transparent)]
    Column(#[from] ColumnError),
    /// The event could not be read.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The handler panicked.
    #[error("the handler panicked: {0}")]
    Panic(String),
    /// The handler did not come to an end in time.
    #[error("the handler did not come to an end within {0:?}")]
    TimedOut(std::time::Duration),
    /// The handler's own error.
    #[error(transparent)]
    Handler(Box<dyn Error + Send + Sync>),
}

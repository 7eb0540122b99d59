//! An event with what a read model does on it.

use serde::de::Deserialize;

use super::{HandleError, On, ReadModel, Slot, Value};
use crate::id::FromText;
use crate::recorded::{Metadata, Recorded};

/// An event, together with what the read model `M` does on it.
pub struct Handled<M> {
    event: Box<dyn Handle<M>>,
}

trait Handle<M>: Send {
    fn keys(&self) -> Result<Keys<M>, HandleError>;
    fn on(&self, row: &mut Slot<M>) -> Result<(), HandleError>;
}

impl<M: On<E>, E: Send> Handle<M> for Recorded<E> {
    fn keys(&self) -> Result<Keys<M>, HandleError> {
        M::keys(self)
    }

    fn on(&self, row: &mut Slot<M>) -> Result<(), HandleError> {
        M::on(self, row)
    }
}

impl<M: ReadModel> Handled<M> {
    /// The event `E`, handled as `M` says.
    #[must_use]
    pub fn new<E: Send + 'static>(event: E, metadata: Metadata) -> Self
    where
        M: On<E>,
    {
        Self { event: Box::new(Recorded::new(event, metadata)) }
    }

    /// The keys of the rows that the event reaches.
    ///
    /// # Errors
    /// When they cannot be told.
    pub fn keys(&self) -> Result<Keys<M>, HandleError> {
        self.event.keys()
    }

    /// Changes one of these rows.
    ///
    /// # Errors
    /// When it cannot be done.
    pub fn on(&self, row: &mut Slot<M>) -> Result<(), HandleError> {
        self.event.on(row)
    }
}

/// The keys of the rows that an event reaches, each once, in the order in which they are changed.
pub struct Keys<M> {
    values: Vec<Value>,
    of: std::marker::PhantomData<fn() -> M>,
}

impl<M: ReadModel> Keys<M> {
    /// No row.
    #[must_use]
    pub fn none() -> Self {
        Self { values: Vec::new(), of: std::marker::PhantomData }
    }

    /// The row whose key is the id of the event's stream.
    ///
    /// # Errors
    /// When the id is no key of `M`.
    pub fn stream<E>(event: &Recorded<E>) -> Result<Self, HandleError> {
        Self::one(&key_of::<M>(event)?)
    }

    /// One row.
    ///
    /// # Errors
    /// When the key cannot be written as its column.
    pub fn one(key: &M::Key) -> Result<Self, HandleError> {
        Self::several([key])
    }

    /// Several rows; one that is named twice is reached once.
    ///
    /// # Errors
    /// When a key cannot be written as its column.
    pub fn several<K: std::borrow::Borrow<M::Key>>(
        keys: impl IntoIterator<Item = K>,
    ) -> Result<Self, HandleError> {
        let mut values = Vec::new();
        for key in keys {
            let value = Value::of(key.borrow())?;
            if !values.contains(&value) {
                values.push(value);
            }
        }
        Ok(Self { values, ..Self::none() })
    }

    pub(crate) fn into_values(self) -> Vec<Value> {
        self.values
    }
}

/// The id of an event's stream, as a key of `M`.
///
/// # Errors
/// When it is none.
pub(crate) fn key_of<M: ReadModel>(event: &Recorded<impl Sized>) -> Result<M::Key, HandleError> {
    Ok(M::Key::deserialize(FromText::new(event.stream().id()))?)
}

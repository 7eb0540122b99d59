//! A call, in process and on the wire.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Action, Entry, ServiceError, Undo};

/// The header that carries the key.
pub(crate) const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// What is asked, of which order, under which key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call<'a> {
    pub(crate) action: Action,
    pub(crate) key: Uuid,
    pub(crate) order_id: &'a str,
    pub(crate) amount: i64,
}

impl Call<'_> {
    /// The effect that this undo takes back.
    pub(crate) fn undone(&self, key: Uuid) -> Self {
        Self { action: self.action.undoes().unwrap_or(self.action), key, ..*self }
    }

    /// A key belongs to one call: another one under it is told so.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Refused`] if the entry is of another call.
    pub(crate) fn is(&self, entry: &Entry) -> Result<(), ServiceError> {
        if entry.action == self.action && entry.order_id == self.order_id && entry.amount == self.amount {
            return Ok(());
        }
        let Entry { key, action, order_id, amount, .. } = entry;
        Err(ServiceError::refused(format!(
            "the key {key} belongs to another call: {action} {order_id} for {amount}"
        )))
    }
}

/// The body of a call.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Body {
    pub(crate) order_id: String,
    pub(crate) amount: i64,
    /// Of an undo: the key of the effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) undoes: Option<Uuid>,
}

/// The answer to a call that has had its effect.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Made {
    pub(crate) id: String,
}

/// The answer to an undo.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Found {
    pub(crate) outcome: Undo,
}

/// The answer to a call that brought no result.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Problem {
    pub(crate) reason: String,
}

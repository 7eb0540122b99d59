//! What can be wrong with an order.

use std::fmt;

use uuid::Uuid;

use crate::action::Action;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mistake {
    pub(crate) order_id: String,
    pub(crate) fault: Fault,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    #[error("it has no end, it is `{state}`")]
    NoEnd { state: String },
    #[error("the store does not know it, but there is a `{action}`")]
    Unknown { action: Action },
    #[error("it is completed without a `{effect}`")]
    Missing { effect: Action },
    #[error("it is completed, but there is a `{undo}`")]
    Undone { undo: Action },
    #[error("it is compensated, but its `{effect}` is not undone")]
    Standing { effect: Action },
    #[error("a second `{action}` under the key {second}, after the one under {first}")]
    Again { action: Action, first: Uuid, second: Uuid },
    #[error("a second line of the key {key}, a `{action}`")]
    KeyTwice { action: Action, key: Uuid },
    #[error("`{effect}` came without a `{needs}` before it")]
    OutOfOrder { effect: Action, needs: Action },
    #[error("`{effect}` came after a `{undo}`")]
    AfterUndo { effect: Action, undo: Action },
    #[error("`{undo}` came without a `{effect}` before it")]
    NothingToUndo { undo: Action, effect: Action },
    #[error("`{undo}` came while the `{standing}` was not undone")]
    UndoneTooEarly { undo: Action, standing: Action },
    #[error("`{undo}` of {amount}, but the `{effect}` was of {of}")]
    Amount { undo: Action, amount: i64, effect: Action, of: i64 },
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.order_id, self.fault)
    }
}

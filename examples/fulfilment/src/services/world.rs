//! Inventory, payment and shipping themselves, however they are called.

use std::sync::{Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

use super::call::Call;
use super::{Action, Entry, Faults, Ledger, ServiceError, Undo};

/// The services with their ledger. They do as they are told: an effect twice under two keys, or an undo in the wrong order, is the caller's mistake, which the ledger shows
/// and nothing here hides.
#[derive(Debug)]
pub struct World {
    /// One lock over all of it: of two calls with one key the second sees what the first did.
    ledger: Mutex<Ledger>,
    faults: Faults,
}

impl World {
    pub fn new(ledger: Ledger, faults: Faults) -> Self {
        Self { ledger: Mutex::new(ledger), faults }
    }

    /// All effects by now, in order.
    pub fn entries(&self) -> Vec<Entry> {
        self.ledger().entries().to_vec()
    }

    /// Has the effect, once a key, and gives the id of what it made.
    ///
    /// # Errors
    ///
    /// [`ServiceError`] says whether the effect can still happen.
    pub(crate) fn act(&self, call: &Call<'_>) -> Result<String, ServiceError> {
        self.faults.before()?;
        self.faults.after(self.acted(call))
    }

    /// Takes back the effect under the key `undoes`, or sees to it that it never happens.
    ///
    /// # Errors
    ///
    /// [`ServiceError`] says whether the undo can still happen.
    pub(crate) fn undo(&self, call: &Call<'_>, undoes: Uuid) -> Result<Undo, ServiceError> {
        self.faults.before()?;
        self.faults.after(self.undone(call, undoes))
    }

    fn acted(&self, call: &Call<'_>) -> Result<String, ServiceError> {
        let mut ledger = self.ledger();
        if let Some(entry) = ledger.effect(call.key) {
            call.is(entry)?;
        } else if ledger.is_closed(call.key) {
            return Err(ServiceError::refused("it was undone before it came"));
        } else {
            self.refuse(call)?;
            ledger.record(call).map_err(ServiceError::unanswered)?;
        }
        Ok(id(call))
    }

    fn undone(&self, call: &Call<'_>, undoes: Uuid) -> Result<Undo, ServiceError> {
        let mut ledger = self.ledger();
        if let Some(entry) = ledger.effect(call.key) {
            call.is(entry)?;
            return Ok(Undo::Undone);
        }
        if ledger.is_closed(undoes) {
            return Ok(Undo::NothingToUndo);
        }
        self.refuse(call)?;
        let effect = call.undone(undoes);
        if let Some(entry) = ledger.effect(undoes) {
            effect.is(entry)?;
            ledger.record(call).map_err(ServiceError::unanswered)?;
            Ok(Undo::Undone)
        } else {
            ledger.close(&effect).map_err(ServiceError::unanswered)?;
            Ok(Undo::NothingToUndo)
        }
    }

    fn refuse(&self, call: &Call<'_>) -> Result<(), ServiceError> {
        let Call { action, order_id, .. } = call;
        if self.faults.fail.refuse(*action, order_id) {
            return Err(ServiceError::refused(format!("{} will not {action} {order_id}", action.service())));
        }
        Ok(())
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is made under a key has an id that follows from it, so that the ledger is enough to answer as before.
fn id(call: &Call<'_>) -> String {
    let kind = match call.action {
        Action::Reserve => "reservation",
        Action::Charge => "payment",
        Action::Ship => "shipment",
        Action::Release | Action::Refund | Action::CancelShipment => call.action.name(),
    };
    format!("{kind}-{}", call.key)
}

#[cfg(test)]
mod tests;

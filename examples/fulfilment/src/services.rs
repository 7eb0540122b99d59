//! The outside world: inventory, payment and shipping, each call of which has an effect that no database of ours can take back.
//!
//! **Keys.** Every call carries a key, the header `Idempotency-Key` over HTTP. A key that is sent again is answered as before and has no second effect, also after
//! the services were killed: every answer follows from the [`Ledger`], which a [`World`] reads back when it starts.
//!
//! **Outcomes.** A call that is not answered may have happened or not, and the caller cannot find out by waiting: [`ServiceError::Unanswered`]. It asks again
//! under the same key, or undoes what may have happened.
//!
//! **Undoing what may not have happened.** An undo has a key of its own and names the key of the effect that it undoes. Where the effect has happened, the undo
//! is a new effect. Where it has not, there is nothing to undo *yet*: the call may be on its way still, in a socket's buffer, or in a process that was stopped
//! between deciding to call and calling, and that goes on hours after another one has taken its work over. If such a call had its effect after its own undo,
//! the customer would be charged for an order that was given up, and nobody would come back to it. So the undo closes the effect's key for good, and a call
//! that comes too late is refused. Real services offer the same under other names: a payment intent that is cancelled, a reservation that is deleted by the client's id. A
//! closed key outlives a restart as the ledger does, in a file of its own, since it is no effect.

mod action;
mod call;
mod choice;
mod client;
mod error;
mod faults;
mod ledger;
mod outcome;
mod server;
mod world;

pub use self::action::Action;
pub use self::choice::Services;
pub use self::client::{BadAddress, Client};
pub use self::error::ServiceError;
pub use self::faults::{BadRate, Faults, Refusals, Share};
pub use self::ledger::{Entry, Ledger, LedgerError};
pub use self::outcome::{Payment, Reservation, Shipment, Undo};
pub use self::server::serve;
pub use self::world::World;

//! What the storms of writers are made of, shared by the tests and by the `writer` process.

mod history;
mod journal;
mod tally;
mod worker;

pub use self::history::{Delivered, Stored, check_delivery, check_effects, check_streams};
pub use self::journal::{Entry, Intent, Journal, Outcome, read_journal};
pub use self::tally::{Add, Added, Boom, OddTotal, Tally, TallyEvent};
pub use self::worker::{Storm, attempt, number_of, numbered, outcome_of_append};

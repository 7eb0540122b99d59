//! Sagas in tests: the real engine on the memory store, in virtual time.

mod arrival;
mod ask;
mod attempt;
mod definition;
mod director;
mod explore;
mod given;
mod process;
mod stage;
mod tale;
#[cfg(test)]
#[cfg(feature = "macros")]
mod tests;
mod then;
mod twist;
mod when;
mod world;

pub use self::arrival::Arrival;
pub use self::attempt::Attempt;
pub use self::explore::{Counterexample, CutShort, Dimension, Explore, Explored, Outcome, explore};
pub use self::given::{GivenSaga, SagaTest, given_saga};
pub use self::then::ThenSaga;
pub use self::when::WhenStep;

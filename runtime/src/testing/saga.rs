//! Sagas in tests: the real engine on the memory store, in virtual time.

mod attempt;
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

pub use self::attempt::Attempt;
pub use self::explore::{Counterexample, Explore, Explored, Outcome, explore};
pub use self::given::{GivenSaga, SagaTest, given_saga};
pub use self::then::ThenSaga;
pub use self::when::WhenStep;

//! Tools for tests: decisions without a store, sagas in virtual time, the suite with which a store proves itself, and the lock of what is stored for ever.

pub mod consumer_contract;
pub mod saga_contract;
pub mod store_contract;

mod difference;
mod given;
mod lock;
mod saga;

pub use self::given::{Given, Then, When, given};
pub use self::lock::{Change, ChangeKind, ConsumerChange, InvalidLock, Lock, Subject, assert_lock};
pub use self::saga::{
    Arrival, Attempt, Counterexample, CutShort, Dimension, Explore, Explored, GivenSaga, Outcome, SagaTest,
    ThenSaga, WhenStep, explore, given_saga,
};

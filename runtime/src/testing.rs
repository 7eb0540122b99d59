//! Tools for tests: the suite with which a store proves itself, and the lock of what is stored for ever.

pub mod store_contract;

mod lock;

pub use self::lock::{Change, ChangeKind, InvalidLock, Lock, Subject, assert_lock};

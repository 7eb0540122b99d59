//! Tools for tests: the suite with which a store proves itself.

pub mod store_contract;

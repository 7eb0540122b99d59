//! What the tests share with the processes that they start.

pub mod meters;
pub mod parcels;
pub mod storm;

//! Descriptions of a saga that is written by hand.

mod changes;
mod mistakes;
pub(crate) mod purchase;
mod stored;

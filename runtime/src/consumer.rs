//! The one engine of everything that follows the feed with a checkpoint: read models and projections.

mod declaration;
mod engine;
mod options;
mod read_side;

pub use self::options::ConsumerOptions;

pub(crate) use self::declaration::Declaration;
pub(crate) use self::engine::{Engine, Setup};
pub(crate) use self::read_side::ReadSide;

//! The one engine of everything that follows the feed with a checkpoint: read models, projections and reactors.

mod backoff;
mod board;
mod declaration;
mod engine;
mod error;
mod guarded;
mod handle;
mod history;
mod host;
mod idle;
mod keeper;
mod options;
mod order;
mod page;
mod parked;
mod partition;
mod project;
mod react;
mod read_side;
mod reader;
mod rebuild;
mod restart;
mod rows;
mod runner;
mod status;
#[cfg(test)]
#[cfg(feature = "memory")]
mod tests;
mod trouble;
mod wait;
mod window;

pub use self::error::{ConsumerError, RunError};
pub use self::handle::ConsumerHandle;
pub use self::options::ConsumerOptions;
pub use self::parked::ParkedEvents;
pub use self::rebuild::{Progress, Rebuild};
pub use self::status::{Building, ConsumerStatus, PartitionStatus, WaitsFor};

pub(crate) use self::declaration::Declaration;
pub(crate) use self::engine::{Engine, Setup};
pub(crate) use self::guarded::guarded;
pub(crate) use self::page::EventRef;
pub(crate) use self::read_side::{Beside, ReadSide};
pub(crate) use self::runner::{Application, Failure, Runner, Session};
pub(crate) use self::trouble::{is_trouble, is_turned_back};
pub(crate) use crate::event_set::panic_text;

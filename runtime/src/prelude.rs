//! What most files of an application need: `use kenning::prelude::*;`

pub use serde::{Deserialize, Serialize};

#[cfg(feature = "macros")]
pub use kenning_macros::{aggregate, apply, command};

pub use crate::{
    Aggregate, Command, CommandContext, Event, EventSet, Handle, IntoEvents, Recorded, Schema, Version,
};

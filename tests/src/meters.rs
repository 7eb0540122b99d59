//! What consumers are tested with: meters that are installed, read and removed, what follows them, and the same folded by hand.

mod by_hand;
mod domain;
mod followers;

pub use self::by_hand::{StoredEvent, by_hand, by_place, stored};
pub use self::domain::{
    Installed, Measured, MeterEvent, MeterSummary, PlaceTotals, Removed, fill, installed, measured, removed,
};
pub use self::followers::{Seen, create_seen};

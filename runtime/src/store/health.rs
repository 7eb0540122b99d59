//! How a store is.

use std::time::Duration;

use crate::number::Position;

/// How far the feed is behind what was drawn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Health {
    /// The last position drawn.
    pub drawn: Position,
    /// The last position that the feed may deliver.
    pub watermark: Position,
    /// How long the append that holds the watermark back has been open; zero while none does.
    pub lag: Duration,
    /// Who holds the watermark back.
    pub holder: Option<WatermarkHolder>,
}

impl Health {
    /// How many positions the feed is behind.
    #[must_use]
    pub fn lag_positions(&self) -> u64 {
        self.drawn.get().saturating_sub(self.watermark.get())
    }
}

/// An open append that the feed waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WatermarkHolder {
    /// The process of the database server, when it is known; a prepared transaction has none.
    pub process_id: Option<i32>,
    /// The application's name, as it told the server.
    pub application: String,
    /// How long its transaction has been open.
    pub held_for: Duration,
}

impl WatermarkHolder {
    /// Describes a holder.
    #[must_use]
    pub fn new(process_id: Option<i32>, application: String, held_for: Duration) -> Self {
        Self { process_id, application, held_for }
    }
}

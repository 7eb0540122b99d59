//! What the services can have done to an order.

use std::fmt;

use serde::Deserialize;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Action {
    Reserve,
    Charge,
    Ship,
    CancelShipment,
    Refund,
    Release,
}

impl Action {
    /// The effects, each of which needs those before it and is undone before them.
    pub(crate) const EFFECTS: [Self; 3] = [Self::Reserve, Self::Charge, Self::Ship];

    /// The effect that it undoes, if it is an undo.
    pub(crate) fn undoes(self) -> Option<Self> {
        Self::EFFECTS.into_iter().find(|effect| effect.undo() == self)
    }

    /// What undoes it; an undo is not undone.
    pub(crate) fn undo(self) -> Self {
        match self {
            Self::Reserve => Self::Release,
            Self::Charge => Self::Refund,
            Self::Ship => Self::CancelShipment,
            Self::CancelShipment | Self::Refund | Self::Release => self,
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reserve => "reserve",
            Self::Charge => "charge",
            Self::Ship => "ship",
            Self::CancelShipment => "cancel_shipment",
            Self::Refund => "refund",
            Self::Release => "release",
        })
    }
}

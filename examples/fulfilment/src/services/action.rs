//! What the services do.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What is asked of a service: an effect or the undo of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    Reserve,
    Release,
    Charge,
    Refund,
    Ship,
    CancelShipment,
}

impl Action {
    pub const ALL: [Self; 6] =
        [Self::Reserve, Self::Release, Self::Charge, Self::Refund, Self::Ship, Self::CancelShipment];

    /// As it is written in the ledger and in the path of a call.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reserve => "reserve",
            Self::Release => "release",
            Self::Charge => "charge",
            Self::Refund => "refund",
            Self::Ship => "ship",
            Self::CancelShipment => "cancel_shipment",
        }
    }

    /// The service that does it.
    pub const fn service(self) -> &'static str {
        match self {
            Self::Reserve | Self::Release => "inventory",
            Self::Charge | Self::Refund => "payment",
            Self::Ship | Self::CancelShipment => "shipping",
        }
    }

    /// The effect that it undoes, if it is an undo.
    pub const fn undoes(self) -> Option<Self> {
        match self {
            Self::Release => Some(Self::Reserve),
            Self::Refund => Some(Self::Charge),
            Self::CancelShipment => Some(Self::Ship),
            Self::Reserve | Self::Charge | Self::Ship => None,
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

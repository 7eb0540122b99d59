//! Pages of the manual that are longer than an item's documentation.

#[cfg(feature = "memory")]
#[doc = include_str!("docs/by_hand.md")]
pub mod by_hand {}

//! Pages of the manual that are longer than an item's documentation.

#[cfg(feature = "memory")]
#[doc = include_str!("docs/by_hand.md")]
pub mod by_hand {}

#[cfg(all(feature = "macros", feature = "memory"))]
#[doc = include_str!("docs/sagas.md")]
pub mod sagas {}

#[cfg(all(feature = "macros", feature = "memory"))]
#[doc = include_str!("docs/saga_by_hand.md")]
pub mod saga_by_hand {}

#[cfg(all(feature = "macros", feature = "memory"))]
#[doc = include_str!("docs/consumers.md")]
pub mod consumers {}

#[cfg(all(feature = "macros", feature = "memory"))]
#[doc = include_str!("docs/queries.md")]
#[cfg_attr(feature = "postgres", doc = include_str!("docs/queries_sql.md"))]
pub mod queries {}

#[cfg(all(feature = "macros", feature = "memory"))]
#[doc = include_str!("docs/upgrades.md")]
pub mod upgrades {}

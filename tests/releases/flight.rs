//! P12: sagas that change while instances of them are in flight.

#[macro_use]
mod declare;
mod deploys;
mod domain;
mod rows;
mod stranded;
mod table;

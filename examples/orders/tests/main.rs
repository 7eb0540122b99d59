//! The program as its user meets it: what it prints, how it exits, what it leaves in a database.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod interrupted;
mod memory;
#[cfg(feature = "server-tests")]
mod postgres;
mod program;
#[rustfmt::skip]
mod readme;
mod views;

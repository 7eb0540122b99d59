//! The programs as their users meet them: what they answer, how they exit, what they leave in files and in a database.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[cfg(feature = "server-tests")]
mod chaos;
#[cfg(feature = "server-tests")]
mod check;
mod explored;
mod faults;
mod lock;
#[cfg(feature = "server-tests")]
mod operator;
mod readme;
mod restarts;
#[cfg(feature = "server-tests")]
mod run;
mod sample;
mod server;
#[cfg(feature = "server-tests")]
mod shop;
mod undo;
mod wire;

//! The programs as their users meet them: what they answer, how they exit, what they leave in files and in a database.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[cfg(feature = "server-tests")]
mod chaos;
#[cfg(feature = "server-tests")]
mod check;
mod faults;
mod restarts;
mod server;
mod undo;
mod wire;

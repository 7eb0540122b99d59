//! What the tests share.

mod database;
mod home;
mod private_server;
mod processes;
pub mod proxy;

pub use self::database::{database, prepared_database};
pub(crate) use self::home::on_both_stores;
pub use self::home::{Home, Memory, Postgres};
pub use self::private_server::PrivateServer;
pub(crate) use self::processes::Processes;

//! What the tests share.

mod database;
mod home;
pub mod proxy;

pub use self::database::database;
pub(crate) use self::home::on_both_stores;
pub use self::home::{Home, Memory, Postgres};

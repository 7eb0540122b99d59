//! A saga whose outside world is a database of its own accord, so that processes may die around it, and what is left of it.

mod post;
mod saga;

pub use self::post::{Post, create_post};
pub use self::saga::Parcel;

//! What the failover tests share with the processes that they start.

mod domain;
mod history;
mod worker;

pub use self::domain::{Errand, Errands, TallyRow, TallySeen, create_tables, trail};
pub use self::history::{Answer, History, Line, read_history};
pub use self::worker::{Worker, application};

//! Read models: rows folded from events, kept in a table, asked by typed queries.

mod column;
mod handled;
pub mod held;
mod row;
mod slot;
#[cfg(all(test, feature = "macros"))]
mod tests;
mod value;

pub(crate) use self::column::assert_column;
pub use self::column::{Column, ColumnInfo, IndexInfo};
pub use self::handled::{Handled, Keys};
pub use self::row::{ColumnError, Row, RowReader, RowWriter};
pub use self::slot::{HandleError, IfMissing, IfPresent, Slot};
pub use self::value::Value;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::event_set::EventSet;
use crate::recorded::{Metadata, Recorded};
use crate::schema::Schema;

/// Rows folded from events, in a table of their own. `#[derive(ReadModel)]` writes this impl, `#[read_model]` on its `impl` block the [`On`] impls.
///
/// A value of the type is one row.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a read model",
    label = "not a read model",
    note = "write `#[derive(ReadModel)]` and `#[kenning(table = \"…\", version = 1, events = …)]` on `{Self}`"
)]
pub trait ReadModel: Sized + Send + Sync + 'static {
    /// The name of its table, and of the consumer that keeps it.
    const TABLE: &'static str;

    /// Raised whenever the columns or the handlers change: the table is then built anew beside the old one.
    const VERSION: u32;

    /// What tells one row from another.
    type Key: Schema + Serialize + DeserializeOwned + Send + Sync + 'static;

    /// The events that it follows; it handles or ignores each of them.
    type Events: FoldInto<Self>;

    /// Its columns, in the order of the fields.
    const COLUMNS: &'static [ColumnInfo];

    /// The place of the key among the columns.
    const KEY: usize;

    /// Its indexes, beside that of the key.
    const INDEXES: &'static [IndexInfo];

    /// The key of this row.
    fn key(&self) -> &Self::Key;

    /// The row as a store takes it.
    ///
    /// # Errors
    /// When a field cannot be written as its column.
    fn to_row(&self) -> Result<Row, ColumnError>;

    /// Reads a row of a store.
    ///
    /// # Errors
    /// When a column does not fit its field.
    fn from_row(row: Row) -> Result<Self, ColumnError>;
}

/// Which rows an event reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reach {
    /// None: the event is ignored.
    Nothing,
    /// The row whose key is the id of the event's stream.
    Stream,
    /// Rows whose keys are computed from the event. Events of several streams may reach one row.
    Computed,
}

/// What one event does to the rows of a read model. It is pure: what happens twice gives the same twice.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not handle the event `{E}`",
    label = "`{E}` is neither handled nor ignored",
    note = "add to an `#[read_model] impl {Self}`: `#[on] fn name(&mut self, event: &{E}) {{ … }}`",
    note = "or ignore it: `#[read_model(ignore({E}))]`"
)]
pub trait On<E>: ReadModel {
    /// Which rows the event reaches.
    const REACH: Reach;

    /// The keys of the rows that the event reaches.
    ///
    /// # Errors
    /// When they cannot be told: the event is parked.
    fn keys(event: &Recorded<E>) -> Result<Keys<Self>, HandleError>;

    /// Changes one of these rows.
    ///
    /// # Errors
    /// When it cannot be done: the event is parked.
    fn on(event: &Recorded<E>, row: &mut Slot<Self>) -> Result<(), HandleError>;
}

/// A set of events that the read model `M` handles or ignores, each of them. `#[derive(EventSet)]` writes it for every `M` that has [`On`] for each
/// event.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a set of events",
    label = "not a set of events",
    note = "write `#[derive(EventSet)]` on an enum with one variant for each event, as in `Placed(OrderPlaced)`"
)]
pub trait FoldInto<M>: EventSet {
    /// Which rows each event reaches, in the order of [`EventSet::EVENTS`].
    const REACH: &'static [Reach];

    /// The event with what `M` does on it.
    fn handled_by(self, metadata: Metadata) -> Handled<M>;
}

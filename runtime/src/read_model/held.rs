//! How columns hold their values, as far as the types of queries have to know it.
//!
//! Whether a type is held as text is said by a constant, [`Schema::COLUMN`], which no bound can ask. So the constant of a column, which the derive writes where the type is known,
//! carries the answer as a type: [`ColumnOf`].
//!
//! ```
//! # use kenning::read_model::{Column, held};
//! # struct Order;
//! impl Order {
//!     // What the derive writes, for a field and for one with `#[kenning(json)]`:
//!     pub const CUSTOMER: held::ColumnOf<Self, String, { held::held::<String>() }> = Column::at(0);
//!     pub const ITEMS: Column<Self, Vec<String>, held::Json> = Column::at(1);
//!     // The first one by hand:
//!     pub const NAME: Column<Self, String, held::Text> = Self::CUSTOMER;
//! }
//! ```

use super::Column;
use crate::schema::{ColumnType, Schema};

/// Held as a number, a boolean, an id or a time.
pub enum Plain {}

/// Held as text.
pub enum Text {}

/// Held as JSON.
pub enum Json {}

/// A way to hold values that can be compared and ordered.
#[diagnostic::on_unimplemented(
    message = "a column of JSON can neither be compared nor ordered by",
    label = "this column is held as JSON: only `is_null` and `is_not_null` can be asked of it",
    note = "give what is asked for a column of its own, or write SQL: the table is yours to read"
)]
pub trait Compared {}

impl Compared for Plain {}
impl Compared for Text {}

/// The way to hold text.
#[diagnostic::on_unimplemented(
    message = "`like` and `starts_with` are for columns of text",
    label = "this column is not held as text"
)]
pub trait Pattern {}

impl Pattern for Text {}

/// What [`held`] says, as a type.
pub struct Is<const HELD: u8>;

/// The type of what [`held`] says.
pub trait Holds {
    /// One of [`Plain`], [`Text`] and [`Json`].
    type As;
}

const PLAIN: u8 = 0;
const TEXT: u8 = 1;
const JSON: u8 = 2;

impl Holds for Is<PLAIN> {
    type As = Plain;
}

impl Holds for Is<TEXT> {
    type As = Text;
}

impl Holds for Is<JSON> {
    type As = Json;
}

/// How a column of the type `T` is held, for [`ColumnOf`]. A type without a column of its own is held as JSON.
#[must_use]
pub const fn held<T: Schema>() -> u8 {
    match T::COLUMN {
        Some(ColumnType::Text) => TEXT,
        Some(ColumnType::Json) | None => JSON,
        Some(_) => PLAIN,
    }
}

/// The column of `M` for a field of the type `T`, as `ColumnOf<M, T, { held::<T>() }>`.
pub type ColumnOf<M, T, const HELD: u8> = Column<M, T, <Is<HELD> as Holds>::As>;

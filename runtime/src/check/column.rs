//! What rows, their columns and their keys are made of.

use std::borrow::Borrow;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::read_model::{ColumnError, HandleError, Keys, ReadModel, RowReader, RowWriter, held};
use crate::schema::{ColumnType, Schema};

/// A type that is kept in a column of its own: every type that serde writes and reads and that has a [`Schema`]. Whether there is a column for it, the
/// schema says.
//
// Without supertraits: one that does not hold would be reported in its own words, beside ours.
#[diagnostic::on_unimplemented(
    message = "it is not known how a column holds `{Self}`",
    label = "the type of a column",
    note = "write `#[derive(Serialize, Deserialize, Schema)]` on the type, if it is written as one string, number or boolean",
    note = "or write `#[kenning(json)]` on the field: it is kept as JSON"
)]
pub trait InColumn: Sized {
    /// What its column is, and whether that may hold nothing.
    const HELD: (Option<ColumnType>, bool);

    /// What queries know of it, as a number.
    const AS: u8;

    /// Writes the next column.
    ///
    /// # Errors
    /// When the value cannot be written as its column.
    fn write(&self, row: &mut RowWriter) -> Result<(), ColumnError>;

    /// Reads the next column.
    ///
    /// # Errors
    /// When it does not fit.
    fn read(row: &mut RowReader) -> Result<Self, ColumnError>;
}

#[diagnostic::do_not_recommend]
impl<T: Schema + Serialize + DeserializeOwned> InColumn for T {
    const HELD: (Option<ColumnType>, bool) = (T::COLUMN, T::OPTIONAL);
    const AS: u8 = held::held::<T>();

    fn write(&self, row: &mut RowWriter) -> Result<(), ColumnError> {
        row.column(self)
    }

    fn read(row: &mut RowReader) -> Result<Self, ColumnError> {
        row.column()
    }
}

/// A type that is kept as JSON: every type that serde writes and reads.
//
// Without supertraits, as above.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be kept as JSON",
    label = "not `Serialize` and `Deserialize`",
    note = "write `#[derive(Serialize, Deserialize)]` on the type"
)]
pub trait InJson: Sized {
    /// Writes the next column.
    ///
    /// # Errors
    /// When its `Serialize` impl fails.
    fn write(&self, row: &mut RowWriter) -> Result<(), ColumnError>;

    /// Reads the next column.
    ///
    /// # Errors
    /// When it does not fit.
    fn read(row: &mut RowReader) -> Result<Self, ColumnError>;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned> InJson for T {
    fn write(&self, row: &mut RowWriter) -> Result<(), ColumnError> {
        row.json(self)
    }

    fn read(row: &mut RowReader) -> Result<Self, ColumnError> {
        row.json()
    }
}

/// The type of a key: every type that serde writes and reads and that has a [`Schema`]. That there is a column for it is checked as well.
//
// Without supertraits, as above.
#[diagnostic::on_unimplemented(
    message = "it is not known how a column holds `{Self}`",
    label = "the type of a key",
    note = "write `#[derive(Serialize, Deserialize, Schema)]` on `{Self}`: a key is one string or one number, or a newtype of one"
)]
pub trait InKey: Sized {
    /// What its column is, and whether that may hold nothing.
    const HELD: (Option<ColumnType>, bool);

    /// What queries know of it, as a number.
    const AS: u8;
}

#[diagnostic::do_not_recommend]
impl<T: Schema + Serialize + DeserializeOwned + Send + Sync> InKey for T {
    const HELD: (Option<ColumnType>, bool) = (T::COLUMN, T::OPTIONAL);
    const AS: u8 = held::held::<T>();
}

/// The type is that of the keys of the read model `M`, which is `K`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the key of `{M}`",
    label = "the rows of `{M}` are told apart by `{K}`",
    note = "what stands here has to be of the type `{K}`, as the field with `#[kenning(key)]`"
)]
pub trait KeyOf<M, K> {
    /// The row with this key.
    ///
    /// # Errors
    /// When the key cannot be written as its column.
    fn keys(&self) -> Result<Keys<M>, HandleError>;

    /// The key.
    fn from_key(key: K) -> Self;
}

impl<M: ReadModel<Key = K>, K> KeyOf<M, K> for K {
    fn keys(&self) -> Result<Keys<M>, HandleError> {
        Keys::one(self)
    }

    fn from_key(key: K) -> Self {
        key
    }
}

/// Several keys of the read model `M`, which are `K`: whatever iterates over `K` or `&K`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not iterate over keys of `{M}`",
    label = "the rows of `{M}` are told apart by `{K}`",
    note = "write an iterator, or a `Vec`, of `{K}` or `&{K}`; for one row write `key = …`"
)]
pub trait KeysOf<M, K> {
    /// The rows with these keys.
    ///
    /// # Errors
    /// When a key cannot be written as its column.
    fn keys(self) -> Result<Keys<M>, HandleError>;
}

#[diagnostic::do_not_recommend]
impl<M: ReadModel<Key = K>, K, I: IntoIterator<Item: Borrow<K>>> KeysOf<M, K> for I {
    fn keys(self) -> Result<Keys<M>, HandleError> {
        Keys::several(self)
    }
}

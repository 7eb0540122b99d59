//! How a table holds a value.

/// The type of a column that holds a value, on every store. PostgreSQL's types stand beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ColumnType {
    /// `bool`: `boolean`.
    Boolean,
    /// `i8`, `i16`, `u8`: `smallint`.
    SmallInt,
    /// `i32`, `u16`: `integer`.
    Integer,
    /// `i64`, `u32`: `bigint`.
    BigInt,
    /// `u64`, `i128`: `numeric`.
    Numeric,
    /// `f32`: `real`.
    Real,
    /// `f64`: `double precision`.
    Double,
    /// Strings, enums without fields, and whatever else serde writes as one string: `text collate "C"`.
    Text,
    /// `Uuid`: `uuid`.
    Uuid,
    /// `OffsetDateTime`: `timestamptz`, in UTC, to the microsecond.
    Timestamp,
    /// Anything, by `#[kenning(json)]`: `json`. It cannot be compared.
    Json,
}

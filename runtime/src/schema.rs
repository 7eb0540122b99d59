//! Schemas: the shape that a type has as JSON, seen through its nested types.

/// Says which shape a type has as JSON. `#[derive(Schema)]` writes this impl and heeds serde's attributes.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no schema",
    label = "its shape as JSON is not known",
    note = "write `#[derive(Schema)]` on `{Self}`, next to `Serialize` and `Deserialize`"
)]
pub trait Schema {
    /// Whether a value is always written as one string or one number, as an aggregate's id has to be.
    const SCALAR: bool = false;

    /// The shape; nested types are asked through the same `shapes`, which ends recursion.
    fn shape(shapes: &mut Shapes) -> Shape;
}

/// Remembers the types that are being described.
#[derive(Debug, Default)]
pub struct Shapes {}

/// The shape of a type as JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shape {
    /// A string.
    String,
}

/// The fingerprint of a type's shape: equal for equal shapes, on every machine and in every release.
#[must_use]
pub fn fingerprint<T: Schema + ?Sized>() -> u64 {
    0
}

//! Schemas: the shape that a type has as JSON, seen through its nested types.

mod column_type;
mod evolution;
mod fingerprint;
mod impls;
mod member;
pub(crate) mod reading;
pub(crate) mod scan;
mod shape;
mod shapes;
mod text;
mod unreadable;

pub use self::column_type::ColumnType;
pub(crate) use self::evolution::Evolution;
pub use self::evolution::ShapeChange;
pub(crate) use self::fingerprint::combined;
pub use self::fingerprint::fingerprint;
pub use self::member::{Case, Member};
pub use self::shape::{Field, Integer, Object, Presence, Shape, Tagging, Variant, Variants};
pub use self::shapes::Shapes;
#[cfg(feature = "testing")]
pub(crate) use self::text::{head, name, write_within};

/// Says which shape a type has as JSON. `#[derive(Schema)]` writes this impl and heeds serde's attributes.
///
/// The shape must be what the type's serde impls read and write: the lock file of a project and the snapshots of its aggregates rest on it. Where serde
/// is told to use functions of the user's own (`with`, `serialize_with`, a hand-written impl), no derive can know the shape:
/// `#[kenning(schema = "text")]` names such a format by a text that is changed together with it, `#[kenning(schema = String)]` borrows the shape
/// of another type.
///
/// # By hand
/// ```
/// # use kenning::{Schema, Shape, Shapes};
/// # use kenning::schema::Member;
/// struct Address { street: String, note: Option<String> }
///
/// impl Schema for Address {
///     fn shape(shapes: &mut Shapes) -> Shape {
///         shapes.object::<Self>(&[Member::of::<String>("street"), Member::of::<Option<String>>("note")])
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no schema",
    label = "its shape as JSON is not known",
    note = "write `#[derive(Schema)]` on `{Self}`, next to `Serialize` and `Deserialize`",
    note = "for a type of another crate write `#[kenning(schema = \"its format\")]` on the field",
    note = "`usize` and `isize` have none, their size differs between machines: write `u64` or `i64`"
)]
pub trait Schema: 'static {
    /// Whether a value is always written as one string, number or boolean, as an aggregate's id and a map's key have to be.
    const SCALAR: bool = false;

    /// Whether serde reads a field of this type that is absent: true of `Option`.
    const OPTIONAL: bool = false;

    /// Whether a value may be written as `null`: an `Option` of it would read that as `None`.
    const NULLABLE: bool = Self::OPTIONAL;

    /// Why some values of the type, whatever its own fields are, are not read back as they were
    /// written. A derive refuses a field of such a type.
    const UNREADABLE: Option<&'static str> = None;

    /// How a read model's table holds a value in a column; `None`: it cannot, but as JSON. Of an `Option`, what its value is held as.
    const COLUMN: Option<ColumnType> = None;

    /// The shape; nested types are asked through the same `shapes`, which ends recursion.
    fn shape(shapes: &mut Shapes) -> Shape;
}

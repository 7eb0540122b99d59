//! What a type says of its fields and variants: tables, so that a derive emits data and not code.

use super::{ColumnType, Presence, Schema, Shape, Shapes};

/// A field of a struct or of a variant, or a place of a tuple.
#[derive(Clone, Copy, Debug)]
pub struct Member {
    pub(super) name: &'static str,
    pub(super) aliases: &'static [&'static str],
    pub(super) presence: Presence,
    pub(super) flattened: bool,
    scalar: bool,
    nullable: bool,
    unreadable: Option<&'static str>,
    column: Option<ColumnType>,
    source: Source,
}

#[derive(Clone, Copy, Debug)]
enum Source {
    Type(fn(&mut Shapes) -> Shape),
    Opaque(&'static str),
    NullableOpaque(&'static str),
}

/// A variant of an enum.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    pub(super) name: &'static str,
    pub(super) aliases: &'static [&'static str],
    pub(super) body: Body,
    pub(super) other: bool,
    pub(super) untagged: bool,
    pub(super) closed: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Body {
    Unit,
    Newtype(Member),
    Tuple(&'static [Member]),
    Object(&'static [Member]),
}

impl Member {
    /// A field of the type `T`; optional when `T` is.
    #[must_use]
    pub const fn of<T: Schema + ?Sized>(name: &'static str) -> Self {
        Self {
            name,
            aliases: &[],
            presence: if T::OPTIONAL { Presence::Optional } else { Presence::Required },
            flattened: false,
            scalar: T::SCALAR,
            nullable: T::NULLABLE,
            unreadable: T::UNREADABLE,
            column: T::COLUMN,
            source: Source::Type(T::shape),
        }
    }

    /// A required field of a format known by name alone.
    #[must_use]
    pub const fn opaque(name: &'static str, format: &'static str) -> Self {
        Self {
            name,
            aliases: &[],
            presence: Presence::Required,
            flattened: false,
            scalar: false,
            nullable: false,
            unreadable: None,
            column: None,
            source: Source::Opaque(format),
        }
    }

    /// Whether a value is always written as one string, number or boolean.
    #[must_use]
    pub const fn is_scalar(&self) -> bool {
        self.scalar
    }

    /// Whether a value may be written as `null`.
    #[must_use]
    pub const fn is_nullable(&self) -> bool {
        self.nullable
    }

    /// Why some values are not read back as they were written.
    #[must_use]
    pub const fn unreadable(&self) -> Option<&'static str> {
        self.unreadable
    }

    /// How a table's column holds it, if one can.
    #[must_use]
    pub const fn column(&self) -> Option<ColumnType> {
        self.column
    }

    /// How a table's column holds a newtype of it, if one can. Such a newtype is never absent, so that one of an option has no column: its `None` would
    /// stand in a column that has to hold something.
    #[must_use]
    pub const fn required_column(&self) -> Option<ColumnType> {
        if self.is_optional() { None } else { self.column }
    }

    /// Whether reading does without it.
    #[must_use]
    pub const fn is_optional(&self) -> bool {
        matches!(self.presence, Presence::Optional)
    }

    /// An option of a format known by name alone; of other fields the type says it.
    #[must_use]
    pub const fn nullable(mut self) -> Self {
        if let Source::Opaque(format) = self.source {
            self.source = Source::NullableOpaque(format);
            self.presence = Presence::Optional;
        }
        self
    }

    /// Read from these keys as well.
    #[must_use]
    pub const fn aliased(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    /// Reading does without it.
    #[must_use]
    pub const fn optional(mut self) -> Self {
        self.presence = Presence::Optional;
        self
    }

    /// Reading fails without it, whatever its type says: an `Option` that is read by a function of the user's own.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.presence = Presence::Required;
        self
    }

    /// Written and never read.
    #[must_use]
    pub const fn ignored(mut self) -> Self {
        self.presence = Presence::Ignored;
        self
    }

    /// Its own fields stand among those of the struct.
    #[must_use]
    pub const fn flattened(mut self) -> Self {
        self.flattened = true;
        self
    }

    pub(super) fn shape(&self, shapes: &mut Shapes) -> Shape {
        match self.source {
            Source::Type(shape) => shape(shapes),
            Source::Opaque(format) => Shape::opaque(format),
            Source::NullableOpaque(format) => Shape::Nullable(Box::new(Shape::opaque(format))),
        }
    }
}

impl Case {
    const fn new(name: &'static str, body: Body) -> Self {
        Self { name, aliases: &[], body, other: false, untagged: false, closed: false }
    }

    /// A variant that holds nothing.
    #[must_use]
    pub const fn unit(name: &'static str) -> Self {
        Self::new(name, Body::Unit)
    }

    /// A variant that holds one value; the member's name is of no meaning.
    #[must_use]
    pub const fn newtype(name: &'static str, member: Member) -> Self {
        Self::new(name, Body::Newtype(member))
    }

    /// A variant that holds several values without names.
    #[must_use]
    pub const fn tuple(name: &'static str, members: &'static [Member]) -> Self {
        Self::new(name, Body::Tuple(members))
    }

    /// A variant with fields.
    #[must_use]
    pub const fn object(name: &'static str, members: &'static [Member]) -> Self {
        Self::new(name, Body::Object(members))
    }

    /// Read from these names as well.
    #[must_use]
    pub const fn aliased(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    /// Every unknown name is read as this one.
    #[must_use]
    pub const fn other(mut self) -> Self {
        self.other = true;
        self
    }

    /// Written without its name.
    #[must_use]
    pub const fn untagged(mut self) -> Self {
        self.untagged = true;
        self
    }
    /// Refuses fields that it does not know.
    #[must_use]
    pub const fn closed(mut self) -> Self {
        self.closed = true;
        self
    }
}

//! Shapes as data.

use std::any::TypeId;
use std::borrow::Cow;

/// The shape of a type as JSON. It knows nothing of the names of Rust types: a newtype has the shape of what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shape {
    /// `null`: the unit type, a unit struct.
    Null,
    /// `true` or `false`.
    Bool,
    /// An integer of a certain size.
    Integer(Integer),
    /// A number of 32 bits.
    F32,
    /// A number of 64 bits.
    F64,
    /// Any string.
    String,
    /// A string of a format of its own, as `uuid`.
    Text(Cow<'static, str>),
    /// Any JSON.
    Any,
    /// A format known by name alone, as `#[kenning(schema = "…")]` gave it.
    Opaque(Cow<'static, str>),
    /// `null` or the shape.
    Nullable(Box<Shape>),
    /// An array of any length.
    List(Box<Shape>),
    /// An array of any length, read without its order and its duplicates.
    Set(Box<Shape>),
    /// An array of one length.
    Array(usize, Box<Shape>),
    /// An array whose places have a shape each.
    Tuple(Vec<Shape>),
    /// An object with free keys.
    Map(Box<Shape>, Box<Shape>),
    /// An object with known keys.
    Object(Object),
    /// One of several variants.
    Enum(Variants),
    /// The shape that many steps further out: a recursive type. 1 is the shape that directly holds this one.
    Again(usize),
    /// The shape of a type that is being described: becomes `Again` once its place is known.
    #[doc(hidden)]
    Open(TypeId),
}

/// An integer of a certain size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Integer {
    /// Whether it can be negative.
    pub signed: bool,
    /// Its size, at most 128.
    pub bits: u8,
    /// Whether 0 is refused.
    pub nonzero: bool,
}

/// An object with known keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Object {
    /// Its fields, sorted by name.
    pub fields: Vec<Field>,
    /// What else is read from the same keys by `flatten`, where the keys are not known: maps, enums.
    pub flattened: Vec<Shape>,
    /// Whether a key that is not known is refused.
    pub closed: bool,
}

/// A field of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Field {
    /// The key under which it is written.
    pub name: String,
    /// Other keys from which it is read, sorted.
    pub aliases: Vec<String>,
    /// Whether it may be absent.
    pub presence: Presence,
    /// What it holds.
    pub shape: Shape,
}

/// Whether a field may be absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Presence {
    /// It is always written, and reading fails without it.
    Required,
    /// Reading does without it.
    Optional,
    /// It may be written and is never read.
    Ignored,
}

/// The variants of an enum.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Variants {
    /// How the variant is told.
    pub tagging: Tagging,
    /// The variants: sorted by name; of an untagged enum, in the order in which they are tried.
    pub variants: Vec<Variant>,
}

/// How an enum's variant is told in JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Tagging {
    /// `{"Variant": …}`, or `"Variant"` where it holds nothing.
    External,
    /// By a field beside the variant's own.
    Internal {
        /// The field with the variant's name.
        tag: String,
    },
    /// By one field, with the variant's content in another.
    Adjacent {
        /// The field with the variant's name.
        tag: String,
        /// The field with its content.
        content: String,
    },
    /// Not at all: the first one that fits.
    Untagged,
}

/// A variant of an enum.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Variant {
    /// The name under which it is written; empty where the variants are untagged.
    pub name: String,
    /// Other names from which it is read, sorted.
    pub aliases: Vec<String>,
    /// What it holds.
    pub body: Option<Shape>,
    /// Whether every unknown name is read as this one.
    pub other: bool,
    /// Whether it alone is written without its name.
    pub untagged: bool,
}

impl Shape {
    /// An object with the given fields, all required but those that are nullable.
    pub fn object<N: Into<String>>(fields: impl IntoIterator<Item = (N, Self)>) -> Self {
        let fields = fields.into_iter().map(|(name, shape)| Field {
            name: name.into(),
            aliases: Vec::new(),
            presence: if matches!(shape, Self::Nullable(_)) {
                Presence::Optional
            } else {
                Presence::Required
            },
            shape,
        });
        let mut object = Object { fields: fields.collect(), ..Object::default() };
        object.sort();
        Self::Object(object)
    }

    /// A string of a format of its own.
    #[must_use]
    pub const fn text(format: &'static str) -> Self {
        Self::Text(Cow::Borrowed(format))
    }

    /// A format known by name alone.
    #[must_use]
    pub const fn opaque(format: &'static str) -> Self {
        Self::Opaque(Cow::Borrowed(format))
    }

    /// The shapes directly inside.
    pub(crate) fn inside(&self) -> Vec<&Self> {
        match self {
            Self::Nullable(one) | Self::List(one) | Self::Set(one) | Self::Array(_, one) => vec![one],
            Self::Tuple(places) => places.iter().collect(),
            Self::Map(key, value) => vec![key, value],
            Self::Object(object) => {
                object.fields.iter().map(|field| &field.shape).chain(&object.flattened).collect()
            }
            Self::Enum(sum) => sum.variants.iter().filter_map(|variant| variant.body.as_ref()).collect(),
            _ => Vec::new(),
        }
    }

    /// As [`inside`](Self::inside).
    pub(crate) fn inside_mut(&mut self) -> Vec<&mut Self> {
        match self {
            Self::Nullable(one) | Self::List(one) | Self::Set(one) | Self::Array(_, one) => vec![one],
            Self::Tuple(places) => places.iter_mut().collect(),
            Self::Map(key, value) => vec![key, value],
            Self::Object(object) => {
                let fields = object.fields.iter_mut().map(|field| &mut field.shape);
                fields.chain(&mut object.flattened).collect()
            }
            Self::Enum(sum) => sum.variants.iter_mut().filter_map(|variant| variant.body.as_mut()).collect(),
            _ => Vec::new(),
        }
    }
}

impl Tagging {
    /// By a field beside the variant's own.
    #[must_use]
    pub fn internal(tag: &str) -> Self {
        Self::Internal { tag: tag.to_owned() }
    }

    /// By one field, with the content in another.
    #[must_use]
    pub fn adjacent(tag: &str, content: &str) -> Self {
        Self::Adjacent { tag: tag.to_owned(), content: content.to_owned() }
    }
}

impl Object {
    /// One order for all, so that equal shapes have equal texts.
    pub(crate) fn sort(&mut self) {
        self.fields.sort_by(|a, b| a.name.cmp(&b.name));
    }
}

impl Variants {
    /// As [`Object::sort`]; the order of variants without a name is part of the shape.
    pub(crate) fn sort(&mut self) {
        if self.tagging != Tagging::Untagged {
            self.variants.sort_by(|a, b| (a.untagged, &a.name).cmp(&(b.untagged, &b.name)));
        }
    }
}

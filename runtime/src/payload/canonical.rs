//! A value as a tree with one text, whatever order its maps and sets have.

mod compound;

use std::fmt;

use serde::ser::{Error as _, Serialize, Serializer};

use self::compound::{Entries, Fields, Items};
use crate::limits::MAX_NESTING;

/// A part of a value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    /// `None`.
    Absent,
    /// `Some`: says that a default in it is not one of the field.
    Present(Box<Node>),
    /// A number, boolean, text or `null`, as JSON.
    Scalar {
        text: String,
        is_default: bool,
    },
    List(Vec<Node>),
    /// A list whose order means nothing.
    Set(Vec<Node>),
    /// A map.
    Map(Vec<(String, Node)>),
    /// The fields of a struct.
    Fields(Vec<(&'static str, Node)>),
}

impl Node {
    /// The tree of a value.
    pub(crate) fn of<T: Serialize + ?Sized>(value: &T) -> Result<Self, serde_json::Error> {
        Self::inside(0, value)
    }

    /// As [`of`](Self::of), inside that many arrays and objects.
    fn inside<T: Serialize + ?Sized>(depth: usize, value: &T) -> Result<Self, serde_json::Error> {
        if depth > MAX_NESTING {
            let problem = format_args!("it is nested deeper than {MAX_NESTING} levels");
            return Err(serde::ser::Error::custom(problem));
        }
        value.serialize(Builder { depth })
    }

    fn scalar(text: impl fmt::Display, is_default: bool) -> Self {
        Self::Scalar { text: text.to_string(), is_default }
    }

    /// Whether a release may add it, as a field, to what it was before: `None`, and what `Default`
    /// gives for the types that serde knows.
    pub(crate) fn is_absent(&self) -> bool {
        match self {
            Self::Absent => true,
            Self::Present(_) => false,
            Self::Scalar { is_default, .. } => *is_default,
            Self::List(items) | Self::Set(items) => items.is_empty(),
            Self::Map(entries) => entries.is_empty(),
            Self::Fields(fields) => fields.iter().all(|(_, field)| field.is_absent()),
        }
    }

    /// Writes JSON with sorted keys. `keeps` says whether a field that can be absent is written; it
    /// is given the names of the fields around it and its own.
    pub(crate) fn write<'n>(
        &'n self,
        out: &mut Vec<u8>,
        path: &mut Vec<&'n str>,
        sets: Sets,
        keeps: &dyn Fn(&[&str]) -> bool,
    ) {
        match self {
            Self::Absent => out.extend_from_slice(b"null"),
            Self::Present(inner) => inner.write(out, path, sets, keeps),
            Self::Scalar { text, .. } => out.extend_from_slice(text.as_bytes()),
            Self::Set(items) if sets == Sets::Sorted => {
                let mut texts = Vec::with_capacity(items.len());
                for item in items {
                    let mut text = Vec::new();
                    item.write(&mut text, path, sets, keeps);
                    texts.push(text);
                }
                texts.sort_unstable();
                list(out, texts, |out, text| out.extend_from_slice(&text));
            }
            Self::List(items) | Self::Set(items) => {
                list(out, items, |out, item| item.write(out, path, sets, keeps));
            }
            Self::Map(entries) => {
                let mut entries: Vec<_> = entries.iter().map(|(key, value)| (key.as_str(), value)).collect();
                entries.sort_by_key(|(key, _)| *key);
                object(out, entries, |out, _, value| value.write(out, path, sets, keeps));
            }
            Self::Fields(fields) => {
                let mut kept = Vec::with_capacity(fields.len());
                for (name, field) in fields {
                    path.push(name);
                    if !field.is_absent() || keeps(path) {
                        kept.push((*name, field));
                    }
                    path.pop();
                }
                kept.sort_by_key(|(name, _)| *name);
                object(out, kept, |out, name, field| {
                    path.push(name);
                    field.write(out, path, sets, keeps);
                    path.pop();
                });
            }
        }
    }

    /// The paths of the fields that can be absent, each once.
    pub(crate) fn absent<'n>(&'n self, path: &mut Vec<&'n str>, found: &mut Vec<Vec<&'n str>>) {
        match self {
            Self::Absent | Self::Scalar { .. } => {}
            Self::Present(inner) => inner.absent(path, found),
            Self::List(items) | Self::Set(items) => items.iter().for_each(|item| item.absent(path, found)),
            Self::Map(entries) => entries.iter().for_each(|(_, value)| value.absent(path, found)),
            Self::Fields(fields) => {
                for (name, field) in fields {
                    path.push(name);
                    if field.is_absent() && !found.contains(path) {
                        found.push(path.clone());
                    }
                    field.absent(path, found);
                    path.pop();
                }
            }
        }
    }
}

/// How a set is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sets {
    /// By the texts of its elements.
    Sorted,
    /// As it comes: the form of earlier releases.
    AsTheyCome,
}

fn list<T>(out: &mut Vec<u8>, items: impl IntoIterator<Item = T>, mut write: impl FnMut(&mut Vec<u8>, T)) {
    out.push(b'[');
    for (at, item) in items.into_iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        write(out, item);
    }
    out.push(b']');
}

fn object<'n>(
    out: &mut Vec<u8>,
    entries: Vec<(&'n str, &'n Node)>,
    mut write: impl FnMut(&mut Vec<u8>, &'n str, &'n Node),
) {
    out.push(b'{');
    for (at, (key, value)) in entries.into_iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        out.extend_from_slice(quoted(key).as_bytes());
        out.push(b':');
        write(out, key, value);
    }
    out.push(b'}');
}

fn quoted(text: &str) -> String {
    // A text is always written.
    serde_json::to_string(text).unwrap_or_default()
}

/// Whether the type that is iterated over has no order of its own. Its serde impl hands `&Self` to
/// `collect_seq`: the one place at which a serializer can tell it from a list.
fn is_unordered(type_name: &str) -> bool {
    let name = type_name.trim_start_matches('&');
    let path = name.split('<').next().unwrap_or(name);
    let last = path.rsplit("::").next().unwrap_or(path);
    last.ends_with("HashSet") || last == "BinaryHeap"
}

/// Builds the tree.
struct Builder {
    /// How many arrays and objects are around it.
    depth: usize,
}

macro_rules! integers {
    ($($method:ident: $ty:ty),+) => {
        $(fn $method(self, value: $ty) -> Result<Node, Self::Error> {
            Ok(Node::scalar(value, value == 0))
        })+
    };
}

impl Serializer for Builder {
    type Ok = Node;
    type Error = serde_json::Error;
    type SerializeSeq = Items;
    type SerializeTuple = Items;
    type SerializeTupleStruct = Items;
    type SerializeTupleVariant = Items;
    type SerializeMap = Entries;
    type SerializeStruct = Fields;
    type SerializeStructVariant = Fields;

    integers! {
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64, serialize_i128: i128,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64, serialize_u128: u128
    }

    fn serialize_bool(self, value: bool) -> Result<Node, Self::Error> {
        Ok(Node::scalar(value, !value))
    }

    /// With the digits of its `f64`, as earlier releases did.
    fn serialize_f32(self, value: f32) -> Result<Node, Self::Error> {
        self.serialize_f64(f64::from(value))
    }

    fn serialize_f64(self, value: f64) -> Result<Node, Self::Error> {
        let Some(number) = serde_json::Number::from_f64(value) else {
            return Err(Self::Error::custom("a number that is not finite has no form in JSON"));
        };
        Ok(Node::scalar(number, value.to_bits() == 0))
    }

    fn serialize_char(self, value: char) -> Result<Node, Self::Error> {
        Ok(Node::scalar(quoted(value.encode_utf8(&mut [0; 4])), false))
    }

    fn serialize_str(self, value: &str) -> Result<Node, Self::Error> {
        Ok(Node::scalar(quoted(value), value.is_empty()))
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<Node, Self::Error> {
        Ok(Node::List(value.iter().map(|byte| Node::scalar(byte, *byte == 0)).collect()))
    }

    fn serialize_none(self) -> Result<Node, Self::Error> {
        Ok(Node::Absent)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Node, Self::Error> {
        Ok(Node::Present(Box::new(value.serialize(self)?)))
    }

    fn serialize_unit(self) -> Result<Node, Self::Error> {
        Ok(Node::scalar("null", true))
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Node, Self::Error> {
        self.serialize_unit()
    }

    /// No default: which variant is one is not known.
    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<Node, Self::Error> {
        Ok(Node::scalar(quoted(variant), false))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<Node, Self::Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Node, Self::Error> {
        Ok(in_variant(variant, Node::inside(self.depth + 1, value)?))
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Items, Self::Error> {
        Ok(Items::new(self.depth, None, len))
    }

    fn serialize_tuple(self, len: usize) -> Result<Items, Self::Error> {
        Ok(Items::new(self.depth, None, Some(len)))
    }

    fn serialize_tuple_struct(self, _: &'static str, len: usize) -> Result<Items, Self::Error> {
        Ok(Items::new(self.depth, None, Some(len)))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Items, Self::Error> {
        Ok(Items::new(self.depth + 1, Some(variant), Some(len)))
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Entries, Self::Error> {
        Ok(Entries::new(self.depth, len))
    }

    fn serialize_struct(self, _: &'static str, len: usize) -> Result<Fields, Self::Error> {
        Ok(Fields::new(self.depth, None, len))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Fields, Self::Error> {
        Ok(Fields::new(self.depth + 1, Some(variant), len))
    }

    fn collect_seq<I>(self, items: I) -> Result<Node, Self::Error>
    where
        I: IntoIterator,
        I::Item: Serialize,
    {
        let items: Result<_, _> = items.into_iter().map(|item| Node::inside(self.depth + 1, &item)).collect();
        Ok(if is_unordered(std::any::type_name::<I>()) { Node::Set(items?) } else { Node::List(items?) })
    }
}

/// An object of one key, which is the name of a variant.
fn in_variant(variant: &str, content: Node) -> Node {
    Node::Map(vec![(variant.to_owned(), content)])
}

//! What is inside arrays and objects.

use serde::ser::{
    Error as _, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant,
    SerializeTuple, SerializeTupleStruct, SerializeTupleVariant,
};
use serde_json::Error;

use super::{Node, in_variant};

/// The items of a list.
pub(super) struct Items {
    depth: usize,
    variant: Option<&'static str>,
    items: Vec<Node>,
}

impl Items {
    pub(super) fn new(depth: usize, variant: Option<&'static str>, len: Option<usize>) -> Self {
        Self { depth: depth + 1, variant, items: Vec::with_capacity(len.unwrap_or(0).min(1_024)) }
    }

    fn finish(self) -> Node {
        let list = Node::List(self.items);
        match self.variant {
            Some(variant) => in_variant(variant, list),
            None => list,
        }
    }
}

macro_rules! items {
    ($($compound:ident $method:ident),+) => {
        $(impl $compound for Items {
            type Ok = Node;
            type Error = Error;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
                self.items.push(Node::inside(self.depth, value)?);
                Ok(())
            }

            fn end(self) -> Result<Node, Error> {
                Ok(self.finish())
            }
        })+
    };
}

items!(
    SerializeSeq serialize_element,
    SerializeTuple serialize_element,
    SerializeTupleStruct serialize_field,
    SerializeTupleVariant serialize_field
);

/// The fields of a struct.
pub(super) struct Fields {
    depth: usize,
    variant: Option<&'static str>,
    fields: Vec<(&'static str, Node)>,
}

impl Fields {
    pub(super) fn new(depth: usize, variant: Option<&'static str>, len: usize) -> Self {
        Self { depth: depth + 1, variant, fields: Vec::with_capacity(len) }
    }
}

macro_rules! fields {
    ($($compound:ident),+) => {
        $(impl $compound for Fields {
            type Ok = Node;
            type Error = Error;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Error> {
                self.fields.push((key, Node::inside(self.depth, value)?));
                Ok(())
            }

            fn end(self) -> Result<Node, Error> {
                let fields = Node::Fields(self.fields);
                Ok(match self.variant {
                    Some(variant) => in_variant(variant, fields),
                    None => fields,
                })
            }
        })+
    };
}

fields!(SerializeStruct, SerializeStructVariant);

/// The entries of a map.
pub(super) struct Entries {
    depth: usize,
    entries: Vec<(String, Node)>,
    key: Option<String>,
}

impl Entries {
    pub(super) fn new(depth: usize, len: Option<usize>) -> Self {
        Self { depth: depth + 1, entries: Vec::with_capacity(len.unwrap_or(0).min(1_024)), key: None }
    }
}

impl SerializeMap for Entries {
    type Ok = Node;
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.key = Some(key_text(key)?);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let key = self.key.take().ok_or_else(|| Error::custom("a map has a value without a key"))?;
        self.entries.push((key, Node::inside(self.depth, value)?));
        Ok(())
    }

    fn end(self) -> Result<Node, Error> {
        Ok(Node::Map(self.entries))
    }
}

/// A key as a string, as `serde_json` writes it.
fn key_text<T: Serialize + ?Sized>(key: &T) -> Result<String, Error> {
    let mut node = Node::of(key)?;
    while let Node::Present(inner) = node {
        node = *inner;
    }
    match node {
        Node::Scalar { text, .. } if text.starts_with('"') => serde_json::from_str(&text),
        Node::Scalar { text, .. } if text != "null" => Ok(text),
        _ => Err(Error::custom("the key of a map is one string or number")),
    }
}

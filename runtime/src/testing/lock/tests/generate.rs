//! Structures of every kind.

use proptest::collection::vec;
use proptest::prelude::*;

use crate::schema::{Field, Integer, Object, Presence, Shape, Tagging, Variant, Variants};

/// Any structure that a type can have, recursion and odd names included.
pub(super) fn shape() -> impl Strategy<Value = Shape> {
    let tree = leaf().prop_recursive(5, 48, 5, |inner| {
        prop_oneof![
            inner.clone().prop_map(|shape| Shape::Nullable(Box::new(shape))),
            inner.clone().prop_map(|shape| Shape::List(Box::new(shape))),
            inner.clone().prop_map(|shape| Shape::Set(Box::new(shape))),
            (0..4_usize, inner.clone()).prop_map(|(length, shape)| Shape::Array(length, Box::new(shape))),
            vec(inner.clone(), 0..4).prop_map(Shape::Tuple),
            (inner.clone(), inner.clone()).prop_map(|(key, value)| Shape::Map(key.into(), value.into())),
            object(inner.clone()),
            object(inner.clone()),
            sum(inner),
        ]
    });
    tree.prop_map(|mut shape| {
        bind(&mut shape, 0);
        shape
    })
}

/// A name as serde can give one, most often a plain one.
pub(super) fn name() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[a-f]", 2 => "[a-z_][a-z0-9_.-]{0,6}", 1 => ".{0,6}", 1 => Just("...".to_owned())]
}

fn leaf() -> impl Strategy<Value = Shape> {
    let bits = prop_oneof![Just(8), Just(16), Just(32), Just(64), Just(128)];
    prop_oneof![
        Just(Shape::Null),
        Just(Shape::Bool),
        Just(Shape::F32),
        Just(Shape::F64),
        Just(Shape::String),
        Just(Shape::Any),
        (any::<bool>(), bits, any::<bool>()).prop_map(|(signed, bits, nonzero)| Shape::Integer(Integer {
            signed,
            bits,
            nonzero
        })),
        name().prop_map(|format| Shape::Text(format.into())),
        name().prop_map(|format| Shape::Opaque(format.into())),
        (1..4_usize).prop_map(Shape::Again),
    ]
}

fn aliases() -> impl Strategy<Value = Vec<String>> {
    vec(name(), 0..2)
}

fn object(inner: impl Strategy<Value = Shape> + Clone) -> impl Strategy<Value = Shape> {
    let presence = prop_oneof![Just(Presence::Required), Just(Presence::Optional), Just(Presence::Ignored)];
    let field = (name(), aliases(), presence, inner.clone())
        .prop_map(|(name, aliases, presence, shape)| Field { name, aliases, presence, shape });
    (vec(field, 0..5), vec(inner, 0..2), any::<bool>()).prop_map(|(fields, flattened, closed)| {
        let mut object = Object { fields, flattened, closed };
        object.sort();
        Shape::Object(object)
    })
}

fn sum(inner: impl Strategy<Value = Shape> + Clone) -> impl Strategy<Value = Shape> {
    let tagging = prop_oneof![
        Just(Tagging::External),
        name().prop_map(|tag| Tagging::internal(&tag)),
        (name(), name()).prop_map(|(tag, content)| Tagging::adjacent(&tag, &content)),
        Just(Tagging::Untagged),
    ];
    let variant = (name(), aliases(), proptest::option::of(inner), any::<bool>(), any::<bool>())
        .prop_map(|(name, aliases, body, other, untagged)| Variant { name, aliases, body, other, untagged });
    (tagging, vec(variant, 0..4)).prop_map(|(tagging, mut variants)| {
        for variant in &mut variants {
            if variant.untagged || tagging == Tagging::Untagged {
                variant.name.clear();
                variant.aliases.clear();
            }
        }
        let mut sum = Variants { tagging, variants };
        sum.sort();
        Shape::Enum(sum)
    })
}

/// Lets each reference point at something that holds it.
fn bind(shape: &mut Shape, depth: usize) {
    match shape {
        Shape::Again(_) if depth == 0 => *shape = Shape::Null,
        Shape::Again(steps) => *steps = 1 + *steps % depth,
        _ => shape.inside_mut().into_iter().for_each(|inner| bind(inner, depth + 1)),
    }
}

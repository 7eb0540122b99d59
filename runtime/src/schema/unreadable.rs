//! What serde writes as JSON and does not read back.

use super::{Object, Presence, Shape, Tagging, Variant, Variants};

/// What is wrong with the content of a type that serde reads by way of a buffer: inside an inner tag,
/// an untagged enum or a flattened field. The buffer holds integers of 64 bits and keys as texts.
pub(super) fn buffered(shape: &Shape, by: &str) -> Vec<String> {
    let mut found = Vec::new();
    collect(shape, by, &mut found);
    found
}

fn collect(shape: &Shape, by: &str, found: &mut Vec<String>) {
    match shape {
        Shape::Integer(integer) if integer.bits > 64 => found.push(format!(
            "an integer of {} bits is not read back inside {by}; write it as text, or tag the enum from the outside",
            integer.bits
        )),
        Shape::Map(key, _) if matches!(**key, Shape::Integer(_) | Shape::Bool | Shape::F32 | Shape::F64) => {
            found.push(format!(
                "a map with numbers or booleans as keys is not read back inside {by}; use keys that are texts"
            ));
        }
        _ => {}
    }
    shape.inside().into_iter().for_each(|inner| collect(inner, by, found));
}

/// Whether some values of the shape are written as `null`.
pub(in crate::schema) fn writes_null(shape: &Shape) -> bool {
    match shape {
        Shape::Null | Shape::Any | Shape::Nullable(_) => true,
        Shape::Enum(sum) => sum.variants.iter().any(|variant| {
            let bare = variant.untagged || sum.tagging == Tagging::Untagged;
            bare && variant.body.as_ref().is_none_or(writes_null)
        }),
        _ => false,
    }
}

/// What is wrong with an object.
pub(super) fn object(object: &Object) -> Vec<String> {
    let mut found = Vec::new();
    for (nth, field) in object.fields.iter().enumerate() {
        let read = |other: &super::Field| {
            field.name == other.name
                || field.aliases.contains(&other.name)
                || other.aliases.contains(&field.name)
        };
        if field.presence != Presence::Ignored && object.fields.iter().skip(nth + 1).any(read) {
            found.push(format!("two fields are read from the key `{}`; rename one of them", field.name));
        }
    }
    found
}

/// What is wrong with an enum.
pub(super) fn variants(sum: &Variants) -> Vec<String> {
    let mut found = Vec::new();
    if let Tagging::Internal { tag } = &sum.tagging {
        for variant in &sum.variants {
            found.extend(variant.body.iter().flat_map(|body| beside_tag(variant, body, tag)));
        }
    }
    let untagged = sum.tagging == Tagging::Untagged || sum.variants.iter().any(|variant| variant.untagged);
    if untagged {
        let bodies = sum.variants.iter().filter_map(|variant| variant.body.as_ref());
        found.extend(bodies.flat_map(|body| buffered(body, "an enum with untagged variants")));
        found.extend(overlaps(sum));
    }
    for (nth, variant) in sum.variants.iter().enumerate().filter(|(_, variant)| !variant.name.is_empty()) {
        let read = |other: &Variant| {
            variant.name == other.name
                || variant.aliases.contains(&other.name)
                || other.aliases.contains(&variant.name)
        };
        if sum.variants.iter().skip(nth + 1).any(read) {
            found.push(format!("two variants are read from the name `{}`; rename one of them", variant.name));
        }
    }
    found
}

/// What is wrong with the content of a variant whose tag is among its fields.
fn beside_tag(variant: &Variant, body: &Shape, tag: &str) -> Vec<String> {
    let name = &variant.name;
    let inner = buffered(body, &format!("the inner tag `{tag}`"));
    let mut found: Vec<String> = inner.iter().map(|problem| format!("`{name}`: {problem}")).collect();
    match body {
        Shape::Object(object) => {
            let named = |field: &&super::Field| field.name == tag || field.aliases.iter().any(|it| it == tag);
            if object.fields.iter().any(|field| named(&field)) {
                found.push(format!("`{name}` has a field `{tag}`, as the tag is named; rename one of them"));
            }
            if object.flattened.iter().any(|inner| matches!(inner, Shape::Map(..))) {
                found.push(format!(
                    "`{name}` has a flattened map beside the tag `{tag}`, which may have that key"
                ));
            }
        }
        Shape::Map(..) => found.push(format!(
            "`{name}` is a map beside the tag `{tag}`, which may have that key; put it into a field"
        )),
        Shape::Enum(inner) if inner.tagging == (Tagging::Internal { tag: tag.to_owned() }) => {
            found.push(format!("`{name}` is an enum with the same tag `{tag}`; rename one of the tags"));
        }
        // An empty object, another enum, or a format that is not known.
        Shape::Null | Shape::Enum(_) | Shape::Any | Shape::Opaque(_) | Shape::Again(_) | Shape::Open(_) => {}
        _ => found.push(format!(
            "`{name}` holds no object, beside which the tag `{tag}` could be; write `content = \"…\"` as well"
        )),
    }
    found
}

/// Untagged variants of which an earlier one is read in place of a later one.
fn overlaps(sum: &Variants) -> Vec<String> {
    let bare: Vec<&Variant> =
        sum.variants.iter().filter(|variant| variant.untagged || sum.tagging == Tagging::Untagged).collect();
    let mut found = Vec::new();
    for (nth, earlier) in bare.iter().enumerate() {
        for (later_nth, later) in bare.iter().enumerate().skip(nth + 1) {
            let (Some(earlier), Some(later)) = (&earlier.body, &later.body) else { continue };
            if takes(earlier, later) {
                found.push(format!(
                    "untagged variant {} can be read as variant {}; write a tag",
                    later_nth + 1,
                    nth + 1
                ));
            }
        }
    }
    found
}

/// Whether reading the earlier shape succeeds on what the later one writes, for some values.
fn takes(earlier: &Shape, later: &Shape) -> bool {
    let number = |shape: &Shape| matches!(shape, Shape::Integer(_) | Shape::F32 | Shape::F64);
    let list = |shape: &Shape| matches!(shape, Shape::List(_) | Shape::Set(_));
    match (earlier, later) {
        (Shape::Any, _) => true,
        (Shape::F32 | Shape::F64, later) => number(later),
        (Shape::Integer(_), later) => matches!(later, Shape::Integer(_)),
        (Shape::String, Shape::String | Shape::Text(_)) => true,
        (Shape::Text(one), Shape::Text(other)) => one == other,
        (Shape::Text(_), Shape::String) => true,
        (Shape::Bool, Shape::Bool) | (Shape::Null, Shape::Null | Shape::Nullable(_)) => true,
        (Shape::Nullable(_), Shape::Null | Shape::Nullable(_)) => true,
        (Shape::Nullable(earlier), later) => takes(earlier, later),
        (earlier, Shape::Nullable(later)) => takes(earlier, later),
        // An empty list is read as any.
        (earlier, later) if list(earlier) => list(later),
        (Shape::Map(..), Shape::Map(..)) => true,
        (Shape::Object(earlier), Shape::Object(later)) => {
            let written = |name: &String| later.fields.iter().any(|field| field.name == *name);
            earlier.fields.iter().all(|field| {
                field.presence != Presence::Required
                    || written(&field.name)
                    || field.aliases.iter().any(written)
            })
        }
        _ => false,
    }
}

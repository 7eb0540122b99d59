//! The canonical text of a shape, which a person can read.
//!
//! ```text
//! object
//!   id: string(uuid)
//!   items: list of object
//!     quantity: u32
//!     sku: string, alias "article"
//!   note: nullable string, optional
//!   status: enum
//!     placed
//!     shipped: object
//!       at: string(date-time)
//! ```

use super::{Field, Integer, Presence, Shape, Tagging, Variant};

/// What stands in the line of the shape itself.
pub(crate) fn head(shape: &Shape) -> String {
    match shape {
        Shape::Null => "null".into(),
        Shape::Bool => "bool".into(),
        Shape::Integer(integer) => integer_head(*integer),
        Shape::F32 => "f32".into(),
        Shape::F64 => "f64".into(),
        Shape::String => "string".into(),
        Shape::Text(format) => format!("string({})", name(format)),
        Shape::Any => "any".into(),
        Shape::Opaque(format) => format!("opaque {}", quoted(format)),
        Shape::Nullable(inner) => format!("nullable {}", head(inner)),
        Shape::List(inner) => format!("list of {}", head(inner)),
        Shape::Set(inner) => format!("set of {}", head(inner)),
        Shape::Array(length, inner) => format!("array[{length}] of {}", head(inner)),
        Shape::Tuple(_) => "tuple".into(),
        Shape::Map(..) => "map".into(),
        Shape::Object(object) if object.closed => "closed object".into(),
        Shape::Object(_) => "object".into(),
        Shape::Enum(sum) => match &sum.tagging {
            Tagging::External => "enum".into(),
            Tagging::Internal { tag } => format!("enum tag {}", quoted(tag)),
            Tagging::Adjacent { tag, content } => {
                format!("enum tag {} content {}", quoted(tag), quoted(content))
            }
            Tagging::Untagged => "enum untagged".into(),
        },
        Shape::Again(steps) => format!("again {steps}"),
        // Only while a type is being described: nobody holds such a shape.
        Shape::Open(_) => "again 0".into(),
    }
}

fn integer_head(integer: Integer) -> String {
    let Integer { signed, bits, nonzero } = integer;
    format!("{}{}{bits}", if nonzero { "nonzero " } else { "" }, if signed { 'i' } else { 'u' })
}

/// The lines inside the shape, `level` times indented.
pub(crate) fn write_within(text: &mut String, shape: &Shape, level: usize) {
    match shape {
        Shape::Nullable(inner) | Shape::List(inner) | Shape::Set(inner) | Shape::Array(_, inner) => {
            write_within(text, inner, level);
        }
        Shape::Tuple(places) => {
            for (index, place) in places.iter().enumerate() {
                write_line(text, &index.to_string(), Some(place), "", level);
            }
        }
        Shape::Map(key, value) => {
            write_line(text, "key", Some(key), "", level);
            write_line(text, "value", Some(value), "", level);
        }
        Shape::Object(object) => {
            for field in &object.fields {
                write_line(text, &name(&field.name), Some(&field.shape), &field_marks(field), level);
            }
            for shape in &object.flattened {
                write_line(text, "...", Some(shape), "", level);
            }
        }
        Shape::Enum(sum) => {
            for (index, variant) in sum.variants.iter().enumerate() {
                let unnamed = variant.untagged || sum.tagging == Tagging::Untagged;
                let name = if unnamed { index.to_string() } else { name(&variant.name) };
                write_line(text, &name, variant.body.as_ref(), &variant_marks(variant), level);
            }
        }
        _ => {}
    }
}

fn write_line(text: &mut String, name: &str, shape: Option<&Shape>, marks: &str, level: usize) {
    for _ in 0..level {
        text.push_str("  ");
    }
    text.push_str(name);
    if let Some(shape) = shape {
        text.push_str(": ");
        text.push_str(&head(shape));
    }
    text.push_str(marks);
    text.push('\n');
    if let Some(shape) = shape {
        write_within(text, shape, level + 1);
    }
}

fn field_marks(field: &Field) -> String {
    let mut marks = String::from(match field.presence {
        Presence::Required => "",
        Presence::Optional => ", optional",
        Presence::Ignored => ", ignored",
    });
    write_aliases(&mut marks, &field.aliases);
    marks
}

fn variant_marks(variant: &Variant) -> String {
    let mut marks = String::new();
    if variant.other {
        marks.push_str(", other");
    }
    if variant.untagged {
        marks.push_str(", untagged");
    }
    write_aliases(&mut marks, &variant.aliases);
    marks
}

fn write_aliases(marks: &mut String, aliases: &[String]) {
    for alias in aliases {
        marks.push_str(", alias ");
        marks.push_str(&quoted(alias));
    }
}

/// A name as it stands in a line: quoted where it could be taken for something else.
pub(crate) fn name(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if name.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_') && name.chars().all(plain) {
        name.to_owned()
    } else {
        quoted(name)
    }
}

/// A JSON string, the one quoting that every reader of the file knows.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

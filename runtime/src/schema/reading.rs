//! Reading the canonical text of shapes.

use super::scan::{Scan, Scanned};
use super::{Field, Integer, Object, Presence, Shape, Tagging, Variant, Variants};

/// How deep a structure may be: far beyond any that a person declares, and far from the end of the stack.
const MAX_DEPTH: usize = 128;

/// A text is not of the canonical form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub(crate) struct InvalidText {
    /// The line, 1 for the first.
    pub(crate) line: usize,
    pub(crate) reason: String,
}

/// A line without its indentation.
#[derive(Clone, Copy)]
pub(crate) struct Line<'a> {
    pub(crate) number: usize,
    level: usize,
    pub(crate) text: &'a str,
}

/// The lines that are left.
pub(crate) struct Lines<'a> {
    pub(crate) rest: std::iter::Peekable<std::vec::IntoIter<Line<'a>>>,
    pub(crate) last: usize,
}

pub(crate) type Parsed<T> = Result<T, InvalidText>;

impl Shape {
    /// Reads a [canonical text](Self::to_text).
    pub(crate) fn from_text(text: &str) -> Parsed<Self> {
        let mut lines = Lines::of(text)?;
        let Some(line) = lines.next_at(0) else { return Err(invalid(lines.last, "the text is empty")) };
        let mut scan = Scan::new(line.text);
        let shape = shape(&mut scan, line, &mut lines, 0)?;
        scan.end().map_err(|reason| invalid(line.number, reason))?;
        lines.end()?;
        Ok(shape)
    }
}

/// Reads a shape whose head is next in the line, and the lines inside it. `depth` shapes hold it.
pub(crate) fn shape(
    scan: &mut Scan<'_>,
    line: Line<'_>,
    lines: &mut Lines<'_>,
    depth: usize,
) -> Parsed<Shape> {
    let fail = |reason: String| invalid(line.number, reason);
    if depth > MAX_DEPTH {
        return Err(fail("the structure is nested too deeply".into()));
    }
    let inner = |scan: &mut Scan<'_>, lines: &mut Lines<'_>| {
        scan.expect(" of ").map_err(fail)?;
        shape(scan, line, lines, depth + 1).map(Box::new)
    };
    Ok(match scan.word() {
        "nullable" => {
            scan.expect(" ").map_err(fail)?;
            Shape::Nullable(Box::new(shape(scan, line, lines, depth + 1)?))
        }
        "list" => Shape::List(inner(scan, lines)?),
        "set" => Shape::Set(inner(scan, lines)?),
        "array" => {
            let length = array_length(scan).map_err(fail)?;
            Shape::Array(length, inner(scan, lines)?)
        }
        "tuple" => Shape::Tuple(places(line, lines, depth)?),
        "map" => map(line, lines, depth)?,
        "object" => Shape::Object(object(line, lines, depth)?),
        "closed" => {
            scan.expect(" object").map_err(fail)?;
            Shape::Object(Object { closed: true, ..object(line, lines, depth)? })
        }
        "enum" => {
            let tagging = tagging(scan).map_err(fail)?;
            variants(tagging, line, lines, depth)?
        }
        "again" => {
            scan.expect(" ").map_err(fail)?;
            match scan.number().map_err(fail)? {
                steps if (1..=depth).contains(&steps) => Shape::Again(steps),
                steps => return Err(fail(format!("nothing stands {steps} steps further out"))),
            }
        }
        word => simple(word, scan).map_err(fail)?,
    })
}

/// A shape without others inside.
fn simple(word: &str, scan: &mut Scan<'_>) -> Scanned<Shape> {
    Ok(match word {
        "null" => Shape::Null,
        "bool" => Shape::Bool,
        "f32" => Shape::F32,
        "f64" => Shape::F64,
        "any" => Shape::Any,
        "opaque" => {
            scan.expect(" ")?;
            Shape::Opaque(scan.quoted()?.into())
        }
        "string" if scan.eat("(") => {
            let format = scan.name()?;
            scan.expect(")")?;
            Shape::Text(format.into())
        }
        "string" => Shape::String,
        "nonzero" => {
            scan.expect(" ")?;
            integer(scan.word(), true)?
        }
        word => integer(word, false)?,
    })
}

fn integer(word: &str, nonzero: bool) -> Scanned<Shape> {
    let (signed, bits) = match word.split_at_checked(1) {
        Some(("i", bits)) => (true, bits),
        Some(("u", bits)) => (false, bits),
        _ => (false, ""),
    };
    match bits {
        "8" | "16" | "32" | "64" | "128" => {
            let bits = bits.parse().map_err(|_| format!("`{word}` is no integer"))?;
            Ok(Shape::Integer(Integer { signed, bits, nonzero }))
        }
        _ => Err(format!("`{word}` is no structure")),
    }
}

fn array_length(scan: &mut Scan<'_>) -> Scanned<usize> {
    scan.expect("[")?;
    let length = scan.number()?;
    scan.expect("]").map(|()| length)
}

fn tagging(scan: &mut Scan<'_>) -> Scanned<Tagging> {
    if scan.eat(" untagged") {
        return Ok(Tagging::Untagged);
    }
    if !scan.eat(" tag ") {
        return Ok(Tagging::External);
    }
    let tag = scan.quoted()?;
    Ok(if scan.eat(" content ") {
        Tagging::Adjacent { tag, content: scan.quoted()? }
    } else {
        Tagging::Internal { tag }
    })
}

fn places(outer: Line<'_>, lines: &mut Lines<'_>, depth: usize) -> Parsed<Vec<Shape>> {
    let mut places = Vec::new();
    while let Some(line) = lines.next_at(outer.level + 1) {
        places.push(named(&places.len().to_string(), line, lines, depth)?);
    }
    Ok(places)
}

fn map(outer: Line<'_>, lines: &mut Lines<'_>, depth: usize) -> Parsed<Shape> {
    let mut part = |name| match lines.next_at(outer.level + 1) {
        Some(line) => named(name, line, lines, depth).map(Box::new),
        None => Err(invalid(outer.number, format!("the map has no line `{name}: …`"))),
    };
    Ok(Shape::Map(part("key")?, part("value")?))
}

/// A line `name: shape` whose name is known.
fn named(name: &str, line: Line<'_>, lines: &mut Lines<'_>, depth: usize) -> Parsed<Shape> {
    let mut scan = Scan::new(line.text);
    scan.expect(&format!("{name}: ")).map_err(|reason| invalid(line.number, reason))?;
    let shape = shape(&mut scan, line, lines, depth + 1)?;
    scan.end().map_err(|reason| invalid(line.number, reason))?;
    Ok(shape)
}

fn object(outer: Line<'_>, lines: &mut Lines<'_>, depth: usize) -> Parsed<Object> {
    let mut object = Object::default();
    while let Some(line) = lines.next_at(outer.level + 1) {
        if line.text.starts_with("...") {
            object.flattened.push(named("...", line, lines, depth)?);
            continue;
        }
        let fail = |reason| invalid(line.number, reason);
        let mut scan = Scan::new(line.text);
        let name = scan.name().map_err(fail)?;
        scan.expect(": ").map_err(fail)?;
        let shape = shape(&mut scan, line, lines, depth + 1)?;
        let presence = if scan.eat(", optional") {
            Presence::Optional
        } else if scan.eat(", ignored") {
            Presence::Ignored
        } else {
            Presence::Required
        };
        let aliases = aliases(&mut scan).map_err(fail)?;
        object.fields.push(Field { name, aliases, presence, shape });
    }
    object.sort();
    Ok(object)
}

fn variants(tagging: Tagging, outer: Line<'_>, lines: &mut Lines<'_>, depth: usize) -> Parsed<Shape> {
    let mut sum = Variants { tagging, variants: Vec::new() };
    while let Some(line) = lines.next_at(outer.level + 1) {
        let fail = |reason| invalid(line.number, reason);
        let mut scan = Scan::new(line.text);
        let mut name = scan.name().map_err(fail)?;
        let body = if scan.eat(": ") { Some(shape(&mut scan, line, lines, depth + 1)?) } else { None };
        let other = scan.eat(", other");
        let untagged = scan.eat(", untagged");
        let aliases = aliases(&mut scan).map_err(fail)?;
        if untagged || sum.tagging == Tagging::Untagged {
            name.clear();
        }
        sum.variants.push(Variant { name, aliases, body, other, untagged });
    }
    sum.sort();
    Ok(Shape::Enum(sum))
}

/// The last marks of a line.
fn aliases(scan: &mut Scan<'_>) -> Scanned<Vec<String>> {
    let mut aliases = Vec::new();
    while scan.eat(", alias ") {
        aliases.push(scan.quoted()?);
    }
    scan.end().map(|()| aliases)
}

pub(crate) fn invalid(line: usize, reason: impl Into<String>) -> InvalidText {
    InvalidText { line, reason: reason.into() }
}

impl<'a> Line<'a> {
    #[cfg(feature = "testing")]
    pub(crate) fn read<T>(&self, read: impl FnOnce(&mut Scan<'a>) -> Scanned<T>) -> Parsed<T> {
        read(&mut Scan::new(self.text)).map_err(|reason| invalid(self.number, reason))
    }
}

impl<'a> Lines<'a> {
    pub(crate) fn of(text: &'a str) -> Parsed<Self> {
        let mut lines = Vec::new();
        let mut last = 1;
        for (index, line) in text.lines().enumerate() {
            last = index + 1;
            let text = line.trim_start_matches(' ');
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let indent = line.len() - text.len();
            if indent % 2 != 0 {
                return Err(invalid(last, "the line is indented by an odd number of spaces"));
            }
            lines.push(Line { number: last, level: indent / 2, text });
        }
        Ok(Self { rest: lines.into_iter().peekable(), last })
    }

    /// The next line, if it is of this level.
    pub(crate) fn next_at(&mut self, level: usize) -> Option<Line<'a>> {
        self.rest.next_if(|line| line.level == level)
    }

    /// No line may be left.
    pub(crate) fn end(&mut self) -> Parsed<()> {
        match self.rest.next() {
            Some(line) => Err(invalid(line.number, "the line is indented under nothing")),
            None => Ok(()),
        }
    }
}

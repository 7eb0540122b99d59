//! Reading a saga in a lock file.

use super::LockedSaga;
use crate::saga::{SagaDescription, StepDescription, StepKind, WayBack};
use crate::schema::Shape;
use crate::schema::reading::{Line, Lines, Parsed, invalid, shape};
use crate::schema::scan::{Scan, Scanned};

/// Reads a saga whose line is this one.
pub(in crate::testing::lock) fn saga(line: Line<'_>, lines: &mut Lines<'_>) -> Parsed<LockedSaga> {
    let (name, version, fingerprint, migrates_from) = line.read(|scan| {
        scan.expect("saga ")?;
        let name = scan.name()?;
        scan.expect(" v")?;
        let version = scan.number()?;
        scan.expect(" ")?;
        let fingerprint = scan.word();
        let migrates_from = if scan.eat(", migrates from v") { scan.number()? } else { version };
        scan.end().map(|()| (name, version, fingerprint, migrates_from))
    })?;
    let Some(data_line) = lines.next_at(1) else {
        return Err(invalid(line.number, "the saga has no line `data: …`"));
    };
    let ((), data, ()) = typed(data_line, lines, |scan| scan.expect("data: "), |scan| scan.end())?;
    let mut steps = Vec::new();
    while let Some(line) = lines.next_at(1) {
        steps.push(step(line, lines)?);
    }
    let description = SagaDescription { name, version, data, steps };
    if fingerprint != format!("{:016x}", description.fingerprint()) {
        let reason = format!(
            "the fingerprint of `{}` v{version} does not fit what stands below it: the file was changed by hand",
            description.name
        );
        return Err(invalid(line.number, reason));
    }
    Ok(LockedSaga { description, migrates_from })
}

/// Reads a line that has a shape in its middle, and the lines inside the shape.
fn typed<'a, A, B>(
    line: Line<'a>,
    lines: &mut Lines<'a>,
    before: impl FnOnce(&mut Scan<'a>) -> Scanned<A>,
    after: impl FnOnce(&mut Scan<'a>) -> Scanned<B>,
) -> Parsed<(A, Shape, B)> {
    let fail = |reason| invalid(line.number, reason);
    let mut scan = Scan::new(line.text);
    let before = before(&mut scan).map_err(fail)?;
    let shape = shape(&mut scan, line, lines, 0)?;
    let after = after(&mut scan).map_err(fail)?;
    Ok((before, shape, after))
}

fn step<'a>(line: Line<'a>, lines: &mut Lines<'a>) -> Parsed<StepDescription> {
    let head = |scan: &mut Scan<'a>| {
        let word = scan.word();
        scan.expect(" ")?;
        let name = scan.name()?;
        scan.expect(": ").map(|()| (word, name))
    };
    let ((word, name), output, marks) = typed(line, lines, head, |scan| Marks::read(scan))?;
    let kind = match (word, marks.target) {
        ("step", None) => StepKind::Step,
        ("send", Some(kind @ StepKind::Send { .. })) | ("wait", Some(kind @ StepKind::Wait { .. })) => kind,
        _ => return Err(invalid(line.number, format!("`{word}` is no step, or one without what it needs"))),
    };
    let Marks { after, way_back, pivot, .. } = marks;
    Ok(StepDescription { name, kind, after, way_back, pivot, output })
}

/// What stands behind the shape in a step's line.
struct Marks {
    target: Option<StepKind<String>>,
    after: Vec<String>,
    way_back: WayBack<String>,
    pivot: bool,
}

impl Marks {
    fn read(scan: &mut Scan<'_>) -> Scanned<Self> {
        let target = if scan.eat(", command ") {
            let command = scan.name()?;
            scan.expect(" of ")?;
            Some(StepKind::Send { command, category: scan.name()? })
        } else if scan.eat(", for ") {
            Some(StepKind::Wait { event: scan.name()?, fails: scan.eat(", fails") })
        } else {
            None
        };
        let mut after = Vec::new();
        if scan.eat(", after") {
            while scan.eat(" ") {
                after.push(scan.name()?);
            }
        }
        let way_back = if scan.eat(", undo") {
            WayBack::Undo(String::new())
        } else if scan.eat(", read only") {
            WayBack::ReadOnly
        } else if scan.eat(", irreversible") {
            WayBack::Irreversible(String::new())
        } else {
            WayBack::NotNeeded
        };
        let pivot = scan.eat(", pivot");
        scan.end().map(|()| Self { target, after, way_back, pivot })
    }
}

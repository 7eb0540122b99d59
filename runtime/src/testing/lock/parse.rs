//! Reading a lock file.

use super::consumer;
use super::saga::saga;
use super::{Lock, LockedAggregate};
use crate::schema::reading::{InvalidText, Line, Lines, Parsed, invalid, shape};
use crate::schema::scan::{Scan, Scanned};

/// A text is no lock file. The answer is to take the file of the last release, or to write it anew by `KENNING_LOCK=accept`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct InvalidLock {
    /// The line, 1 for the first.
    pub line: usize,
    reason: String,
}

impl From<InvalidText> for InvalidLock {
    fn from(InvalidText { line, reason }: InvalidText) -> Self {
        Self { line, reason }
    }
}

pub(super) fn lock(text: &str) -> Parsed<Lock> {
    let mut lines = Lines::of(text)?;
    match lines.next_at(0) {
        Some(line) => line.read(|scan| {
            scan.expect("kenning lock format ")?;
            match scan.number()? {
                1 => scan.end(),
                format => Err(format!("the format is {format}; this release of kenning reads format 1")),
            }
        })?,
        None => return Err(invalid(lines.last, "the line `kenning lock format 1` is missing")),
    }
    let mut lock = Lock { consumers: consumer::parse(text)?, ..Lock::default() };
    while let Some(line) = lines.next_at(0) {
        if line.text.starts_with("aggregate ") {
            aggregate(&mut lock, line, &mut lines)?;
        } else if line.text.starts_with("saga ") {
            let saga = saga(line, &mut lines)?;
            let (name, version) = (saga.description.name.clone(), saga.description.version);
            if lock.sagas.entry(name).or_default().insert(version, saga).is_some() {
                return Err(invalid(line.number, "this version of the saga is there twice"));
            }
        } else if !line.text.starts_with("event ") {
            let reason = format!(
                "this release of kenning does not know what `{}` begins: a newer release has written the file, or it was changed by hand",
                line.text
            );
            return Err(invalid(line.number, reason));
        } else {
            event(&mut lock, line, &mut lines)?;
        }
    }
    lines.end()?;
    Ok(lock)
}

fn aggregate(lock: &mut Lock, line: Line<'_>, lines: &mut Lines<'_>) -> Parsed<()> {
    let category = line.read(|scan| {
        scan.expect("aggregate ")?;
        let category = scan.name()?;
        scan.end().map(|()| category)
    })?;
    let Some(id_line) = lines.next_at(1) else {
        return Err(invalid(lines.last, "the aggregate has no line `id: …`"));
    };
    let mut scan = Scan::new(id_line.text);
    scan.expect("id: ").map_err(|reason| invalid(id_line.number, reason))?;
    let id = shape(&mut scan, id_line, lines, 0)?;
    scan.end().map_err(|reason| invalid(id_line.number, reason))?;
    let mut events = std::collections::BTreeSet::new();
    let mut fold = 1;
    while let Some(line) = lines.next_at(1) {
        if line.text.starts_with("fold ") {
            fold = line.read(|scan| {
                scan.expect("fold ")?;
                let version = scan.number()?;
                scan.end().map(|()| version)
            })?;
            continue;
        }
        events.insert(line.read(|scan| {
            scan.expect("event ")?;
            let event = scan.name()?;
            scan.end().map(|()| event)
        })?);
    }
    match lock.aggregates.insert(category, LockedAggregate { id, fold, events }) {
        Some(_) => Err(invalid(line.number, "the aggregate is there twice")),
        None => Ok(()),
    }
}

fn event(lock: &mut Lock, line: Line<'_>, lines: &mut Lines<'_>) -> Parsed<()> {
    let mut scan = Scan::new(line.text);
    let (name, version, fingerprint) =
        event_head(&mut scan).map_err(|reason| invalid(line.number, reason))?;
    let shape = shape(&mut scan, line, lines, 0)?;
    scan.end().map_err(|reason| invalid(line.number, reason))?;
    if fingerprint != format!("{:016x}", shape.fingerprint()) {
        let reason = format!(
            "the fingerprint of `{name}` v{version} does not fit what stands below it: the file was changed by hand"
        );
        return Err(invalid(line.number, reason));
    }
    match lock.events.entry(name).or_default().insert(version, shape) {
        Some(_) => Err(invalid(line.number, "this version of the event is there twice")),
        None => Ok(()),
    }
}

fn event_head<'a>(scan: &mut Scan<'a>) -> Scanned<(String, u32, &'a str)> {
    scan.expect("event ")?;
    let name = scan.name()?;
    scan.expect(" v")?;
    let version = scan.number()?;
    scan.expect(" ")?;
    let fingerprint = scan.word();
    scan.expect(": ")?;
    Ok((name, version, fingerprint))
}

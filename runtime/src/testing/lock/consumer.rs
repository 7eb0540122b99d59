//! Consumers in a lock file: reactors, projections, read models, and the partitions of sagas.
//!
//! Their lines begin with `#:`. Releases before these lines read them as comments, and pass.

mod change;
mod compare;

use std::collections::{BTreeMap, BTreeSet};

pub use self::change::ConsumerChange;
pub(super) use self::change::start;
pub(super) use self::compare::consumers;

use crate::catalog::Catalog;
use crate::schema::name;
use crate::schema::reading::{Parsed, invalid};
use crate::schema::scan::{Scan, Scanned};
use crate::store::ConsumerKind;

/// What the lines of consumers begin with.
const MARK: &str = "#:";

/// The consumers of a lock, by kind and name.
pub(super) type Consumers = BTreeMap<(ConsumerKind, String), LockedConsumer>;

/// A consumer in a lock file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LockedConsumer {
    pub(super) version: u32,
    /// Whether a projection runs in the transaction of each append.
    pub(super) inline: bool,
    /// The number of partitions; `None`: the catalog does not know it.
    pub(super) partitions: Option<u16>,
    pub(super) renamed_from: Option<String>,
    /// The events that it handles. Empty for a saga: the saga's own lines have them.
    pub(super) events: BTreeSet<String>,
}

/// The consumers of the catalog.
pub(super) fn of(catalog: &Catalog) -> Consumers {
    let mut found = Consumers::new();
    let mut add =
        |kind, name: &str, version, inline, renamed_from: Option<&str>, events: BTreeSet<String>| {
            let (partitions, renamed_from) = (catalog.partitions_of(name), renamed_from.map(str::to_owned));
            let consumer = LockedConsumer { version, inline, partitions, renamed_from, events };
            found.insert((kind, name.to_owned()), consumer);
        };
    let texts = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    for entry in catalog.read_models() {
        add(ConsumerKind::ReadModel, entry.table, entry.version, false, None, texts(&entry.handles));
    }
    for entry in catalog.projections() {
        let handled = &texts(&entry.events) - &texts(&entry.ignores);
        let (kind, from) = (ConsumerKind::Projection, entry.renamed_from);
        add(kind, entry.name, entry.version, entry.inline, from, handled);
    }
    for entry in catalog.reactors() {
        let (kind, from) = (ConsumerKind::Reactor, entry.renamed_from);
        add(kind, entry.name, entry.version, false, from, texts(&entry.events));
    }
    // A saga has lines of its own. Its consumer has one only where the partitions are known.
    for entry in catalog.sagas().filter(|entry| catalog.partitions_of(entry.name).is_some()) {
        add(ConsumerKind::Saga, entry.name, entry.version, false, None, BTreeSet::new());
    }
    found
}

/// Writes the lines of all consumers.
pub(super) fn write(consumers: &Consumers, text: &mut String) {
    for ((kind, consumer), locked) in consumers {
        text.push_str(&format!("\n{MARK} {} {} v{}", kind.as_str(), name(consumer), locked.version));
        text.push_str(if locked.inline { ", inline" } else { "" });
        if let Some(partitions) = locked.partitions {
            text.push_str(&format!(", partitions {partitions}"));
        }
        if let Some(from) = &locked.renamed_from {
            text.push_str(&format!(", renamed from {}", name(from)));
        }
        text.push('\n');
        for event in &locked.events {
            text.push_str(&format!("{MARK}   event {}\n", name(event)));
        }
    }
}

/// Reads the lines of all consumers; all other lines are passed over.
pub(super) fn parse(text: &str) -> Parsed<Consumers> {
    let mut found = Consumers::new();
    let mut last = None;
    for (index, line) in text.lines().enumerate() {
        let Some(line) = line.strip_prefix(MARK) else { continue };
        let fail = |reason: String| invalid(index + 1, reason);
        if let Some(line) = line.strip_prefix("   ") {
            let event = event(line).map_err(fail)?;
            let of = last.as_ref().and_then(|key| found.get_mut(key));
            let Some(consumer) = of else {
                return Err(fail("the line is indented under nothing".to_owned()));
            };
            consumer.events.insert(event);
            continue;
        }
        let (key, consumer) = head(line).map_err(fail)?;
        if found.insert(key.clone(), consumer).is_some() {
            return Err(fail(format!("the {} `{}` is there twice", kind_text(key.0), key.1)));
        }
        last = Some(key);
    }
    Ok(found)
}

/// The kind, as people read it.
fn kind_text(kind: ConsumerKind) -> &'static str {
    if kind == ConsumerKind::ReadModel { "read model" } else { kind.as_str() }
}

fn event(line: &str) -> Scanned<String> {
    let mut scan = Scan::new(line);
    scan.expect("event ")?;
    let event = scan.name()?;
    scan.end().map(|()| event)
}

fn head(line: &str) -> Scanned<((ConsumerKind, String), LockedConsumer)> {
    let mut scan = Scan::new(line);
    scan.expect(" ")?;
    let kind = match scan.word() {
        "read_model" => ConsumerKind::ReadModel,
        "projection" => ConsumerKind::Projection,
        "reactor" => ConsumerKind::Reactor,
        "saga" => ConsumerKind::Saga,
        other => {
            return Err(format!(
                "this release of kenning does not know `{MARK} {other}`: a newer release has written the file, or it was changed by hand"
            ));
        }
    };
    scan.expect(" ")?;
    let name = scan.name()?;
    scan.expect(" v")?;
    let version = scan.number()?;
    let inline = scan.eat(", inline");
    let partitions = if scan.eat(", partitions ") { Some(scan.number()?) } else { None };
    let renamed_from = if scan.eat(", renamed from ") { Some(scan.name()?) } else { None };
    scan.end()?;
    let events = BTreeSet::new();
    Ok(((kind, name), LockedConsumer { version, inline, partitions, renamed_from, events }))
}

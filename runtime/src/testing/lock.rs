//! The lock file: what is stored for ever, committed beside the code.

mod assert;
mod change;
mod compare;
mod consumer;
mod parse;
mod saga;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

pub use self::assert::assert_lock;
pub use self::change::{Change, ChangeKind, Subject};
pub use self::consumer::ConsumerChange;
pub use self::parse::InvalidLock;

use self::consumer::Consumers;
use self::saga::LockedSaga;
use crate::catalog::Catalog;
use crate::schema::{Shape, head, name, write_within};

/// The lines with which a lock file begins. The number is that of the file's format, and of the canonical text of shapes.
const PREAMBLE: &str = "\
# What is stored for ever: a test compares it with the code. Commit it; do not edit it.
# After a change that is meant: KENNING_LOCK=accept cargo test
kenning lock format 1
";

/// What is stored for ever, as a `kenning.lock` file has it: the structure of every version of every event, which streams hold which events,
/// and what instances of sagas in flight rest on.
///
/// [`assert_lock`] is made of it; a program may [`parse`](Self::parse) a file, [`compare`](Self::compare) two and [`render`](Self::render) one.
///
/// # The file
/// Text, UTF-8, LF, sorted by category, event, saga and version; `#` begins a comment. An event's line has its name, version, fingerprint and outermost
/// structure; each field, variant or place is a line, indented under what holds it.
/// ```text
/// aggregate order
///   id: string(uuid)
///   event order.placed
///
/// event order.placed v1 8a6ac3a1e5ebbea0: object
///   items: list of object
///     quantity: u32
///     sku: string, alias "article"
///   note: nullable string, optional
///
/// saga fulfilment v2 51a3b2be26c66e33, migrates from v1
///   data: object
///     order_id: string(uuid)
///   step reserve: u64, undo
///   wait settled: null, for payment.settled, fails, after reserve
///   step ship: string, after settled, pivot
///   send thank: null, command ThankCustomer of customer, after ship
///
/// #: reactor notices v1, partitions 4, renamed from mails
/// #:   event order.placed
/// ```
/// Reactors, projections, read models and the partitions of sagas are in lines that begin with
/// `#:`, with the events that they handle. Releases before these lines read them as comments. The
/// number of partitions is there if the catalog [knows it](Catalog::partitions), as that of an
/// application does.
///
/// What is not in it may be changed without harm to instances in flight: how steps are tried again, how long they may take, what a saga is started by and what it sends when it has failed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lock {
    pub(self) aggregates: BTreeMap<String, LockedAggregate>,
    pub(self) events: BTreeMap<String, BTreeMap<u32, Shape>>,
    pub(self) sagas: BTreeMap<String, BTreeMap<u32, LockedSaga>>,
    pub(self) consumers: Consumers,
}

/// An aggregate in a lock file.
#[derive(Clone, Debug, PartialEq, Eq)]
struct LockedAggregate {
    id: Shape,
    /// The version of the fold; 1 has no line.
    fold: u32,
    events: BTreeSet<String>,
}

impl Lock {
    /// What the catalog stores.
    #[must_use]
    pub fn of(catalog: &Catalog) -> Self {
        let aggregate = |entry: &crate::AggregateEntry| {
            let events = entry.events.iter().copied().map(str::to_owned).collect();
            (entry.category.to_owned(), LockedAggregate { id: entry.id.clone(), fold: entry.fold, events })
        };
        let event = |entry: &crate::EventEntry| {
            let versions = entry.versions().map(|(version, shape)| (version, shape.clone()));
            (entry.name.to_owned(), versions.collect())
        };
        let mut sagas = BTreeMap::<_, BTreeMap<_, _>>::new();
        for entry in catalog.sagas() {
            sagas.entry(entry.name.to_owned()).or_default().insert(entry.version, LockedSaga::of(entry));
        }
        Self {
            aggregates: catalog.aggregates().map(aggregate).collect(),
            events: catalog.events().map(event).collect(),
            sagas,
            consumers: consumer::of(catalog),
        }
    }

    /// The text of the file.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = String::from(PREAMBLE);
        for (category, aggregate) in &self.aggregates {
            text.push_str(&format!("\naggregate {}\n  id: {}\n", name(category), head(&aggregate.id)));
            write_within(&mut text, &aggregate.id, 2);
            if aggregate.fold > 1 {
                text.push_str(&format!("  fold {}\n", aggregate.fold));
            }
            for event in &aggregate.events {
                text.push_str(&format!("  event {}\n", name(event)));
            }
        }
        for (event, versions) in &self.events {
            for (version, shape) in versions {
                let (event, fingerprint, head) = (name(event), shape.fingerprint(), head(shape));
                text.push_str(&format!("\nevent {event} v{version} {fingerprint:016x}: {head}\n"));
                write_within(&mut text, shape, 1);
            }
        }
        self.sagas.values().flat_map(BTreeMap::values).for_each(|saga| saga.write(&mut text));
        consumer::write(&self.consumers, &mut text);
        text
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// With the number of the line, when the text is no lock file, is of a newer format, or was changed by hand.
    pub fn parse(text: &str) -> Result<Self, InvalidLock> {
        Ok(parse::lock(text)?)
    }

    /// What the code that has `now` does to what this one says is stored; breaking changes first.
    #[must_use]
    pub fn compare(&self, now: &Self) -> Vec<Change> {
        compare::locks(self, now)
    }
}

//! What is wrong with a read model, a projection or a reactor.

use std::any::type_name;
use std::collections::BTreeSet;

use super::Mistake;
use crate::event_set::EventSet;
use crate::limits::{MAX_CONSUMER_NAME, MAX_TABLE_NAME};
use crate::projection::Projection;
use crate::reactor::Reactor;
use crate::read_model::{FoldInto, Reach, ReadModel};
use crate::schema::ColumnType;

/// Tables of our own, in the schema where those of read models are.
const OWN_TABLES: &[&str] = &[
    "events",
    "commands",
    "snapshots",
    "consumers",
    "consumer_partitions",
    "consumer_workers",
    "parked_events",
    "sagas",
    "saga_log",
    "saga_messages",
    "saga_workers",
    "saga_definitions",
];

/// What is wrong with one read model, when it is to have so many partitions.
pub(in crate::app) fn mistakes_of_read_model<M: ReadModel>(partitions: u16) -> Vec<Mistake> {
    let read_model = type_name::<M>();
    let mut mistakes = Vec::new();
    if !is_table(M::TABLE) {
        mistakes.push(Mistake::Table { read_model, table: M::TABLE });
    }
    mistakes.extend(version(read_model, M::VERSION));
    if partitions > 1 && M::Events::REACH.contains(&Reach::Computed) {
        mistakes.push(Mistake::Partitions { read_model, partitions });
    }
    mistakes.extend(columns::<M>().into_iter().map(|reason| Mistake::Columns { read_model, reason }));
    mistakes
}

/// What is wrong with one projection.
pub(in crate::app) fn mistakes_of_projection<P: Projection>() -> Vec<Mistake> {
    named(type_name::<P>(), P::NAME, P::VERSION)
}

/// What is wrong with one reactor.
pub(in crate::app) fn mistakes_of_reactor<R: Reactor>() -> Vec<Mistake> {
    named(type_name::<R>(), R::NAME, R::VERSION)
}

fn named(projection: &'static str, name: &'static str, counted: u32) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    if name.is_empty() || name.len() > MAX_CONSUMER_NAME || name.contains(char::is_control) {
        mistakes.push(Mistake::ConsumerName { projection, name });
    }
    mistakes.extend(version(projection, counted));
    mistakes
}

pub(super) fn version(consumer: &'static str, version: u32) -> Option<Mistake> {
    let counted = version > 0 && i32::try_from(version).is_ok();
    (!counted).then_some(Mistake::ConsumerVersion { consumer, version })
}

fn is_table(name: &str) -> bool {
    let ours = OWN_TABLES.contains(&name);
    let begins = name.starts_with(|first: char| first.is_ascii_lowercase());
    let made_of = |one: char| one.is_ascii_lowercase() || one.is_ascii_digit() || one == '_';
    !ours && begins && name.len() <= MAX_TABLE_NAME && name.chars().all(made_of) && !name.contains("__")
}

/// The derive makes none of these; an impl by hand may.
fn columns<M: ReadModel>() -> Vec<String> {
    let mut reasons = Vec::new();
    match M::COLUMNS.get(M::KEY) {
        None => reasons.push("its key is none of its columns".to_owned()),
        Some(key) if key.nullable => reasons.push(format!("its key `{}` may be nothing", key.name)),
        Some(key) if matches!(key.column_type, ColumnType::Real | ColumnType::Double | ColumnType::Json) => {
            reasons.push(format!("no key is of the type of `{}`", key.name));
        }
        Some(_) => {}
    }
    let mut names = BTreeSet::new();
    for column in M::COLUMNS.iter().filter(|column| !names.insert(column.name)) {
        reasons.push(format!("it has two columns `{}`", column.name));
    }
    for index in M::INDEXES {
        if index.columns.is_empty() || index.columns.iter().any(|place| *place >= M::COLUMNS.len()) {
            reasons.push("an index is of columns that are not there".to_owned());
        }
    }
    if M::Events::REACH.len() != <M::Events as EventSet>::EVENTS.len() {
        reasons.push("it does not say of each event which rows that reaches".to_owned());
    }
    reasons
}

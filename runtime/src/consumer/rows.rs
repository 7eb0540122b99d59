//! Keeping the rows of a read model: events are folded in memory, and each row that they change is written once a batch.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use lru::LruCache;

use super::ConsumerOptions;
use super::page::EventRef;
use super::panic_text;
use super::runner::{Application, Failure, Runner, Session};
use crate::app::with_sources;
use crate::event_set::EventSet;
use crate::number::Position;
use crate::read_model::{
    ColumnError, ColumnInfo, FoldInto, HandleError, Handled, ReadModel, Row, Slot, Value,
};
use crate::schema::ColumnType;
use crate::store::{BoxFuture, ConsumerStore, RowChanges, StoreError, Table};

/// Runs the read model `M`.
pub(super) struct Rows<M> {
    of: PhantomData<fn() -> M>,
}

impl<M> Rows<M> {
    pub(super) fn new() -> Self {
        Self { of: PhantomData }
    }
}

impl<M: ReadModel, S> Runner<S> for Rows<M> {
    fn session(
        &self,
        options: &ConsumerOptions,
        _: &Arc<str>,
        table: Option<Table>,
        _: &Application<S>,
    ) -> Box<dyn Session<S>>
    where
        S: ConsumerStore,
    {
        // Grows as rows come, up to the bound.
        let mut at_hand = LruCache::unbounded();
        at_hand.resize(options.rows);
        Box::new(RowSession::<M> { table, at_hand, work: Work::default() })
    }
}

/// The rows of one partition.
struct RowSession<M> {
    table: Option<Table>,
    /// Rows as they are in the table; `None`: there is none. True for as long as the lease is held: nobody else writes these rows.
    at_hand: LruCache<Value, Option<M>>,
    /// What the batch under way has changed.
    work: Work<M>,
}

/// The rows that a batch reaches.
struct Work<M> {
    rows: Vec<Reached<M>>,
    by_key: HashMap<Value, usize>,
    /// The keys whose rows have to be read.
    missing: Vec<Value>,
}

struct Reached<M> {
    slot: Slot<M>,
    /// Whether the row is in the table.
    stored: bool,
}

impl<M> Default for Work<M> {
    fn default() -> Self {
        Self { rows: Vec::new(), by_key: HashMap::new(), missing: Vec::new() }
    }
}

/// An event with the rows that it reaches.
struct Step<M> {
    handled: Handled<M>,
    rows: Vec<usize>,
}

impl<M: ReadModel> RowSession<M> {
    /// Reads the events, and finds the rows that they reach.
    fn steps(&mut self, events: &[EventRef]) -> Result<Vec<Step<M>>, Failure> {
        self.work = Work::default();
        let mut steps = Vec::with_capacity(events.len());
        for (at, event) in events.iter().enumerate() {
            let read = || -> Result<_, HandleError> {
                let decoded = M::Events::decode(&event.raw())?;
                let handled = decoded.handled_by(event.metadata.clone());
                let keys = handled.keys()?;
                Ok((handled, keys))
            };
            let (handled, keys) = guarded(at, read)?;
            let rows = keys.into_values().into_iter().map(|key| self.reach(key)).collect();
            steps.push(Step { handled, rows });
        }
        Ok(steps)
    }

    /// The place of a row among those of the batch.
    fn reach(&mut self, key: Value) -> usize {
        let place = self.work.rows.len();
        match self.work.by_key.entry(key) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(vacant) => {
                let key = vacant.key().clone();
                let row = self.at_hand.pop(&key).unwrap_or_else(|| {
                    self.work.missing.push(key.clone());
                    None
                });
                let stored = row.is_some();
                self.work.rows.push(Reached { slot: Slot { key, row, touched: false }, stored });
                *vacant.insert(place)
            }
        }
    }

    /// Takes a row that was read.
    fn found(&mut self, row: Row, steps: &[Step<M>]) -> Result<(), Failure> {
        let corrupt = |reason: String| StoreError::Corrupt(format!("a row of `{}` {reason}", M::TABLE));
        let Some(key) = row.values().get(M::KEY) else {
            return Err(corrupt("has no key".to_owned()).into());
        };
        let Some(place) = self.work.by_key.get(key).copied() else {
            return Err(corrupt(format!("was read that was not asked for: {key}")).into());
        };
        // A row that cannot be read fails the events that reach it, and no others.
        let at = steps.iter().position(|step| step.rows.contains(&place));
        let read =
            || M::from_row(row).map_err(|error| format!("a row of `{}` cannot be read: {error}", M::TABLE));
        let found = catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|panic| {
            Err(format!("reading a row of `{}` panicked: {}", M::TABLE, panic_text(&*panic)))
        });
        let found = found.map_err(|reason| Failure::for_good(at, reason))?;
        if let Some(reached) = self.work.rows.get_mut(place) {
            reached.slot.row = Some(found);
            reached.stored = true;
        }
        Ok(())
    }

    fn fold(&mut self, steps: &[Step<M>]) -> Result<(), Failure> {
        for (at, step) in steps.iter().enumerate() {
            guarded(at, || {
                for place in &step.rows {
                    if let Some(reached) = self.work.rows.get_mut(*place) {
                        as_stored(&mut reached.slot)?;
                        step.handled.on(&mut reached.slot)?;
                    }
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    /// What is written. The rows that are kept in memory become those that are stored.
    fn changes(&mut self) -> Result<RowChanges, Failure> {
        let mut changes = RowChanges::default();
        for reached in self.work.rows.iter_mut().filter(|reached| reached.slot.touched) {
            match &reached.slot.row {
                Some(row) => {
                    let written = catch_unwind(AssertUnwindSafe(|| {
                        let row = row.to_row()?;
                        Ok((M::from_row(row.clone())?, row))
                    }));
                    let written = written.map_err(|panic| {
                        let text = panic_text(&*panic);
                        Failure::for_good(None, format!("writing a row panicked: {text}"))
                    })?;
                    let (stored, row) =
                        written.map_err(|error: ColumnError| Failure::for_good(None, error.to_string()))?;
                    check_key(&reached.slot, &row)?;
                    reached.slot.row = Some(stored);
                    changes.upserts.push(row);
                }
                None if reached.stored => changes.deletes.push(reached.slot.key.clone()),
                None => {}
            }
        }
        Ok(changes)
    }
}

impl<M: ReadModel, S: ConsumerStore> Session<S> for RowSession<M> {
    fn handle<'a>(
        &'a mut self,
        store: &'a Arc<S>,
        transaction: &'a mut S::Transaction,
        events: &'a [EventRef],
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let steps = self.steps(events)?;
            let Some(table) = self.table.clone() else { return Ok(()) };
            if !self.work.missing.is_empty() {
                let missing = std::mem::take(&mut self.work.missing);
                let rows = store.load_rows(transaction, &table, &missing).await.map_err(failure)?;
                for row in rows {
                    self.found(row, &steps)?;
                }
            }
            self.fold(&steps)?;
            let changes = self.changes()?;
            if changes.upserts.is_empty() && changes.deletes.is_empty() {
                return Ok(());
            }
            store.write_rows(transaction, &table, changes).await.map_err(failure)
        })
    }

    fn committed<'a>(&'a mut self, _: &'a Arc<S>, _: Position) -> BoxFuture<'a, ()> {
        for reached in std::mem::take(&mut self.work).rows {
            self.at_hand.put(reached.slot.key, reached.slot.row);
        }
        Box::pin(std::future::ready(()))
    }

    fn forget(&mut self) {
        // Every row that the batch reached was taken out, and is read again; the others are as they were.
        self.work = Work::default();
    }
}

/// A row that this batch has changed before becomes what is stored of it, as it would be if the
/// batch had ended before.
fn as_stored<M: ReadModel>(slot: &mut Slot<M>) -> Result<(), HandleError> {
    // The values of other columns are kept as they are.
    let changes =
        |column: &ColumnInfo| matches!(column.column_type, ColumnType::Timestamp | ColumnType::Json);
    if slot.touched
        && M::COLUMNS.iter().any(changes)
        && let Some(row) = &slot.row
    {
        slot.row = Some(M::from_row(row.to_row()?)?);
    }
    Ok(())
}

/// Whose fault it is that rows cannot be read or written.
fn failure(error: StoreError) -> Failure {
    match error {
        // A unique index, as a rule, or a value that no column takes.
        StoreError::Refused(_) => Failure::for_good(None, with_sources(&error)),
        // It may be a value of the event's, or something that passes.
        StoreError::Database(_) => Failure::this_time(with_sources(&error), false),
        error => Failure::Store(error),
    }
}

/// Runs the user's code on one event; what fails in it, panics included, fails again.
fn guarded<T>(at: usize, run: impl FnOnce() -> Result<T, HandleError>) -> Result<T, Failure> {
    // Whatever a panic leaves half done is thrown away with the batch.
    let outcome = catch_unwind(AssertUnwindSafe(run))
        .unwrap_or_else(|panic| Err(HandleError::Panic(panic_text(&*panic))));
    outcome.map_err(|error| Failure::for_good(at, with_sources(&error)))
}

/// A handler that changes a row in place may change its key as well: it would go on under one that its events do not reach.
fn check_key<M: ReadModel>(slot: &Slot<M>, row: &Row) -> Result<(), Failure> {
    match row.values().get(M::KEY) {
        Some(found) if *found == slot.key => Ok(()),
        found => {
            let found = found.map_or_else(String::new, ToString::to_string);
            let error = HandleError::OtherKey { found, expected: slot.key.to_string() };
            Err(Failure::for_good(None, error.to_string()))
        }
    }
}

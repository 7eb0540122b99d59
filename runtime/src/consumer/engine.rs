//! The engine of one application.

use std::any::TypeId;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::{ConsumerOptions, Declaration, ReadSide};
use crate::clock::Clock;
use crate::read_model::Row;
use crate::store::{BoxFuture, ConsumerSpec, ConsumerStore, Select, StoreError, Table};

/// What an engine is told beside its consumers.
pub(crate) struct Setup {
    /// What consumers without options of their own get.
    pub(crate) options: ConsumerOptions,
    /// How long a lease lasts.
    pub(crate) lease: Duration,
    pub(crate) clock: Clock,
    /// The categories of the aggregates, with the names of their events.
    pub(crate) aggregates: Vec<(&'static str, Vec<&'static str>)>,
    /// Hears the closing of the application.
    pub(crate) closed: watch::Receiver<bool>,
}

/// Runs the consumers of an application on its store.
pub(crate) struct Engine<S> {
    store: Arc<S>,
    setup: Setup,
    consumers: Vec<Consumer<S>>,
}

/// One consumer of this process.
struct Consumer<S> {
    declaration: Declaration<S>,
    options: ConsumerOptions,
    spec: ConsumerSpec,
    table: Option<Arc<Table>>,
}

impl<S: ConsumerStore> Engine<S> {
    /// Makes sure that every consumer is there.
    pub(crate) fn open(
        store: Arc<S>,
        declarations: Vec<Declaration<S>>,
        setup: Setup,
    ) -> BoxFuture<'static, Result<Arc<dyn ReadSide>, StoreError>> {
        Box::pin(async move {
            let mut consumers = Vec::with_capacity(declarations.len());
            for declaration in declarations {
                let options = declaration.options(&setup.options);
                let spec = declaration.spec(&options);
                store.open_consumer(&spec).await?;
                let table = declaration.live_table();
                consumers.push(Consumer { declaration, options, spec, table });
            }
            let engine: Arc<dyn ReadSide> = Arc::new(Self { store, setup, consumers });
            Ok(engine)
        })
    }
}

impl<S: ConsumerStore> ReadSide for Engine<S> {
    fn table(&self, read_model: TypeId) -> Option<Arc<Table>> {
        let consumer = self.consumers.iter().find(|consumer| consumer.declaration.type_id == read_model)?;
        consumer.table.clone()
    }

    fn select<'a>(
        &'a self,
        table: &'a Table,
        select: &'a Select,
    ) -> BoxFuture<'a, Result<Vec<Row>, StoreError>> {
        self.store.select(table, select)
    }

    fn count<'a>(&'a self, table: &'a Table, select: &'a Select) -> BoxFuture<'a, Result<u64, StoreError>> {
        self.store.count(table, select)
    }
}

//! The engine of one application.

use std::any::TypeId;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::board::Board;
use super::history::History;
use super::host::{Consumer, Host};
use super::keeper::Keeper;
use super::runner::Application;
use super::status::statuses;
use super::{Beside, ConsumerOptions, ConsumerStatus, Declaration, ReadSide, RunError, idle, restart, wait};
use crate::app::{Inlines, Registry};
use crate::clock::Clock;
use crate::number::Position;
use crate::projection::Restart;
use crate::read_model::Row;
use crate::store::{
    BoxFuture, ConsumerKind, ConsumerRecord, ConsumerStore, Parked, ParkedQuery, ParkedRequest, Select,
    Start, StoreError, Table,
};
use crate::stream::StreamName;
use crate::telemetry;

const TASK: &str = "consumers";

/// How long to wait after the keeper of the leases has panicked.
const AGAIN: Duration = Duration::from_secs(1);

/// What an engine is told beside its consumers.
pub(crate) struct Setup<S> {
    /// What consumers without options of their own get.
    pub(crate) options: ConsumerOptions,
    /// How long a lease lasts.
    pub(crate) lease: Duration,
    pub(crate) clock: Clock,
    /// The aggregates, for what sends commands.
    pub(crate) registry: Arc<Registry>,
    /// The inline projections, for what appends.
    pub(crate) inlines: Option<Arc<Inlines<S>>>,
    /// The categories of the aggregates, with the names of their events.
    pub(crate) aggregates: Vec<(&'static str, Vec<&'static str>)>,
    /// Hears the closing of the application.
    pub(crate) closed: watch::Receiver<bool>,
}

/// Runs the consumers of an application on its store.
pub(crate) struct Engine<S> {
    host: Arc<Host<S>>,
    closed: watch::Receiver<bool>,
}

impl<S: ConsumerStore> Engine<S> {
    /// Makes sure that every consumer is there. One of another version stays as it is until the
    /// consumers are run.
    pub(crate) fn open(
        store: Arc<S>,
        declarations: Vec<Declaration<S>>,
        setup: Setup<S>,
    ) -> BoxFuture<'static, Result<Arc<dyn ReadSide>, StoreError>> {
        Box::pin(async move {
            let mut consumers = Vec::with_capacity(declarations.len());
            let records = store.consumers().await?;
            let known = |name: &str| records.iter().find(|record| record.live && *record.name == *name);
            let mut history = History::default();
            let names: Vec<Arc<str>> = declarations.iter().map(|one| Arc::clone(&one.name)).collect();
            for declaration in declarations {
                let options = declaration.options(&setup.options);
                let spec = declaration.spec(&options);
                let reads = setup.registry.reads(&spec, &declaration.events);
                let consumer = Consumer::new(declaration, options, spec, reads);
                let spec = &consumer.spec;
                let is = known(&spec.name);
                // An earlier release: it leaves the consumer to those that know its new name.
                let later = records.iter().find(|record| record.was_named(&spec.name));
                if let (None, Some(later)) = (is, later) {
                    if names.contains(&later.name) {
                        return Err(StoreError::Unsuitable(format!(
                            "the name `{}` was that of the consumer `{}`: choose another one, or forget that consumer",
                            spec.name, later.name
                        )));
                    }
                    consumers.push(Arc::new(consumer));
                    continue;
                }
                let renamed =
                    consumer.options.renamed_from.as_deref().is_some_and(|from| known(from).is_some());
                if spec.kind.goes_on() && is.is_none() && !renamed && consumer.options.start.is_none() {
                    history.refuse(&*store, spec).await?;
                }
                if spec.kind == ConsumerKind::Projection && is.is_some_and(|is| is.version < spec.version) {
                    restart::refuse(&consumer, "have its version raised")?;
                }
                // What takes its place, or its tables, does so when it is run.
                if is.is_some() || !(renamed || consumer.restart == Restart::Begin) {
                    store.declare_consumer(spec).await?;
                }
                store.register_reads(&consumer.reads).await?;
                consumers.push(Arc::new(consumer));
            }
            for record in records.iter().filter(|record| record.live) {
                let known = |one: &Arc<Consumer<S>>| {
                    one.spec.name == record.name
                        || one.options.renamed_from.as_deref().is_some_and(|from| *from == *record.name)
                };
                if !consumers.iter().any(known) {
                    tracing::info!(
                        consumer = &*record.name,
                        kind = &*record.kind,
                        "consumer of the store not registered here"
                    );
                }
            }
            let application = Application {
                registry: setup.registry,
                inlines: setup.inlines,
                clock: setup.clock.clone(),
                aggregates: setup.aggregates.into(),
            };
            let host = Arc::new(Host {
                store,
                consumers,
                lease: setup.lease,
                clock: setup.clock,
                application,
                board: Board::new(),
                nudge: Notify::new(),
                kick: Notify::new(),
                running: AtomicBool::new(false),
            });
            let engine: Arc<dyn ReadSide> = Arc::new(Self { host, closed: setup.closed });
            Ok(engine)
        })
    }

    /// Keeps leases until it is told to stop. Its end is always seen: after a panic it begins anew.
    async fn keep(host: Arc<Host<S>>, stop: CancellationToken) -> Result<(), StoreError> {
        loop {
            let keeper = Keeper::new(Arc::clone(&host), stop.clone());
            match AbortOnDropHandle::new(tokio::spawn(keeper.keep())).await {
                Ok(ended) => return ended,
                Err(error) => {
                    telemetry::task_failures(TASK).increment(1);
                    tracing::error!(task = TASK, %error, "a background task has ended by itself and begins anew");
                }
            }
            if stop.run_until_cancelled(tokio::time::sleep(AGAIN)).await.is_none() {
                return Ok(());
            }
        }
    }

    /// Runs until something else has happened, then drains.
    async fn run_until<T>(
        &self,
        stop: CancellationToken,
        until: impl Future<Output = Result<T, RunError>>,
    ) -> Result<(), RunError> {
        let Some(_running) = Running::begin(&self.host.running) else { return Err(RunError::Running) };
        // Whoever drops this future has the tasks ended with it.
        let _stop = stop.clone().drop_guard();
        let mut keeper =
            AbortOnDropHandle::new(tokio::spawn(Self::keep(Arc::clone(&self.host), stop.clone())));
        let ended = match select(std::pin::pin!(until), &mut keeper).await {
            Either::Left((ended, _)) => {
                stop.cancel();
                if let Err(error) = (&mut keeper).await {
                    tracing::error!(task = TASK, %error, "a background task has ended by itself");
                }
                return ended.map(drop);
            }
            Either::Right((ended, _)) => ended,
        };
        match ended {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(error.into()),
            // The runtime is shutting down.
            Err(_) => Err(RunError::Closed),
        }
    }

    /// Waits until the application is closed.
    async fn closed(&self) {
        // An error says that the application is gone.
        drop(self.closed.clone().wait_for(|closed| *closed).await);
    }
}

/// There is one run at a time.
struct Running<'a> {
    running: &'a AtomicBool,
}

impl<'a> Running<'a> {
    fn begin(running: &'a AtomicBool) -> Option<Self> {
        (!running.swap(true, Ordering::AcqRel)).then_some(Self { running })
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.running.store(false, Ordering::Release);
    }
}

impl<S: ConsumerStore> ReadSide for Engine<S> {
    fn table(&self, read_model: TypeId) -> Option<Arc<Table>> {
        self.host.consumer_of(read_model)?.table.clone()
    }

    fn select<'a>(
        &'a self,
        table: &'a Table,
        select: &'a Select,
    ) -> BoxFuture<'a, Result<Vec<Row>, StoreError>> {
        self.host.store.select(table, select)
    }

    fn count<'a>(&'a self, table: &'a Table, select: &'a Select) -> BoxFuture<'a, Result<u64, StoreError>> {
        self.host.store.count(table, select)
    }

    fn run(&self, token: CancellationToken) -> BoxFuture<'_, Result<(), RunError>> {
        Box::pin(async move {
            // The token is the caller's: what ends this run ends nothing else of theirs.
            let stop = token.child_token();
            let until = {
                let stop = stop.clone();
                async move {
                    select(std::pin::pin!(stop.cancelled()), std::pin::pin!(self.closed())).await;
                    Ok(())
                }
            };
            self.run_until(stop, until).await
        })
    }

    fn run_until_idle<'a>(&'a self, beside: &'a dyn Beside) -> BoxFuture<'a, Result<(), RunError>> {
        Box::pin(async move {
            let until = async {
                match select(std::pin::pin!(idle::idle(&self.host, beside)), std::pin::pin!(self.closed()))
                    .await
                {
                    Either::Left((idle, _)) => idle,
                    Either::Right(_) => Err(RunError::Closed),
                }
            };
            self.run_until(CancellationToken::new(), until).await
        })
    }

    fn name(&self, consumer: TypeId) -> Option<Arc<str>> {
        Some(Arc::clone(&self.host.consumer_of(consumer)?.spec.name))
    }

    fn status(&self) -> BoxFuture<'_, Result<Vec<ConsumerStatus>, StoreError>> {
        Box::pin(async move {
            let records = self.host.store.consumers().await?;
            let drawn = self.host.store.health().await?.drawn;
            Ok(statuses(&records, &self.host.board, drawn, self.host.clock.now()))
        })
    }

    fn records<'a>(&'a self, consumer: &'a str) -> BoxFuture<'a, Result<Vec<ConsumerRecord>, StoreError>> {
        Box::pin(async move {
            let mut records = self.host.store.consumers().await?;
            records.retain(|record| *record.name == *consumer);
            Ok(records)
        })
    }

    fn drawn(&self) -> BoxFuture<'_, Result<Position, StoreError>> {
        Box::pin(async move { Ok(self.host.store.health().await?.drawn) })
    }

    fn parked<'a>(&'a self, query: &'a ParkedQuery) -> BoxFuture<'a, Result<Vec<Parked>, StoreError>> {
        self.host.store.parked(query)
    }

    fn request<'a>(
        &'a self,
        consumer: &'a str,
        position: Position,
        request: ParkedRequest,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let there = self.host.store.request(consumer, position, request).await?;
            self.host.kick.notify_waiters();
            Ok(there)
        })
    }

    fn pause<'a>(&'a self, consumer: &'a str, paused: bool) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let there = self.host.store.pause(consumer, paused).await?;
            self.host.nudge.notify_one();
            Ok(there)
        })
    }

    fn declares(&self, consumer: &str) -> bool {
        self.host.consumer(consumer).is_some()
    }

    fn forget<'a>(&'a self, consumer: &'a str, with_table: bool) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.host.store.forget_consumer(consumer, with_table)
    }

    fn replace_anyway<'a>(
        &'a self,
        consumer: &'a str,
        reason: &'a str,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.host.store.replace_anyway(consumer, reason)
    }

    fn reset<'a>(&'a self, consumer: &'a str, start: Start) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let known = self.host.consumer(consumer);
            if let Some(known) = known.filter(|known| known.spec.kind == ConsumerKind::Projection) {
                restart::refuse(known, "be reset")?;
                return restart::restart(&self.host, known, start).await.map(|()| true);
            }
            if known.is_none() {
                let records = self.host.store.consumers().await?;
                let kind = ConsumerKind::Projection.as_str();
                if records.iter().any(|record| *record.name == *consumer && *record.kind == *kind) {
                    return Err(StoreError::Unsuitable(format!(
                        "the projection `{consumer}` is not registered here, so that its tables cannot be prepared: \
                         reset it in an application that registers it"
                    )));
                }
            }
            let table = known.and_then(|consumer| consumer.table.clone());
            let there = self.host.store.reset(consumer, start, table.as_deref()).await?;
            self.host.nudge.notify_one();
            Ok(there)
        })
    }

    fn rebuild<'a>(&'a self, consumer: &'a str) -> BoxFuture<'a, Result<Option<u32>, StoreError>> {
        Box::pin(async move {
            let Some(consumer) = self.host.consumer(consumer) else { return Ok(None) };
            let generation = self.host.store.rebuild(&consumer.spec).await?;
            self.host.nudge.notify_one();
            Ok(Some(generation))
        })
    }

    fn wait<'a>(
        &'a self,
        consumer: TypeId,
        stream: &'a StreamName,
        position: Position,
        timeout: Duration,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let Some(consumer) = self.host.consumer_of(consumer) else { return Ok(false) };
            let waited = wait::seen(&self.host, consumer, stream, position);
            match tokio::time::timeout(timeout, waited).await {
                Ok(seen) => seen.map(|()| true),
                Err(_) => Ok(false),
            }
        })
    }

    fn handles(&self, consumer: TypeId, event: &str) -> bool {
        let consumer = self.host.consumer_of(consumer);
        consumer.is_some_and(|consumer| consumer.events.iter().any(|name| name == event))
    }
}

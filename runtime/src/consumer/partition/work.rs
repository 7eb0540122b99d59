//! Working through the feed.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::time::Instant;
use tracing::Instrument;

use super::blocked::Blocked;
use super::redo::Redo;
use super::{End, Partition};
use crate::consumer::host::partition_of;
use crate::consumer::order::InOrder;
use crate::consumer::page::Page;
use crate::consumer::reader::{Ahead, Reader};
use crate::consumer::runner::Session;
use crate::consumer::trouble::Trouble;
use crate::number::Position;
use crate::store::{ConsumerStore, StoreError, Table};
use crate::telemetry::PartitionMetrics;

/// How long a checkpoint that went on without events may wait before it is stored.
const FLUSH: Duration = Duration::from_secs(1);

/// How often requests on parked events are looked for, where there are parked events.
const REQUESTS: Duration = Duration::from_secs(1);

/// How often a generation that has come to the head tries to take the place of the live one.
const SWAP: Duration = Duration::from_millis(200);

/// A generation that is so few positions behind may stop the live one to reach it.
const NEAR: u64 = 1_000;

/// The work on a partition until something fails.
pub(super) struct Worker<S> {
    pub(super) partition: Arc<Partition<S>>,
    pub(super) session: Box<dyn Session<S>>,
    /// The streams that have parked events.
    pub(super) blocked: Blocked,
    /// How many events were parked since one was handled.
    pub(super) in_row: u32,
    /// How far it has come; the stored checkpoint may be behind.
    pub(super) position: Position,
    order: InOrder,
    metrics: PartitionMetrics,
    /// When something is due.
    flush: Option<Instant>,
    requests: Instant,
    swap: Instant,
    at_head: bool,
    /// What is due and the feed take turns.
    feed_first: bool,
}

enum Wake {
    Stop,
    Due,
    Page(Arc<Page>),
    Head,
}

impl<S: ConsumerStore> Partition<S> {
    pub(super) async fn work(self: Arc<Self>) -> Result<End, Trouble> {
        let Some(position) = self.resolve().await? else { return Ok(End::Lost) };
        let blocked = Blocked::new(self.host.store.parked_streams(&self.lease).await?);
        let building = (!self.lease.live).then_some(self.lease.generation);
        let table = self.consumer.spec.table.clone().map(|definition| Table { definition, building });
        let mut reader = Reader::new(Arc::clone(&self.tail), Arc::clone(&self.own));
        let now = Instant::now();
        let mut worker = Worker {
            session: self.consumer.runner.session(
                &self.consumer.options,
                &self.first_name,
                table,
                &self.host.application,
            ),
            blocked,
            in_row: 0,
            feed_first: false,
            position,
            order: InOrder::new(),
            metrics: PartitionMetrics::of(&self.lease),
            flush: None,
            requests: now,
            swap: now,
            at_head: false,
            partition: self,
        };
        worker.run(&mut reader).await
    }
}

impl<S: ConsumerStore> Worker<S> {
    async fn run(&mut self, reader: &mut Reader) -> Result<End, Trouble> {
        loop {
            // Pages without a wanted event would let this go on for ever without a pause.
            tokio::task::coop::consume_budget().await;
            let wake = self.wake(reader).await?;
            if self.partition.lease.timeline != self.partition.host.store.timeline() {
                // The position in memory may be one that the server has lost.
                return Ok(End::Lost);
            }
            let end = match wake {
                Wake::Stop => {
                    let stored = self.flush().await?;
                    return Ok(if stored { End::Stopped } else { End::Lost });
                }
                Wake::Due => self.due().await?,
                Wake::Page(page) => self.page(&page).await?,
                Wake::Head => {
                    self.at_head = true;
                    None
                }
            };
            if let Some(end) = end {
                return Ok(end);
            }
        }
    }

    /// Waits for what comes first.
    async fn wake(&mut self, reader: &mut Reader) -> Result<Wake, Trouble> {
        let feed_first = std::mem::take(&mut self.feed_first);
        let stop = pin!(self.partition.stop.cancelled());
        let due = self.next_due();
        let due = pin!(async {
            let kicked = pin!(self.kicked());
            match due {
                Some(due) => {
                    select(pin!(tokio::time::sleep_until(due)), kicked).await;
                }
                None => kicked.await,
            }
        });
        let page = pin!(reader.next(self.position));
        let next = async {
            if feed_first {
                match select(page, due).await {
                    Either::Left((page, _)) => Some(page),
                    Either::Right(_) => None,
                }
            } else {
                match select(due, page).await {
                    Either::Left(_) => None,
                    Either::Right((page, _)) => Some(page),
                }
            }
        };
        Ok(match select(stop, pin!(next)).await {
            Either::Left(_) => Wake::Stop,
            Either::Right((None, _)) => Wake::Due,
            Either::Right((Some(page), _)) => match page? {
                Ahead::Page(page) => Wake::Page(page),
                Ahead::Head => Wake::Head,
            },
        })
    }

    /// Waits until somebody asks for parked events, or a slow call has come to its end.
    async fn kicked(&self) {
        if self.blocked.is_empty() {
            std::future::pending::<()>().await;
        }
        let kick = pin!(self.partition.host.kick.notified());
        match self.session.called() {
            Some(called) => {
                select(kick, pin!(called.notified())).await;
            }
            None => kick.await,
        }
    }

    fn next_due(&self) -> Option<Instant> {
        let requests = (!self.blocked.is_empty()).then_some(self.requests);
        let swap = (self.at_head && !self.partition.lease.live).then_some(self.swap);
        [self.flush, requests, self.blocked.next_due(), swap].into_iter().flatten().min()
    }

    /// Does what is due.
    async fn due(&mut self) -> Result<Option<End>, Trouble> {
        let now = Instant::now();
        if self.flush.is_some_and(|due| due <= now) && !self.flush().await? {
            return Ok(Some(End::Lost));
        }
        if !self.blocked.is_empty() {
            self.requests = Instant::now() + REQUESTS;
            match self.requests().await? {
                Redo::End(end) => return Ok(Some(end)),
                Redo::More => (self.requests, self.feed_first) = (Instant::now(), true),
                Redo::Rest => {}
            }
        }
        if self.at_head && !self.partition.lease.live && self.swap <= now {
            if !self.flush().await? {
                return Ok(Some(End::Lost));
            }
            if self.swapped().await? {
                return Ok(Some(End::Swapped));
            }
            self.swap = Instant::now() + SWAP;
        }
        Ok(None)
    }

    /// Does what is to be done of a page, or a batch of it.
    async fn page(&mut self, page: &Arc<Page>) -> Result<Option<End>, Trouble> {
        let partition = Arc::clone(&self.partition);
        let (lease, consumer) = (&partition.lease, &partition.consumer);
        let most = consumer.options.batch.get();
        let mine = |event: &crate::recorded::RecordedEvent| {
            (consumer.handles(event) || partition.foreign.contains_key(&*event.name))
                && partition_of(&event.metadata.stream, lease.partitions) == lease.partition
        };
        let mut to = page.through;
        let mut batch = Vec::new();
        let mut needs = None;
        for event in page.chosen_after(self.position, mine) {
            needs = consumer.needs(&event, &partition.foreign);
            if needs.is_some() {
                break;
            }
            self.order.check(&event)?;
            to = event.metadata.position;
            batch.push(event);
            if batch.len() == most {
                break;
            }
        }
        if let Some(needs) = &needs {
            to = Position::new(needs.position.get().saturating_sub(1)).max(self.position);
        } else if batch.len() < most {
            to = page.through;
        }
        if !batch.is_empty() {
            let began = Instant::now();
            let span = tracing::debug_span!(
                "kenning.batch",
                consumer = &*lease.consumer,
                partition = lease.partition,
                events = batch.len(),
                to = to.get()
            );
            if let Some(end) = self.settle(&batch, to).instrument(span).await? {
                return Ok(Some(end));
            }
            consumer.metrics.seconds.record(began.elapsed());
        }
        self.reached(to);
        if let Some(needs) = needs {
            return self.leave(&needs).await.map(Some);
        }
        self.at_head = page.is_at_head() && to == page.through;
        self.tell_lag(page, batch.last().map(|event| event.metadata.recorded_at));
        Ok(None)
    }

    /// Everything up to here is done.
    pub(super) fn reached(&mut self, position: Position) {
        self.position = self.position.max(position);
        let stored = self.partition.stored();
        self.flush = (self.position > stored).then(|| {
            self.flush.unwrap_or_else(|| Instant::now() + FLUSH.mul_f64(1.0 - fastrand::f64() / 4.0))
        });
        self.partition.host.board.reached(&self.partition.lease, self.position);
    }

    /// Stores the checkpoint; `false`: the lease is lost.
    pub(super) async fn flush(&mut self) -> Result<bool, Trouble> {
        self.flush = None;
        if self.position <= self.partition.stored() {
            return Ok(true);
        }
        self.partition.pass(self.position).await
    }

    /// Tries to put this generation in the place of the live one.
    async fn swapped(&self) -> Result<bool, StoreError> {
        let (store, lease) = (&self.partition.host.store, &self.partition.lease);
        // Trying stops the live one, so that it can be reached: not while another partition is far behind.
        let mut live = Position::ZERO;
        let mut built = Position::new(u64::MAX);
        for record in store.checkpoints().await?.iter().filter(|record| record.name == lease.consumer) {
            let positions = record.partitions.iter().map(|partition| partition.position);
            if record.live {
                live = positions.max().unwrap_or(live);
            } else if record.generation == lease.generation {
                built = positions.min().unwrap_or(built);
            }
        }
        if built.plus(NEAR) < live {
            return Ok(false);
        }
        match store.swap(lease).await {
            Ok(true) => {}
            Ok(false) => return Ok(false),
            // It would fail again, and each attempt locks the live table.
            Err(StoreError::Unsuitable(reason)) => {
                tracing::error!(
                    consumer = &*lease.consumer,
                    reason,
                    "a rebuild cannot replace the live table"
                );
                store.halt(lease, &reason).await?;
                return Ok(false);
            }
            Err(error) => return Err(error),
        }
        tracing::info!(
            consumer = &*lease.consumer,
            generation = lease.generation,
            "a consumer was built anew and has taken the place of the old one"
        );
        Ok(true)
    }

    fn tell_lag(&self, page: &Page, last: Option<time::OffsetDateTime>) {
        let behind = page.watermark.get().saturating_sub(self.position.get());
        self.metrics.lag.set(behind as f64);
        let age = match last {
            _ if behind == 0 => 0.0,
            Some(last) => (self.partition.host.clock.now() - last).as_seconds_f64().max(0.0),
            None => return,
        };
        self.metrics.lag_seconds.set(age);
    }
}

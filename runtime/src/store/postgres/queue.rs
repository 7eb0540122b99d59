//! The appends that wait for the committer.

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;
use uuid::Uuid;

use super::options::PostgresOptions;
use crate::clock::after;
use crate::store::{Append, AppendError, Appended, StoreError, Timeline};
use crate::stream::StreamName;

/// An append and who waits for its answer.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) append: Append,
    /// The timeline that it was decided on, where it depends on that.
    pub(super) timeline: Option<Timeline>,
    pub(super) queued: Instant,
    reply: oneshot::Sender<Result<Appended, AppendError>>,
}

impl Job {
    /// Answers; a caller who no longer waits is not told, and what was done stays done.
    pub(super) fn answer(self, answer: Result<Appended, AppendError>) {
        drop(self.reply.send(answer));
    }
}

/// What one transaction may write.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    appends: usize,
    events: usize,
    bytes: usize,
}

/// First in, first out, for each stream; bounded by the number of appends and by the bytes of their payloads.
#[derive(Debug)]
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    arrived: Notify,
    room: Notify,
    finished: Notify,
    max_appends: usize,
    max_bytes: usize,
    patience: Duration,
    batch: Bounds,
}

#[derive(Debug, Default)]
struct Waiting {
    jobs: VecDeque<Job>,
    bytes: usize,
    closed: bool,
    drained: bool,
}

impl Queue {
    pub(super) fn new(options: &PostgresOptions) -> Self {
        Self {
            waiting: Mutex::default(),
            arrived: Notify::new(),
            room: Notify::new(),
            finished: Notify::new(),
            max_appends: options.queue_appends,
            max_bytes: options.queue_bytes,
            patience: options.queue_timeout,
            batch: Bounds {
                appends: options.batch_appends,
                events: options.batch_events,
                bytes: options.batch_bytes,
            },
        }
    }

    // Never held over an await.
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for room, then for the answer.
    pub(super) async fn append(
        &self,
        append: Append,
        timeline: Option<Timeline>,
    ) -> Result<Appended, AppendError> {
        let (reply, answer) = oneshot::channel();
        let mut job = Job { append, timeline, queued: Instant::now(), reply };
        let deadline = after(job.queued, self.patience);
        loop {
            let room = self.room.notified();
            match self.push(job) {
                Ok(()) => break,
                Err(Refused::Closed) => return Err(StoreError::Closed.into()),
                Err(Refused::Full(back)) => job = *back,
            }
            if tokio::time::timeout_at(deadline, room).await.is_err() {
                return Err(StoreError::Overloaded.into());
            }
        }
        // The committer answers every job; it can only fall silent by dying with the runtime.
        answer.await.unwrap_or_else(|lost| {
            Err(StoreError::OutcomeUnknown { event_ids: Vec::new(), source: Box::new(lost) }.into())
        })
    }

    fn push(&self, job: Job) -> Result<(), Refused> {
        let bytes = job.append.bytes();
        let mut waiting = self.waiting();
        if waiting.closed {
            return Err(Refused::Closed);
        }
        let full = waiting.jobs.len() >= self.max_appends || waiting.bytes + bytes > self.max_bytes;
        if full && !waiting.jobs.is_empty() {
            return Err(Refused::Full(Box::new(job)));
        }
        waiting.bytes += bytes;
        waiting.jobs.push_back(job);
        drop(waiting);
        self.arrived.notify_one();
        Ok(())
    }

    /// What is there, up to the bounds; waits for the first. `None` when the queue is closed and empty.
    pub(super) async fn next(&self) -> Option<Vec<Job>> {
        loop {
            let arrived = self.arrived.notified();
            {
                let mut waiting = self.waiting();
                let batch = waiting.take(self.batch);
                if !batch.is_empty() {
                    drop(waiting);
                    self.room.notify_waiters();
                    return Some(batch);
                }
                if waiting.closed {
                    return None;
                }
            }
            arrived.await;
        }
    }

    /// Takes no more; what is there will be written.
    pub(super) fn close(&self) {
        self.waiting().closed = true;
        self.arrived.notify_one();
        self.room.notify_waiters();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.waiting().closed
    }

    /// Everything is answered.
    pub(super) fn finish(&self) {
        self.waiting().drained = true;
        self.finished.notify_waiters();
    }

    /// Waits until everything is answered after [`close`](Self::close).
    pub(super) async fn drained(&self) {
        loop {
            let finished = self.finished.notified();
            if self.waiting().drained {
                return;
            }
            finished.await;
        }
    }
}

enum Refused {
    Closed,
    Full(Box<Job>),
}

impl Waiting {
    /// Each stream and each command at most once in a batch: of two appends the later waits, and everything later of its streams behind it.
    fn take(&mut self, bounds: Bounds) -> Vec<Job> {
        if self.jobs.len() == 1 {
            self.bytes = 0;
            return self.jobs.drain(..).collect();
        }
        let mut batch = Vec::with_capacity(self.jobs.len().min(bounds.appends));
        let mut later = Vec::new();
        let mut streams: HashSet<StreamName> = HashSet::with_capacity(batch.capacity());
        let mut commands: HashSet<Uuid> = HashSet::new();
        let (mut events, mut bytes) = (0, 0);
        while batch.len() < bounds.appends && later.len() < bounds.appends {
            let Some(job) = self.jobs.pop_front() else { break };
            let append = &job.append;
            let (more_events, more_bytes) = (append.events(), append.bytes());
            let fits = events + more_events <= bounds.events && bytes + more_bytes <= bounds.bytes;
            if !fits && !batch.is_empty() {
                self.jobs.push_front(job);
                break;
            }
            let free = append.streams.iter().all(|target| !streams.contains(&target.stream))
                && append.command.as_ref().is_none_or(|command| !commands.contains(&command.command_id));
            streams.extend(append.streams.iter().map(|target| target.stream.clone()));
            commands.extend(append.command.as_ref().map(|command| command.command_id));
            if free {
                events += more_events;
                bytes += more_bytes;
                batch.push(job);
            } else {
                later.push(job);
            }
        }
        later.into_iter().rev().for_each(|job| self.jobs.push_front(job));
        self.bytes -= bytes;
        batch
    }
}

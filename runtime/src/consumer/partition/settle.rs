//! Getting a batch done, whatever is in it.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::End;
use super::work::Worker;
use super::write::{Batch, Written};
use crate::consumer::backoff::pause;
use crate::consumer::page::EventRef;
use crate::consumer::runner::Poison;
use crate::consumer::trouble::Trouble;
use crate::number::Position;
use crate::store::{ConsumerStore, NewParked};
use crate::stream::StreamName;

/// The most of an error's text that is kept with a parked event.
const MOST_REASON: usize = 8 << 10;

/// How much longer than a handler may take a slow one is given, before it is called again.
const GRACE: Duration = Duration::from_secs(5);

impl<S: ConsumerStore> Worker<S> {
    /// Handles the events or parks them, each of them; `Some`: the work ends here, and nothing after the stored checkpoint is done.
    pub(super) async fn settle(&mut self, events: &[EventRef], to: Position) -> Result<Option<End>, Trouble> {
        let mut rest = events;
        // So many are tried by themselves, after so many that are known to be well.
        let (mut well, mut single) = (0_usize, 0_usize);
        while !rest.is_empty() {
            let most = if well > 0 {
                well
            } else if single > 0 {
                1
            } else {
                rest.len()
            };
            let (part, others) = rest.split_at(most.min(rest.len()));
            let part_to = if others.is_empty() { to } else { position_of(part) };
            let poison = match self.batch(part, part_to).await? {
                Written::Done => {
                    (well, single) = if well > 0 { (0, single) } else { (0, single.saturating_sub(1)) };
                    rest = others;
                    continue;
                }
                Written::Lost => return Ok(Some(End::Lost)),
                Written::Poison(poison) => poison,
            };
            match (part, poison.at) {
                ([event], _) => {
                    if let Some(needs) = self.newer(event, &poison).await? {
                        return self.leave(&needs).await.map(Some);
                    }
                    if let Some(end) = self.failed(event, poison, 0, part_to).await? {
                        return Ok(Some(end));
                    }
                    (well, single) = (0, single.saturating_sub(1));
                    rest = others;
                }
                // The ones before it are well as far as they go by themselves.
                (_, Some(at)) => (well, single) = (at, 1),
                (_, None) => (well, single) = (0, part.len()),
            }
        }
        Ok(None)
    }

    /// Handles events in one transaction, and parks those that wait behind others of their stream.
    async fn batch(&mut self, events: &[EventRef], to: Position) -> Result<Written, Trouble> {
        let metrics = &self.partition.consumer.metrics;
        metrics.batches.increment(1);
        metrics.events.increment(events.len() as u64);
        if self.blocked.is_empty() {
            return self.write(Batch { events, ..Batch::default() }, to).await;
        }
        let asked = match self.blocked.known() {
            Some(_) => HashSet::new(),
            None => self.blocked_among(events).await?,
        };
        let blocked = self.blocked.known().unwrap_or(&asked);
        let waits = |event: &&EventRef| blocked.contains(&event.metadata.stream);
        let parks: Vec<_> = events.iter().filter(waits).map(|event| parked(event, None, 0, None)).collect();
        let free: Vec<_> = events.iter().filter(|event| !waits(event)).cloned().collect();
        self.partition.consumer.metrics.parked.increment(parks.len() as u64);
        let written = self.write(Batch { events: &free, parks, ..Batch::default() }, to).await?;
        Ok(match written {
            // The place is one among those that were free.
            Written::Poison(poison) => {
                let failed = poison.at.and_then(|at| free.get(at)).map(|event| event.metadata.position);
                let at = failed
                    .and_then(|failed| events.iter().position(|event| event.metadata.position == failed));
                Written::Poison(Poison { at, ..poison })
            }
            written => written,
        })
    }

    /// Those of the streams of the events that have parked events.
    async fn blocked_among(&self, events: &[EventRef]) -> Result<HashSet<StreamName>, Trouble> {
        let streams: HashSet<_> = events.iter().map(|event| event.metadata.stream.clone()).collect();
        let streams: Vec<_> = streams.into_iter().collect();
        let partition = &self.partition;
        Ok(partition.host.store.parked_among(&partition.lease, &streams).await?.into_iter().collect())
    }

    /// Sets an event aside that has failed by itself, or parks it when it failed often enough: events of
    /// other streams continue. `before`: how often it was tried before this time.
    pub(super) async fn failed(
        &mut self,
        event: &EventRef,
        poison: Poison,
        before: u32,
        to: Position,
    ) -> Result<Option<End>, Trouble> {
        let partition = Arc::clone(&self.partition);
        let options = &partition.consumer.options;
        let most = options.attempts.get();
        let attempts = if poison.slow { before } else { before.saturating_add(1) };
        // A request of an operator begins a new round of as many attempts.
        let round = attempts % most;
        let retry_after = if poison.slow {
            Some(options.timeout.saturating_add(GRACE))
        } else {
            (!poison.for_good && round != 0).then(|| pause(options.backoff, round))
        };
        let stream = &event.metadata.stream;
        let parks = vec![parked(event, Some(poison.reason.clone()), attempts, retry_after)];
        match self.write(Batch { parks, ..Batch::default() }, to).await? {
            Written::Done => {}
            Written::Lost | Written::Poison(_) => return Ok(Some(End::Lost)),
        }
        self.blocked.insert(stream.clone());
        let metrics = &partition.consumer.metrics;
        if let Some(after) = retry_after {
            self.blocked.retry_at(stream.clone(), Instant::now() + after);
            if !poison.slow {
                metrics.retries.increment(1);
            }
            tracing::warn!(
                consumer = &*partition.lease.consumer,
                stream = %stream,
                position = event.metadata.position.get(),
                event = &*event.name,
                error = poison.reason,
                attempts,
                retry_after_ms = after.as_millis() as u64,
                "event set aside; later events of its stream wait behind it"
            );
            return Ok(None);
        }
        metrics.parked.increment(1);
        tracing::error!(
            consumer = &*partition.lease.consumer,
            stream = %stream,
            version = event.metadata.version.get(),
            position = event.metadata.position.get(),
            event = &*event.name,
            error = poison.reason,
            attempts,
            "event parked; later events of its stream wait behind it"
        );
        self.in_row = self.in_row.saturating_add(1);
        if self.in_row >= options.park_limit.get() {
            return self.halt(&poison.reason).await.map(Some);
        }
        Ok(None)
    }

    /// Pauses the consumer, which parks one event after the other.
    async fn halt(&self, last: &str) -> Result<End, Trouble> {
        let partition = &self.partition;
        let last = kept(last);
        let reason = format!(
            "it paused itself: {} events in a row were parked, the last one because: {last}; \
             remove the cause, then resume it and retry the parked events",
            self.in_row
        );
        if partition.host.store.halt(&partition.lease, &reason).await? {
            partition.consumer.metrics.halts.increment(1);
            tracing::error!(
                consumer = &*partition.lease.consumer,
                generation = partition.lease.generation,
                partition = partition.lease.partition,
                parked = self.in_row,
                reason,
                "consumer paused itself"
            );
        }
        Ok(End::Lost)
    }
}

fn position_of(events: &[EventRef]) -> Position {
    events.last().map_or(Position::ZERO, |event| event.metadata.position)
}

/// An event as it is parked.
fn parked(
    event: &EventRef,
    error: Option<String>,
    attempts: u32,
    retry_after: Option<Duration>,
) -> NewParked {
    let error = error.as_deref().map(kept);
    NewParked {
        position: event.metadata.position,
        stream: event.metadata.stream.clone(),
        version: event.metadata.version,
        name: Arc::clone(&event.name),
        error,
        attempts,
        retry_after,
    }
}

/// An error's text as it is stored.
fn kept(text: &str) -> String {
    // PostgreSQL has no text with a NUL in it.
    text[..text.floor_char_boundary(MOST_REASON)].replace('\0', "\u{fffd}")
}

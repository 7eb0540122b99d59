//! Getting a batch done, whatever is in it.

use super::End;
use super::work::Worker;
use super::write::{Batch, Written};
use crate::consumer::backoff::pause;
use crate::consumer::page::EventRef;
use crate::consumer::runner::Poison;
use crate::consumer::trouble::Trouble;
use crate::number::Position;
use crate::store::{ConsumerStore, NewParked};

/// The most of an error's text that is kept with a parked event.
const MOST_REASON: usize = 8 << 10;

/// How the handling of one event ended.
pub(super) enum Single {
    Done,
    /// It cannot be handled; nothing was written.
    Failed {
        reason: String,
        attempts: u32,
    },
    End(End),
}

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
                    if let Some(end) = self.alone(event, poison, part_to).await? {
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
        let waits = |event: &&EventRef| self.blocked.contains(&event.metadata.stream);
        let parks: Vec<_> = events.iter().filter(waits).map(|event| parked(event, None, 0)).collect();
        let free: Vec<_> = events.iter().filter(|event| !waits(event)).cloned().collect();
        metrics.parked.increment(parks.len() as u64);
        let written = self.write(Batch { events: &free, parks, unpark: None }, to).await?;
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

    /// Goes on with an event that has failed by itself once, and parks it in the end.
    async fn alone(
        &mut self,
        event: &EventRef,
        poison: Poison,
        to: Position,
    ) -> Result<Option<End>, Trouble> {
        match self.again(event, poison, to, None).await? {
            Single::Done => Ok(None),
            Single::End(end) => Ok(Some(end)),
            Single::Failed { reason, attempts } => {
                let parks = vec![parked(event, Some(reason), attempts)];
                self.park(event, parks, to).await
            }
        }
    }

    /// Tries an event that has failed once as often as may be.
    pub(super) async fn again(
        &mut self,
        event: &EventRef,
        mut poison: Poison,
        to: Position,
        unpark: Option<Position>,
    ) -> Result<Single, Trouble> {
        let partition = std::sync::Arc::clone(&self.partition);
        let options = &partition.consumer.options;
        let mut attempts = 1;
        while !poison.for_good && attempts < options.attempts.get() {
            partition.consumer.metrics.retries.increment(1);
            tracing::warn!(
                consumer = &*partition.lease.consumer,
                position = event.metadata.position.get(),
                event = &*event.name,
                error = poison.reason,
                attempts,
                "an event could not be handled and is tried again"
            );
            let pause = tokio::time::sleep(pause(options.backoff, attempts));
            if partition.stop.run_until_cancelled(pause).await.is_none() {
                return Ok(Single::End(End::Stopped));
            }
            attempts += 1;
            let events = std::slice::from_ref(event);
            poison = match self.write(Batch { events, unpark, ..Batch::default() }, to).await? {
                Written::Done => return Ok(Single::Done),
                Written::Lost => return Ok(Single::End(End::Lost)),
                Written::Poison(poison) => poison,
            };
        }
        Ok(Single::Failed { reason: poison.reason, attempts })
    }

    /// Parks an event that cannot be handled.
    pub(super) async fn park(
        &mut self,
        event: &EventRef,
        parks: Vec<NewParked>,
        to: Position,
    ) -> Result<Option<End>, Trouble> {
        let reason = parks.first().and_then(|park| park.error.clone()).unwrap_or_default();
        match self.write(Batch { parks, ..Batch::default() }, to).await? {
            Written::Done => {}
            Written::Lost | Written::Poison(_) => return Ok(Some(End::Lost)),
        }
        self.blocked.insert(event.metadata.stream.clone());
        let partition = &self.partition;
        partition.consumer.metrics.parked.increment(1);
        tracing::error!(
            consumer = &*partition.lease.consumer,
            stream = %event.metadata.stream,
            version = event.metadata.version.get(),
            position = event.metadata.position.get(),
            event = &*event.name,
            error = reason,
            "an event cannot be handled and is parked; later events of its stream wait behind it"
        );
        Ok(None)
    }
}

fn position_of(events: &[EventRef]) -> Position {
    events.last().map_or(Position::ZERO, |event| event.metadata.position)
}

/// An event as it is parked.
pub(super) fn parked(event: &EventRef, error: Option<String>, attempts: u32) -> NewParked {
    let error = error.map(|mut error| {
        let end = (0..=MOST_REASON.min(error.len())).rev().find(|end| error.is_char_boundary(*end));
        error.truncate(end.unwrap_or(0));
        // PostgreSQL has no text with a NUL in it.
        error.replace('\0', "\u{fffd}")
    });
    NewParked {
        position: event.metadata.position,
        stream: event.metadata.stream.clone(),
        version: event.metadata.version,
        name: std::sync::Arc::clone(&event.name),
        error,
        attempts,
    }
}

//! Events that could not be handled, and those that wait behind them.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use time::OffsetDateTime;

use super::consumers::Consumers;
use crate::number::Position;
use crate::store::{Lease, MAX_PARKED_STREAMS, Parked, ParkedQuery, ParkedRequest};
use crate::stream::StreamName;

/// How many are listed if nothing is said.
const PAGE: usize = 100;

impl Consumers {
    /// The parked events of a partition, oldest first.
    fn parked_in<'a>(&'a self, lease: &'a Lease) -> impl Iterator<Item = &'a Parked> {
        let generation = self.generation(&lease.consumer, lease.generation);
        let parked = generation.into_iter().flat_map(|generation| generation.parked.values());
        parked.filter(|parked| parked.partition == lease.partition)
    }

    /// The streams that have parked events.
    pub(super) fn parked_streams(&self, lease: &Lease) -> Vec<StreamName> {
        let streams: BTreeSet<_> = self.parked_in(lease).map(|parked| &parked.stream).collect();
        streams.into_iter().take(MAX_PARKED_STREAMS).cloned().collect()
    }

    /// The parked events of a stream, oldest first.
    pub(super) fn parked_of(&self, lease: &Lease, stream: &StreamName, limit: u32) -> Vec<Parked> {
        let parked = self.parked_in(lease).filter(|parked| parked.stream == *stream);
        parked.take(limit as usize).cloned().collect()
    }

    /// The streams whose oldest parked event has a request, or is due to be tried again.
    pub(super) fn requested_streams(&self, lease: &Lease, now: OffsetDateTime) -> Vec<StreamName> {
        let mut seen = BTreeSet::new();
        let oldest = self.parked_in(lease).filter(|parked| seen.insert(&parked.stream));
        let due = |parked: &&Parked| {
            parked.request.is_some() || parked.retry_at.is_some_and(|retry_at| retry_at <= now)
        };
        oldest.filter(due).map(|parked| parked.stream.clone()).take(1_000).collect()
    }

    /// Lists parked events by consumer and position.
    pub(super) fn parked(&self, query: &ParkedQuery) -> Vec<Parked> {
        let wanted = |parked: &&Parked| {
            let consumer = query.consumer.as_ref().is_none_or(|name| **name == *parked.consumer);
            let stream = query.stream.as_ref().is_none_or(|stream| *stream == parked.stream);
            let after = query.after.as_ref().is_none_or(|(name, position)| {
                name.as_str().cmp(&parked.consumer).then(position.cmp(&parked.position)) == Ordering::Less
            });
            let failed = parked.error.is_some() && parked.retry_at.is_none();
            consumer && stream && after && (failed || !query.failed_only)
        };
        let generations = self.by_name.values().flat_map(|consumer| consumer.generations.values());
        let mut found: Vec<_> = generations.flat_map(|found| found.parked.values()).filter(wanted).collect();
        let place = |parked: &Parked| (parked.consumer.clone(), parked.position);
        found.sort_by_key(|parked| (place(parked), parked.generation));
        let limit = if query.limit == 0 { PAGE } else { query.limit as usize };
        // The same position of another generation could not be asked for by the next page.
        let last = found.get(limit - 1).map(|last| place(last));
        let more = found.iter().skip(limit).take_while(|more| Some(place(more)) == last).count();
        found.into_iter().take(limit + more).cloned().collect()
    }

    /// Asks for a parked event to be retried or discarded.
    pub(super) fn request(&mut self, consumer: &str, position: Position, request: &ParkedRequest) -> bool {
        let Some(consumer) = self.by_name.get_mut(consumer) else { return false };
        let generations = consumer.generations.values_mut();
        let mut found = false;
        for parked in generations.filter_map(|generation| generation.parked.get_mut(&position)) {
            parked.request = Some(request.clone());
            found = true;
        }
        found
    }
}

//! Trying parked events again: when that is due, and when an operator has asked for it.

use futures_util::StreamExt;

use super::End;
use super::work::Worker;
use super::write::{Batch, Written};
use crate::consumer::page::{EventRef, Page};
use crate::consumer::runner::Poison;
use crate::consumer::trouble::Trouble;
use crate::number::Position;
use crate::store::{ConsumerStore, Parked, ParkedRequest, StoreError, StreamQuery};
use crate::stream::StreamName;

/// How many streams are tried before it is the feed's turn.
const STREAMS: usize = 16;

/// About how many bytes of events of a stream are handled in one transaction.
const BYTES: usize = 4 << 20;

/// How far the work on parked events is.
pub(super) enum Redo {
    /// Nothing is left to do now.
    Rest,
    /// There is more, after a look at the feed.
    More,
    End(End),
}

impl<S: ConsumerStore> Worker<S> {
    /// Works on the streams whose oldest event is due or has a request, a batch of each.
    pub(super) async fn requests(&mut self) -> Result<Redo, Trouble> {
        let mut streams = self.session.take_called();
        streams.extend(self.blocked.take_due(tokio::time::Instant::now()));
        streams.extend(self.partition.host.store.requested_streams(&self.partition.lease).await?);
        let mut seen = std::collections::HashSet::new();
        streams.retain(|stream| seen.insert(stream.clone()));
        let mut more = streams.len() > STREAMS;
        for (nth, stream) in streams.into_iter().enumerate() {
            if nth >= STREAMS || self.partition.stop.is_cancelled() {
                self.blocked.retry_at(stream, tokio::time::Instant::now());
                continue;
            }
            match self.redo(&stream).await? {
                Redo::End(end) => return Ok(Redo::End(end)),
                Redo::More => more = true,
                Redo::Rest => {}
            }
        }
        Ok(if more { Redo::More } else { Redo::Rest })
    }

    /// Tries the oldest parked events of a stream, in their order: one that has failed before alone,
    /// those that have only waited together. Later events of the stream are parked behind them meanwhile.
    async fn redo(&mut self, stream: &StreamName) -> Result<Redo, Trouble> {
        let most = self.partition.consumer.options.batch.get();
        let limit = u32::try_from(most).unwrap_or(u32::MAX);
        let (store, lease) = (&self.partition.host.store, &self.partition.lease);
        let mut rows = store.parked_of(lease, stream, limit).await?;
        let Some(first) = rows.first() else {
            self.blocked.remove(stream);
            return Ok(Redo::Rest);
        };
        match &first.request {
            Some(ParkedRequest::Discard { reason }) => {
                self.told(first, &format!("parked event discarded: {reason}"));
                let batch = Batch { unpark: vec![first.position], ..Batch::default() };
                let to = self.partition.stored();
                return Ok(match self.write(batch, to).await? {
                    Written::Done => self.more(stream).await?,
                    Written::Lost | Written::Poison(_) => Redo::End(End::Lost),
                });
            }
            Some(ParkedRequest::Retry) => {}
            None if first.retry_at.is_some() => {}
            None => return Ok(Redo::Rest),
        }
        if first.error.is_some() {
            rows.truncate(1);
        }
        let discards = |row: &Parked| matches!(row.request, Some(ParkedRequest::Discard { .. }));
        let last = rows.iter().position(discards).unwrap_or(rows.len());
        rows.truncate(last);
        let events = self.stored_events(stream, &rows).await?;
        self.handle_again(stream, &rows, &events).await
    }

    /// Whether a stream has more parked events; if not, its next events flow again.
    async fn more(&mut self, stream: &StreamName) -> Result<Redo, Trouble> {
        let (store, lease) = (&self.partition.host.store, &self.partition.lease);
        if !store.parked_of(lease, stream, 1).await?.is_empty() {
            return Ok(Redo::More);
        }
        self.blocked.remove(stream);
        // Whoever waits for the consumer to be idle looks again.
        self.partition.host.board.reached(&self.partition.lease, self.position);
        Ok(Redo::Rest)
    }

    /// Handles parked events of a stream, as many as succeed.
    async fn handle_again(
        &mut self,
        stream: &StreamName,
        rows: &[Parked],
        events: &[EventRef],
    ) -> Result<Redo, Trouble> {
        let to = self.partition.stored();
        let mut most = events.len();
        loop {
            let some = &events[..most.min(events.len())];
            let unpark: Vec<Position> = some.iter().map(|event| event.metadata.position).collect();
            let written = self.write(Batch { events: some, unpark, ..Batch::default() }, to).await?;
            let (poison, event, row) = match (written, some, rows) {
                (Written::Done, ..) => {
                    if let Some(row) = rows.first() {
                        let count = some.len();
                        self.told(row, &format!("parked events handled: {count}"));
                    }
                    return self.more(stream).await;
                }
                (Written::Lost, ..) => return Ok(Redo::End(End::Lost)),
                (Written::Poison(poison), [event], [row, ..]) => (poison, event, row),
                (Written::Poison(Poison { at, .. }), ..) => {
                    // Those before the one that failed, or else one alone.
                    most = at.filter(|at| *at > 0 && *at < most).unwrap_or(1);
                    continue;
                }
            };
            let end = self.failed(event, poison, row.attempts, to).await?;
            return Ok(end.map_or(Redo::Rest, Redo::End));
        }
    }

    /// The events of parked rows, up to a number of bytes.
    async fn stored_events(&self, stream: &StreamName, rows: &[Parked]) -> Result<Vec<EventRef>, Trouble> {
        let mut events = Vec::with_capacity(rows.len());
        let Some(first) = rows.first() else { return Ok(events) };
        let query = StreamQuery::forwards(stream.clone()).from(first.version);
        let query = if rows.len() == 1 { query.limit(1) } else { query };
        let mut stored = self.partition.host.store.read_stream(query);
        let mut bytes = 0;
        for row in rows {
            let event = loop {
                match stored.next().await.transpose()? {
                    Some(event) if event.metadata.position < row.position => {}
                    Some(event) if event.metadata.position == row.position => break event,
                    _ => {
                        return Err(StoreError::Corrupt(format!(
                            "version {} of {stream}, which is parked, is not in its stream",
                            row.version
                        ))
                        .into());
                    }
                }
            };
            bytes += event.payload.len();
            events.push(Page::single(event));
            if bytes >= BYTES {
                break;
            }
        }
        Ok(events)
    }

    fn told(&self, parked: &Parked, what: &str) {
        tracing::warn!(
            consumer = &*self.partition.lease.consumer,
            stream = %parked.stream,
            version = parked.version.get(),
            position = parked.position.get(),
            event = &*parked.name,
            "{what}"
        );
    }
}

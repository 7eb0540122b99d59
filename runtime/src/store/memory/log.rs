//! What the memory store holds, behind its one lock.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use time::OffsetDateTime;
use tokio::time::Instant;
use uuid::Uuid;

use super::claim::{Claims, Owner};
use super::consumers::Consumers;
use super::sagas::Sagas;
use crate::limits::MAX_PAGE;
use crate::limits::MAX_SNAPSHOTS;
use crate::number::{Position, Version};
use crate::recorded::{Metadata, RecordedEvent};
use crate::store::{
    Append, AppendError, Appended, AppendedTo, CommandRecord, Conflict, FeedPage, FeedQuery, Health,
    NewEvent, Snapshot, Start, StoreError, StreamAppend, WatermarkHolder,
};
use crate::stream::StreamName;

/// How many positions one page of the feed looks at, so that a filter that matches nothing does not keep writers waiting.
const SCAN: usize = 16_384;

/// Everything that is stored.
#[derive(Default)]
pub(super) struct Log {
    pub(super) closed: bool,
    pub(super) claims: Claims,
    pub(super) consumers: Consumers,
    pub(super) sagas: Sagas,
    /// By position, from 1. An event beyond the watermark may be of an open transaction; a hole is what was rolled back.
    events: Vec<Option<Arc<RecordedEvent>>>,
    /// The committed events of each stream, by version.
    streams: HashMap<StreamName, Vec<Arc<RecordedEvent>>>,
    /// The transactions that have drawn positions, by the last position drawn before.
    open: BTreeMap<(Position, Owner), Instant>,
    commands: HashMap<Uuid, CommandRecord>,
    commands_by_age: BTreeSet<(OffsetDateTime, Uuid)>,
    snapshots: HashMap<(StreamName, u64), Snapshot>,
    /// The fingerprints of each stream's snapshots.
    fingerprints: HashMap<StreamName, Vec<u64>>,
}

impl Log {
    /// Refuses when the store was closed.
    pub(super) fn available(&mut self) -> Result<&mut Self, StoreError> {
        if self.closed { Err(StoreError::Closed) } else { Ok(self) }
    }

    /// The committed events of a stream.
    pub(super) fn stream(&self, stream: &StreamName) -> &[Arc<RecordedEvent>] {
        self.streams.get(stream).map_or(&[], Vec::as_slice)
    }

    /// The committed version of a stream.
    pub(super) fn version(&self, stream: &StreamName) -> Version {
        Version::new(self.stream(stream).len() as u64)
    }

    /// Checks an append, draws its positions and lays its events there, not yet in their streams: [`publish`](Self::publish) or [`withdraw`](Self::withdraw)
    /// has to follow. `version` says which version the writer sees of a stream.
    pub(super) fn lay(
        &mut self,
        append: Append,
        recorded_at: OffsetDateTime,
        version: impl Fn(&Self, &StreamName) -> Version,
    ) -> Result<(Appended, Option<CommandRecord>), AppendError> {
        // First, since an append that is sent again conflicts with its own first arrival.
        if let Some(record) =
            append.command.as_ref().and_then(|command| self.commands.get(&command.command_id))
        {
            return Err(AppendError::DuplicateCommand(record.clone()));
        }
        let mut streams = Vec::with_capacity(append.streams.len());
        for StreamAppend { stream, expect, events } in &append.streams {
            let actual = version(self, stream);
            if !expect.allows(actual) {
                return Err(Conflict { stream: stream.clone(), expected: *expect, actual }.into());
            }
            let positions = Vec::with_capacity(events.len());
            streams.push(AppendedTo { stream: stream.clone(), version: actual, positions });
        }
        for (target, to) in append.streams.into_iter().zip(&mut streams) {
            for event in target.events {
                self.lay_event(event, to, recorded_at);
            }
        }
        let record = append.command.zip(streams.first()).map(|(command, first)| CommandRecord {
            command_id: command.command_id,
            body_hash: command.body_hash,
            stream: first.stream.clone(),
            version: first.version,
            events: u32::try_from(first.positions.len()).unwrap_or(u32::MAX),
            position: first.position(),
            recorded_at,
        });
        Ok((Appended { streams, recorded_at }, record))
    }

    fn lay_event(&mut self, event: NewEvent, to: &mut AppendedTo, recorded_at: OffsetDateTime) {
        let position = self.drawn().plus(1);
        to.version = to.version.plus(1);
        to.positions.push(position);
        let recorded = record(event, to.stream.clone(), to.version, position, recorded_at);
        self.events.push(Some(Arc::new(recorded)));
    }

    /// Makes laid events part of their streams.
    pub(super) fn publish(&mut self, appended: &Appended) {
        for AppendedTo { stream, positions, .. } in &appended.streams {
            if positions.is_empty() {
                continue;
            }
            let laid = positions.iter().filter_map(|position| self.events.get(slot(*position))?.clone());
            match self.streams.get_mut(stream) {
                Some(events) => events.extend(laid),
                None => drop(self.streams.insert(stream.clone(), laid.collect())),
            }
        }
    }

    /// Leaves holes where laid events were.
    pub(super) fn withdraw(&mut self, appended: &Appended) {
        for position in appended.streams.iter().flat_map(|stream| &stream.positions) {
            if let Some(event) = self.events.get_mut(slot(*position)) {
                *event = None;
            }
        }
    }

    /// Remembers an accepted command.
    pub(super) fn remember(&mut self, record: CommandRecord) {
        self.commands_by_age.insert((record.recorded_at, record.command_id));
        self.commands.insert(record.command_id, record);
    }

    /// Forgets the oldest commands recorded before a time.
    pub(super) fn forget(&mut self, before: OffsetDateTime, limit: u32) -> u64 {
        let mut forgotten = 0;
        while forgotten < u64::from(limit) {
            match self.commands_by_age.first() {
                Some(&oldest) if oldest.0 < before => {
                    self.commands_by_age.remove(&oldest);
                    self.commands.remove(&oldest.1);
                    forgotten += 1;
                }
                _ => break,
            }
        }
        forgotten
    }

    /// Looks a command up.
    pub(super) fn command(&self, id: Uuid) -> Option<CommandRecord> {
        self.commands.get(&id).cloned()
    }

    /// The last position drawn.
    pub(super) fn drawn(&self) -> Position {
        Position::new(self.events.len() as u64)
    }

    /// The last position that the feed may deliver: before the first one drawn by a transaction that is still open.
    fn watermark(&self) -> Position {
        self.open.keys().next().map_or(self.drawn(), |(before, _)| *before)
    }

    /// Holds the feed back here until [`release`](Self::release).
    pub(super) fn hold(&mut self, owner: Owner, before: Position) {
        self.open.insert((before, owner), Instant::now());
    }

    /// Lets the feed go on.
    pub(super) fn release(&mut self, owner: Owner, before: Position) {
        self.open.remove(&(before, owner));
    }

    /// Reads a page of the feed.
    pub(super) fn page(&self, query: &FeedQuery) -> FeedPage {
        let watermark = self.watermark();
        let mut page = FeedPage { events: Vec::new(), through: query.after, watermark };
        let mut bytes = 0_usize;
        let ahead =
            self.events.iter().enumerate().take(slot(watermark.plus(1))).skip(slot(query.after.plus(1)));
        for (at, event) in ahead.take(SCAN) {
            page.through = Position::new(at as u64 + 1);
            let Some(event) = event else { continue };
            if query.wants(event.metadata.stream.category(), &event.name) {
                page.events.push(RecordedEvent::clone(event));
                bytes = bytes.saturating_add(event.payload.len());
                if page.events.len() >= query.limit.min(MAX_PAGE) || bytes >= query.bytes {
                    break;
                }
            }
        }
        page
    }

    /// The events that the feed delivers after a position.
    fn after(&self, position: Position) -> impl Iterator<Item = &RecordedEvent> {
        let delivered = self.events.iter().take(slot(self.watermark().plus(1)));
        delivered.skip(slot(position.plus(1))).flatten().map(AsRef::as_ref)
    }

    /// When the first event after a position was recorded.
    pub(super) fn next_recorded_at(&self, position: Position) -> Option<OffsetDateTime> {
        self.after(position).next().map(|event| event.metadata.recorded_at)
    }

    /// The position after which a consumer begins. What was drawn and is not committed yet comes after the end.
    pub(super) fn start(&self, start: Start) -> Position {
        match start {
            Start::Beginning => Position::ZERO,
            Start::End => self.watermark(),
            Start::After(position) => position,
            Start::At(time) => {
                let first = self.after(Position::ZERO).find(|event| event.metadata.recorded_at >= time);
                first.map_or(self.watermark(), |event| {
                    Position::new(event.metadata.position.get().saturating_sub(1))
                })
            }
        }
    }

    /// The newest snapshot of a stream under a fingerprint.
    pub(super) fn snapshot(&self, stream: &StreamName, fingerprint: u64) -> Option<Snapshot> {
        self.snapshots.get(&(stream.clone(), fingerprint)).cloned()
    }

    /// Keeps a snapshot unless a newer one is there.
    pub(super) fn keep(&mut self, snapshot: Snapshot) {
        let key = (snapshot.stream.clone(), snapshot.fingerprint);
        if self.snapshots.get(&key).is_none_or(|kept| kept.version <= snapshot.version) {
            self.snapshots.insert(key.clone(), snapshot);
        }
        let (stream, saved) = key;
        let kept = self.fingerprints.entry(stream.clone()).or_default();
        if !kept.contains(&saved) {
            kept.push(saved);
        }
        while kept.len() > MAX_SNAPSHOTS {
            let version = |fingerprint: &u64| {
                self.snapshots.get(&(stream.clone(), *fingerprint)).map(|snapshot| snapshot.version)
            };
            let others = kept.iter().copied().filter(|other| *other != saved);
            let Some(oldest) = others.min_by_key(|other| (version(other), *other)) else { break };
            kept.retain(|other| *other != oldest);
            self.snapshots.remove(&(stream.clone(), oldest));
        }
    }

    /// How far the feed is behind, and who holds it.
    pub(super) fn health(&self) -> Health {
        let held_for = self.open.values().next().map(Instant::elapsed);
        Health {
            drawn: self.drawn(),
            watermark: self.watermark(),
            lag: held_for.unwrap_or_default(),
            holder: held_for.map(|held| WatermarkHolder::new(None, "memory".to_owned(), held)),
        }
    }
}

/// Where the event of a position lies.
fn slot(position: Position) -> usize {
    usize::try_from(position.get().saturating_sub(1)).unwrap_or(usize::MAX)
}

fn record(
    event: NewEvent,
    stream: StreamName,
    version: Version,
    position: Position,
    recorded_at: OffsetDateTime,
) -> RecordedEvent {
    RecordedEvent {
        metadata: Metadata {
            correlation_id: event.correlation_id,
            causation_id: event.causation_id,
            headers: event.headers,
            ..Metadata::new(event.id, stream, version, position, recorded_at)
        },
        name: event.name,
        schema_version: event.schema_version,
        payload: event.payload,
    }
}

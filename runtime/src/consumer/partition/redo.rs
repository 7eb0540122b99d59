//! Doing what was asked for parked events.

use futures_util::StreamExt;

use super::End;
use super::settle::{Single, parked};
use super::work::Worker;
use super::write::{Batch, Written};
use crate::consumer::page::{EventRef, Page};
use crate::consumer::trouble::Trouble;
use crate::store::{ConsumerStore, Parked, ParkedRequest, StoreError, StreamQuery};
use crate::stream::StreamName;

impl<S: ConsumerStore> Worker<S> {
    /// Does what was asked for, stream by stream.
    pub(super) async fn requests(&mut self) -> Result<Option<End>, Trouble> {
        let streams = self.partition.host.store.requested_streams(&self.partition.lease).await?;
        for stream in streams {
            if let Some(end) = self.redo(&stream).await? {
                return Ok(Some(end));
            }
        }
        Ok(None)
    }

    /// Takes the parked events of a stream in their order, until one cannot be handled or none is left. No later event of the stream comes between them:
    /// the feed waits meanwhile.
    async fn redo(&mut self, stream: &StreamName) -> Result<Option<End>, Trouble> {
        let mut asked = false;
        loop {
            if self.partition.stop.is_cancelled() {
                return Ok(None);
            }
            let (store, lease) = (&self.partition.host.store, &self.partition.lease);
            let Some(next) = store.parked_of(lease, stream, 1).await?.into_iter().next() else {
                self.blocked.remove(stream);
                return Ok(None);
            };
            let end = match &next.request {
                Some(ParkedRequest::Discard { reason }) => {
                    self.told(&next, &format!("a parked event is discarded: {reason}"));
                    self.discard(&next).await?
                }
                Some(ParkedRequest::Retry) => self.retry(&next).await?,
                None if asked => self.retry(&next).await?,
                None => return Ok(None),
            };
            match end {
                Redone::Done => asked = true,
                Redone::Failed => return Ok(None),
                Redone::End(end) => return Ok(Some(end)),
            }
        }
    }

    async fn discard(&mut self, parked: &Parked) -> Result<Redone, Trouble> {
        let batch = Batch { unpark: Some(parked.position), ..Batch::default() };
        let to = self.partition.stored();
        Ok(match self.write(batch, to).await? {
            Written::Done => Redone::Done,
            Written::Lost | Written::Poison(_) => Redone::End(End::Lost),
        })
    }

    /// Handles a parked event; when it cannot be handled this time either, it stays parked, with the new reason.
    async fn retry(&mut self, next: &Parked) -> Result<Redone, Trouble> {
        let event = self.stored_event(next).await?;
        let to = self.partition.stored();
        let unpark = Some(next.position);
        let events = std::slice::from_ref(&event);
        let failed = match self.write(Batch { events, unpark, ..Batch::default() }, to).await? {
            Written::Done => None,
            Written::Lost => return Ok(Redone::End(End::Lost)),
            Written::Poison(poison) => match self.again(&event, poison, to, unpark).await? {
                Single::Done => None,
                Single::End(end) => return Ok(Redone::End(end)),
                Single::Failed { reason, attempts } => Some((reason, attempts)),
            },
        };
        let Some((reason, attempts)) = failed else {
            self.told(next, "a parked event was handled");
            return Ok(Redone::Done);
        };
        let parks = vec![parked(&event, Some(reason), next.attempts.saturating_add(attempts))];
        Ok(self.park(&event, parks, to).await?.map_or(Redone::Failed, Redone::End))
    }

    async fn stored_event(&self, parked: &Parked) -> Result<EventRef, Trouble> {
        let query = StreamQuery::forwards(parked.stream.clone()).from(parked.version).limit(1);
        let event = self.partition.host.store.read_stream(query).next().await.transpose()?;
        match event {
            Some(event) if event.metadata.position == parked.position => Ok(Page::single(event)),
            _ => Err(StoreError::Corrupt(format!(
                "version {} of {}, which is parked, is not in its stream",
                parked.version, parked.stream
            ))
            .into()),
        }
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

/// How it went with a parked event.
enum Redone {
    Done,
    Failed,
    End(End),
}

//! Commands that were accepted before: answered as the first time.

use futures_util::StreamExt;

use super::error::ExecuteError;
use super::executed::Executed;
use super::execution::{EventsOf, Execution, RejectionOf};
use super::ledger::is_hash_of;
use crate::command::Command;
use crate::event_set::decode;
use crate::number::Version;
use crate::store::{CommandRecord, LedgerEntry, RehydrateError, StoreError, StreamQuery, Timeline};

impl<C: Command> Execution<'_, C> {
    /// The aggregate says no; it may do so because the same command was accepted before.
    ///
    /// The reason rests on what was read: it is given once a failover cannot lose that.
    pub(super) async fn rejected(
        &self,
        timeline: Timeline,
        rejection: RejectionOf<C>,
    ) -> Result<Executed<EventsOf<C>>, ExecuteError<RejectionOf<C>>> {
        if let Some(entry) = &self.ledger
            && let Some(record) = self.store.find_command(entry.command_id).await?
        {
            return self.resent(record).await;
        }
        self.store.confirm(timeline).await?;
        Err(ExecuteError::Rejected(rejection))
    }

    /// The answer that the command got when it was accepted, if it is that command.
    pub(super) async fn resent(
        &self,
        record: CommandRecord,
    ) -> Result<Executed<EventsOf<C>>, ExecuteError<RejectionOf<C>>> {
        let is_same = |entry: &LedgerEntry| {
            entry.body_hash == record.body_hash || is_hash_of(C::NAME, self.command, &record.body_hash)
        };
        if !self.ledger.as_ref().is_some_and(is_same) {
            return Err(ExecuteError::DuplicateCommand {
                command_id: record.command_id,
                stream: record.stream,
            });
        }
        let events = self.read_again(&record).await?;
        Ok(Executed {
            stream: record.stream,
            version: record.version,
            position: record.position,
            events,
            command_id: record.command_id,
            replayed: true,
        })
    }

    async fn read_again(
        &self,
        record: &CommandRecord,
    ) -> Result<Vec<EventsOf<C>>, ExecuteError<RejectionOf<C>>> {
        let mut events = Vec::new();
        if record.events == 0 {
            return Ok(events);
        }
        let count = u64::from(record.events);
        let first = Version::new((record.version.get() + 1).saturating_sub(count));
        let query = StreamQuery::forwards(record.stream.clone()).from(first).limit(count);
        let mut rows = self.store.read_stream(query);
        while let Some(row) = rows.next().await {
            let row = row?;
            let event = decode::<EventsOf<C>>(&row.raw()).map_err(|source| RehydrateError::Decode {
                stream: record.stream.clone(),
                version: row.metadata.version,
                source,
            })?;
            events.push(event);
        }
        if events.len() as u64 == count {
            Ok(events)
        } else {
            Err(StoreError::Corrupt(format!(
                "the command {} caused {count} events of {}, of which {} are there",
                record.command_id,
                record.stream,
                events.len()
            ))
            .into())
        }
    }
}

//! What a store keeps for consumers: where they stand, who runs them, what is parked, and the tables of read models.

mod lease;
mod parked;
mod reads;
mod record;
mod select;
mod spec;
mod table;

use std::time::Duration;

use uuid::Uuid;

pub use self::lease::{Lease, LeaseRequest, SWAP_PAUSE, Wanted};
pub use self::parked::{NewParked, Parked, ParkedQuery, ParkedRequest};
pub use self::reads::{ConsumerReads, EventType, EventVersions, KnownReads, Needs, RegisteredReads};
pub use self::record::{ConsumerRecord, PartitionRecord};
pub use self::select::{Comparison, Condition, InvalidSelect, OrderKey, Select};
pub use self::spec::{ConsumerKind, ConsumerSpec, Opened, Start};
pub use self::table::{RowChanges, Table, TableDefinition};

use super::{BoxFuture, StoreError, TransactionalStore};
use crate::number::Position;
use crate::read_model::{Row, Value};
use crate::stream::StreamName;

/// How long a transaction that only moves a checkpoint may idle.
const CHECKPOINT: Duration = Duration::from_secs(5);

/// The most streams that [`parked_streams`](ConsumerStore::parked_streams) gives: whoever is given so
/// many asks [`parked_among`](ConsumerStore::parked_among) of each batch instead.
pub const MAX_PARKED_STREAMS: usize = 16_384;

/// A store that runs consumers.
///
/// A consumer has a name and one or two *generations*: the live one, and the one that is being built to replace it. Each generation has a fixed number of
/// partitions, each with a checkpoint and a lease. A lease has an epoch, which grows whenever it changes hands: everything that its holder writes goes through a
/// transaction in which [`advance`](Self::advance) checks the epoch, so a holder that lost its lease writes nothing.
pub trait ConsumerStore: TransactionalStore {
    /// Makes a consumer that is missing, as [`open_consumer`](Self::open_consumer) does. One that
    /// is there with the same version is made as the declaration says; one of another version stays
    /// as it is, with the workers that run it. What `open_consumer` would refuse is refused.
    fn declare_consumer<'a>(&'a self, consumer: &'a ConsumerSpec) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Gives a live consumer of a [kind that continues](ConsumerKind::goes_on) a lower version in
    /// its place, when no worker of the higher one asks for leases. Says whether that was done.
    /// What the higher version has read besides is left to it: see [`KnownReads::foreign`].
    fn lower_consumer<'a>(&'a self, consumer: &'a ConsumerSpec) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Within a transaction, has a consumer without a table start again: at a position, with the
    /// version and the number of partitions of its declaration, and with nothing parked. One that
    /// is missing is made. Its leases are lost, before anything else is written in the transaction:
    /// no batch of the version before commits after that.
    fn restart_in<'a>(
        &'a self,
        transaction: &'a mut Self::Transaction,
        consumer: &'a ConsumerSpec,
        start: Start,
    ) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Gives a consumer without a table another name, with its checkpoints and what is parked, and
    /// keeps the old name among its [former names](ConsumerRecord::former_names) until it is
    /// forgotten. Its leases are lost. Nothing is done when the old name is missing, or the new one
    /// is there. Says whether it was renamed.
    fn rename_consumer<'a>(
        &'a self,
        from: &'a str,
        consumer: &'a ConsumerSpec,
    ) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Makes sure that a consumer is there, with its table, and says what is to be run. Safe to call from several processes at once, each time the same.
    ///
    /// * Not there: it is made, live, at its [`Start`]; its table too.
    /// * There with the same version: what is there stays. Indexes that were added or dropped are made or removed; other columns under the same version are
    ///   [`StoreError::Unsuitable`], with words that say to raise the version. Another number of partitions likewise, unless it stands nowhere yet.
    /// * There with a lower version, of another kind: a new generation is made beside it, from the beginning, with a table of its own. One that is being built for a lower version than this
    ///   is thrown away; the number of a generation is never given again.
    /// * There with a lower version, of a kind that [goes on](ConsumerKind::goes_on): it gets this version in its place, with its checkpoints and what is parked; its leases are lost, so
    ///   that processes of the lower version run it no longer. Another number of partitions is [`StoreError::Unsuitable`].
    /// * There with a higher version, or live with a lower one while a higher one is being built: this process is of an older release; it runs nothing
    ///   ([`Opened::generation`] is `None`).
    ///
    /// A consumer of that name and another kind is [`StoreError::Unsuitable`].
    fn open_consumer<'a>(&'a self, consumer: &'a ConsumerSpec) -> BoxFuture<'a, Result<Opened, StoreError>>;

    /// Tells the store what a release of a consumer reads. Safe to call again. When the release
    /// handles an event that another one does not, the leases of the consumer are lost: who claims
    /// them again looks at [`known_reads`](Self::known_reads).
    fn register_reads<'a>(&'a self, reads: &'a ConsumerReads) -> BoxFuture<'a, Result<(), StoreError>>;

    /// What the releases of a consumer read that were registered, and the event types of all releases.
    fn known_reads<'a>(&'a self, consumer: &'a str) -> BoxFuture<'a, Result<KnownReads, StoreError>>;

    /// Gives a leased partition to a worker that can do its next event, with the checkpoint where
    /// it is. No worker gets the partition that cannot do the event, and while a worker runs that
    /// can do what the partitions of the generation have needed, no other worker gets any of them.
    /// `Ok(false)`: the lease is lost.
    fn leave<'a>(&'a self, lease: &'a Lease, needs: &'a Needs) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Starts building a live consumer anew: the next generation, at the beginning, with an empty table beside the old one. One that is being built already goes on.
    /// Returns the generation. A consumer that was never opened is [`StoreError::Unsuitable`].
    fn rebuild<'a>(&'a self, consumer: &'a ConsumerSpec) -> BoxFuture<'a, Result<u32, StoreError>>;

    /// Puts the generation that is being built in the place of the live one, when each of its partitions is as far as that of the live one (all of its
    /// partitions as far as the furthest, when their numbers differ); else stops the live one, so that it will soon be: its leases are lost, and nobody gets one for the
    /// next [`SWAP_PAUSE`], so that it goes on should the one that builds be gone. In one transaction: after `Ok(true)` the new table has the name, the old one is gone, parked
    /// events of the old one too, and the leases of the new generation are lost, since they speak of a table that is being built. Fenced by `lease`: one that is lost changes nothing,
    /// and gets `Ok(false)`. So does one of a generation that has parked events, unless an operator said
    /// [`replace_anyway`](Self::replace_anyway); it does not stop the live one.
    fn swap<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Renews and claims leases for a worker, by the database's clock. For each generation asked for: leases held by the worker with the epoch that it knows are prolonged; of those that
    /// are free or expired it gets so many that all live workers of the generation have the same number or one more, and a worker that has more than its share gives
    /// up the surplus. Says which leases the worker holds afterwards; one that it held and is not among them is lost.
    fn lease<'a>(&'a self, request: &'a LeaseRequest) -> BoxFuture<'a, Result<Vec<Lease>, StoreError>>;

    /// Gives leases back, so that others need not wait for their end, and forgets the worker.
    fn release<'a>(&'a self, worker: Uuid) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Begins the transaction of a batch. The store ends it by itself when its holder lets it idle for `at_most`, so that nobody waits for locks of a process that
    /// was stopped. In one of a [read model](ConsumerKind::ReadModel) only statements of the store run, which it may prepare for; in others it may end a
    /// statement that takes longer than `at_most`.
    fn begin_batch(
        &self,
        kind: ConsumerKind,
        at_most: Duration,
    ) -> BoxFuture<'_, Result<Self::Transaction, StoreError>>;

    /// Commits a batch whose last call was an [`advance`](Self::advance) that said `true`. Wakes no reader of the feed. When the connection is lost at it, that is
    /// [`StoreError::OutcomeUnknown`], and the checkpoint tells.
    fn commit_batch(&self, transaction: Self::Transaction) -> BoxFuture<'_, Result<(), StoreError>> {
        self.commit(transaction)
    }

    /// As [`commit_batch`](Self::commit_batch) for one that has appended, too: wakes the readers of the feed. Provided as [`commit`](TransactionalStore::commit).
    fn commit_batch_appended(&self, transaction: Self::Transaction) -> BoxFuture<'_, Result<(), StoreError>> {
        self.commit(transaction)
    }

    /// Moves the checkpoint of a leased partition over events that nobody wants: [`advance`](Self::advance) in a transaction of its own.
    fn checkpoint<'a>(
        &'a self,
        lease: &'a Lease,
        from: Position,
        to: Position,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let mut transaction = self.begin_batch(ConsumerKind::ReadModel, CHECKPOINT).await?;
            let moved = self.advance(&mut transaction, lease, from, to).await?;
            if moved {
                self.commit_batch(transaction).await?;
            } else {
                self.rollback(transaction).await?;
            }
            Ok(moved)
        })
    }

    /// Gives a transaction up without waiting: its connection may be dead, or in the middle of something. It is rolled back, now or as soon as that is possible.
    fn abandon(&self, transaction: Self::Transaction) {
        drop(transaction);
    }

    /// Moves the checkpoint of a leased partition within a transaction. `Ok(false)`: the lease is lost, or the checkpoint is not at `from`; the transaction has to be rolled
    /// back. `from == to` only checks. Where a store lets the lease be lost afterwards, it is the commit that fails, with an error that is
    /// [retryable](StoreError::is_retryable), and nothing is stored.
    fn advance<'a>(
        &'a self,
        transaction: &'a mut Self::Transaction,
        lease: &'a Lease,
        from: Position,
        to: Position,
    ) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// The rows with these keys; a key without a row is left out.
    fn load_rows<'a>(
        &'a self,
        transaction: &'a mut Self::Transaction,
        table: &'a Table,
        keys: &'a [Value],
    ) -> BoxFuture<'a, Result<Vec<Row>, StoreError>>;

    /// Deletes rows, then inserts or replaces others in their order, each key once. [`StoreError::Refused`] when a unique index would be broken, by any of them at its turn, or when a column
    /// gets nothing that may not: the transaction has to be rolled back. Another transaction's rows may break it too, then as late as at the commit.
    fn write_rows<'a>(
        &'a self,
        transaction: &'a mut Self::Transaction,
        table: &'a Table,
        changes: RowChanges,
    ) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Parks events. One that is parked already gets the new reason, and its request is done.
    fn park<'a>(
        &'a self,
        transaction: &'a mut Self::Transaction,
        lease: &'a Lease,
        events: &'a [NewParked],
    ) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Takes the oldest parked event of its stream out: it was handled, or discarded. The next one of the stream, if there is one, is asked to be retried in the same
    /// transaction, so that what has waited is done whatever becomes of this worker.
    fn unpark<'a>(
        &'a self,
        transaction: &'a mut Self::Transaction,
        lease: &'a Lease,
        position: Position,
    ) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Takes the oldest parked events of their streams out: [`unpark`](Self::unpark) of each.
    fn unpark_all<'a>(
        &'a self,
        transaction: &'a mut Self::Transaction,
        lease: &'a Lease,
        positions: &'a [Position],
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            for position in positions {
                self.unpark(transaction, lease, *position).await?;
            }
            Ok(())
        })
    }

    /// Those of the streams that have parked events in a partition.
    fn parked_among<'a>(
        &'a self,
        lease: &'a Lease,
        streams: &'a [StreamName],
    ) -> BoxFuture<'a, Result<Vec<StreamName>, StoreError>> {
        Box::pin(async move {
            let mut parked = Vec::new();
            for stream in streams {
                if !self.parked_of(lease, stream, 1).await?.is_empty() {
                    parked.push(stream.clone());
                }
            }
            Ok(parked)
        })
    }

    /// The streams that have parked events in a partition, at most [`MAX_PARKED_STREAMS`].
    fn parked_streams<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<Vec<StreamName>, StoreError>>;

    /// The parked events of a stream in a partition, oldest first, at most `limit`.
    fn parked_of<'a>(
        &'a self,
        lease: &'a Lease,
        stream: &'a StreamName,
        limit: u32,
    ) -> BoxFuture<'a, Result<Vec<Parked>, StoreError>>;

    /// The streams of a partition whose oldest parked event has a request, or is due to be tried
    /// again, at most 1,000.
    fn requested_streams<'a>(
        &'a self,
        lease: &'a Lease,
    ) -> BoxFuture<'a, Result<Vec<StreamName>, StoreError>>;

    /// Lists parked events of all consumers, by consumer and position. The events of two generations at one position are never on two pages: a page may have one more.
    fn parked<'a>(&'a self, query: &'a ParkedQuery) -> BoxFuture<'a, Result<Vec<Parked>, StoreError>>;

    /// Asks the holder of the lease to retry or discard a parked event; says whether it is there. It is done in the holder's own time, and in order.
    fn request<'a>(
        &'a self,
        consumer: &'a str,
        position: Position,
        request: ParkedRequest,
    ) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// As [`consumers`](Self::consumers), for those who need the checkpoints alone: parked events need
    /// not be counted, so that a backlog of them slows nothing. Provided.
    fn checkpoints(&self) -> BoxFuture<'_, Result<Vec<ConsumerRecord>, StoreError>> {
        self.consumers()
    }

    /// Pauses the generation of a lease, for a reason that its [record](ConsumerRecord) gives, until it
    /// is [resumed](Self::pause). Fenced by the lease: `Ok(false)` when it is lost. Provided: pauses the
    /// consumer.
    fn halt<'a>(&'a self, lease: &'a Lease, reason: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
        let _: &str = reason;
        self.pause(&lease.consumer, true)
    }

    /// Lets the generation that is being built replace the live one although some of its events have
    /// failed; says whether one is being built.
    fn replace_anyway<'a>(
        &'a self,
        consumer: &'a str,
        reason: &'a str,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        let _: (&str, &str) = (consumer, reason);
        Box::pin(std::future::ready(Err(StoreError::Unsuitable(
            "it cannot replace a table by one with failed events".to_owned(),
        ))))
    }

    /// Forgets a consumer with its checkpoints and parked events; with the live table of a read model, if
    /// that is said. Says whether it was there. [`StoreError::Unsuitable`] while a worker has a lease of it,
    /// or when the store cannot do it, as provided.
    fn forget_consumer<'a>(
        &'a self,
        consumer: &'a str,
        with_table: bool,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        let _: (&str, bool) = (consumer, with_table);
        Box::pin(std::future::ready(Err(StoreError::Unsuitable("it cannot forget consumers".to_owned()))))
    }

    /// Every generation of every consumer, with its partitions, by name.
    fn consumers(&self) -> BoxFuture<'_, Result<Vec<ConsumerRecord>, StoreError>>;

    /// Pauses a consumer, or lets it go on: a paused one has no leases. Says whether it is there.
    fn pause<'a>(&'a self, consumer: &'a str, paused: bool) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Puts all partitions of a live consumer elsewhere, and forgets what is parked. Its leases are lost. The table of a
    /// read model is emptied in the same transaction; `table` is what the caller knows of it, if it does.
    fn reset<'a>(
        &'a self,
        consumer: &'a str,
        start: Start,
        table: Option<&'a Table>,
    ) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Rows of a read model, as a query says. What does not [fit the table](Select::check) is [`StoreError::InvalidSelect`].
    fn select<'a>(
        &'a self,
        table: &'a Table,
        select: &'a Select,
    ) -> BoxFuture<'a, Result<Vec<Row>, StoreError>>;

    /// How many rows match the query's filter.
    fn count<'a>(&'a self, table: &'a Table, select: &'a Select) -> BoxFuture<'a, Result<u64, StoreError>>;
}

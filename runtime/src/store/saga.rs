//! What a store keeps for sagas: instances, their logs, and who runs them.

mod claim;
mod deliver;
mod entry;
mod hand;
mod operate;
mod record;
mod write;

use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

pub use self::claim::{ClaimedSaga, SagaClaim, SagaClaims, SagaRenewal, SagaWorker, WantedSaga};
pub use self::deliver::{Delivery, EventOrigin, NewDelivery, NewSaga};
pub use self::entry::{NewSagaEntry, SagaEntry, SagaEntryKind, SagaMessage, SagaMessageKind};
pub use self::hand::{HeldSagas, SagaAdvance, SagaDeliveries, SagaHand, SagaStart, SagaStarted, SagaStarts};
pub use self::operate::{
    SagaDefinitionRecord, SagaForgotten, SagaQuery, SagaRequest, SagaWhole, StoredRequest,
};
pub use self::record::{SagaCounts, SagaRecord, SagaStatus};
pub use self::write::{SagaMigration, SagaThen, SagaWrite, SagaWritten};

use super::{BoxFuture, ConsumerStore, StoreError, Wakeup};

/// A store that runs sagas.
///
/// An *instance* has a row and a log. At any moment it has an owner, a worker, or it has none and perhaps a time at which it is due. Its epoch grows whenever it changes hands. Only its owner writes
/// to it, each time [fenced](Self::write_sagas) by the epoch and by the number of entries in its log, so that what a worker writes that was stopped and overtaken changes nothing. Everybody else, as consumers with events and operators with
/// requests, leaves *messages* for an instance, which make it due.
///
/// A *worker* is a process that runs sagas. It renews one lease, its own; when that has run out, its instances are taken over.
///
/// All times are by the store's clock.
pub trait SagaStore: ConsumerStore {
    /// Starts instances within a transaction, in their order; says of each whether it is new: one that is there already, under the same name and id, stays as it is, whatever became of it. New ones are due at once.
    fn start_sagas<'a>(
        &'a self,
        transaction: &'a mut Self::Transaction,
        sagas: &'a [NewSaga],
    ) -> BoxFuture<'a, Result<Vec<bool>, StoreError>>;

    /// Starts one instance, in a transaction of its own.
    fn start_saga<'a>(&'a self, saga: &'a NewSaga) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Leaves events for instances within a transaction, in their order; says what became of each. One that was left before, the same event for the same step, changes nothing. Instances that are not at their end become due at once. An event for a step that is done is not stored: [`Delivery::Late`].
    fn deliver_to_sagas<'a>(
        &'a self,
        transaction: &'a mut Self::Transaction,
        deliveries: &'a [NewDelivery],
    ) -> BoxFuture<'a, Result<Vec<Delivery>, StoreError>>;

    /// Whether the store gives instances to a worker together with their starts and with events for them:
    /// by [`start_sagas_for`](Self::start_sagas_for) and the methods after it. Default: no. Then those are
    /// never called, and a worker gets all instances by [`claim_sagas`](Self::claim_sagas).
    fn gives_sagas(&self) -> bool {
        false
    }

    /// Starts instances in one transaction, all or none, and does the first write to each of those that are
    /// new. Where the write [keeps](SagaThen::Keep) the instance, the worker owns it, under the epoch 1. If
    /// the worker's lease has run out, such a write is not done, and the instance is due at once.
    ///
    /// After an error, or when the call is given up, it is open whether the worker was given any; those are
    /// due again, under higher epochs, with its next claim.
    fn start_sagas_for<'a>(
        &'a self,
        hand: SagaHand,
        starts: &'a [SagaStart],
    ) -> BoxFuture<'a, Result<SagaStarts, StoreError>> {
        let _: (SagaHand, &[SagaStart]) = (hand, starts);
        Box::pin(async { Err(cannot_give()) })
    }

    /// The same within a transaction.
    fn start_sagas_for_in<'a>(
        &'a self,
        transaction: &'a mut Self::Transaction,
        hand: SagaHand,
        starts: &'a [SagaStart],
    ) -> BoxFuture<'a, Result<SagaStarts, StoreError>> {
        let _: (&mut Self::Transaction, SagaHand, &[SagaStart]) = (transaction, hand, starts);
        Box::pin(async { Err(cannot_give()) })
    }

    /// Locks those of these instances that exist until the transaction ends, and returns them. Of those that
    /// have an owner the history is not read.
    fn hold_sagas<'a>(
        &'a self,
        transaction: &'a mut Self::Transaction,
        instances: &'a [(Arc<str>, Arc<str>)],
    ) -> BoxFuture<'a, Result<HeldSagas, StoreError>> {
        let _ = (transaction, instances);
        Box::pin(async { Err(cannot_give()) })
    }

    /// As [`deliver_to_sagas`](Self::deliver_to_sagas), and writes to instances that the transaction
    /// [holds](Self::hold_sagas). Such a write is done if the instance has no owner, has the epoch and the
    /// log that the write says, and as many messages with the new ones as
    /// [`messages_seen`](SagaWrite::messages_seen) says. Where it [keeps](SagaThen::Keep) the instance, the
    /// worker owns it afterwards, under the next epoch; if the worker's lease has run out, it is not done.
    /// An instance whose write is not done is due at once.
    fn deliver_to_sagas_for<'a>(
        &'a self,
        transaction: &'a mut Self::Transaction,
        hand: SagaHand,
        deliveries: &'a [NewDelivery],
        advances: &'a [SagaAdvance],
    ) -> BoxFuture<'a, Result<SagaDeliveries, StoreError>> {
        let _: (&mut Self::Transaction, SagaHand, &[NewDelivery], &[SagaAdvance]) =
            (transaction, hand, deliveries, advances);
        Box::pin(async { Err(cannot_give()) })
    }

    /// It is not known whether a transaction was committed that has given instances to a worker. What it has
    /// given is due again, under higher epochs, with the worker's next claim.
    fn lose_sagas(&self, hand: SagaHand) {
        let _: SagaHand = hand;
    }

    /// Wakes when an instance may have become due, whichever process has made it so. `None`, the default:
    /// the store cannot tell, and is asked again and again.
    fn saga_wakeup(&self) -> Option<Wakeup> {
        None
    }

    /// Makes a worker known, or known again with other definitions. Its lease begins.
    fn enlist_saga_worker<'a>(&'a self, worker: &'a SagaWorker) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Renews the lease of a worker. `alive: false`: it has run out, or was never there; whatever the worker owns may be somebody else's, and it has to begin anew under another id.
    fn renew_saga_worker<'a>(
        &'a self,
        worker: &'a SagaWorker,
    ) -> BoxFuture<'a, Result<SagaRenewal, StoreError>>;

    /// Forgets a worker. What it still owns is due at once, for others.
    fn retire_saga_worker(&self, worker: Uuid) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Forgets workers whose leases have run out, and makes what they own due at once, under higher epochs; also what is owned by workers that are not known. Returns how many instances that were.
    fn take_over_sagas(&self) -> BoxFuture<'_, Result<u64, StoreError>>;

    /// Gives a worker instances that are due, the longest due first, as [`SagaClaim`] says; their epochs grow. Never one that somebody owns, and none when the worker's lease has run out. Several workers that claim at once do not wait for each other. After an error, or when the call is given up, it is open whether the worker was given any; those are due again, under higher epochs, with its next claim.
    fn claim_sagas<'a>(&'a self, claim: &'a SagaClaim) -> BoxFuture<'a, Result<SagaClaims, StoreError>>;

    /// Writes to instances: each write by itself is done whole or not at all, says whether it was done, and does not hinder the others. A write is done when the instance has its epoch and its log as many entries as it says; else it is
    /// [`SagaWritten::Lost`]. After an error it is open which writes were done: an instance that is read again tells.
    fn write_sagas<'a>(
        &'a self,
        writes: &'a [SagaWrite],
    ) -> BoxFuture<'a, Result<Vec<SagaWritten>, StoreError>>;

    /// An instance with its whole log and its messages, in their order.
    fn saga<'a>(&'a self, saga: &'a str, id: &'a str)
    -> BoxFuture<'a, Result<Option<SagaWhole>, StoreError>>;

    /// Lists instances, by name and id. A page may have fewer than the limit: it ends early when its data
    /// is large. The last page is empty. The time it takes does not depend on how many instances there
    /// are.
    fn sagas<'a>(&'a self, query: &'a SagaQuery) -> BoxFuture<'a, Result<Vec<SagaRecord>, StoreError>>;

    /// Leaves a request for an instance, which becomes due at once; says whether the instance exists.
    ///
    /// If the instance is completed or compensated, the request is answered at once: the log gets
    /// an entry that [refuses](SagaRequest::refusal_after_the_end) it.
    fn request_saga<'a>(
        &'a self,
        saga: &'a str,
        id: &'a str,
        request: &'a SagaRequest,
    ) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// How many instances of each saga have each status.
    fn count_sagas(&self) -> BoxFuture<'_, Result<SagaCounts, StoreError>>;

    /// Whether any instance of these sagas has something to do by itself: it is running or compensating, or owned, or due now.
    fn are_sagas_busy<'a>(&'a self, sagas: &'a [&'a str]) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Forgets what is old: up to `most` instances that ended at least `age` ago, with their logs and
    /// messages, and up to `most` ids for which events were kept, the last one at least `age` ago, and
    /// whose instances were never started; by the store's clock. Also definitions that were saved last
    /// at least `age` ago, have no instance and are run by no worker. Returns how many instances and ids
    /// were forgotten: if that is less than `most`, there are no more.
    ///
    /// The default answers that the store cannot do it.
    fn prune_sagas(&self, age: Duration, most: u32) -> BoxFuture<'_, Result<u64, StoreError>> {
        let _: (Duration, u32) = (age, most);
        Box::pin(async { Err(cannot_forget()) })
    }

    /// Forgets one instance that has ended, with its log and messages, or what was kept for an instance
    /// that was never started.
    ///
    /// The default answers that the store cannot do it.
    fn forget_saga<'a>(
        &'a self,
        saga: &'a str,
        id: &'a str,
    ) -> BoxFuture<'a, Result<SagaForgotten, StoreError>> {
        let _: (&str, &str) = (saga, id);
        Box::pin(async { Err(cannot_forget()) })
    }

    /// Keeps the description of a definition, unless it is there.
    fn save_saga_definition<'a>(
        &'a self,
        definition: &'a SagaDefinitionRecord,
    ) -> BoxFuture<'a, Result<(), StoreError>>;

    /// The descriptions of all definitions of a saga that were ever run here, and whether a worker whose lease has not run out runs them.
    fn saga_definitions<'a>(
        &'a self,
        saga: &'a str,
    ) -> BoxFuture<'a, Result<Vec<SagaDefinitionRecord>, StoreError>>;
}

fn cannot_give() -> StoreError {
    StoreError::Unsuitable("this store cannot give instances of sagas with their starts".to_owned())
}

fn cannot_forget() -> StoreError {
    StoreError::Unsuitable("this store cannot forget instances of sagas".to_owned())
}

//! The consumer of a saga: events start instances, or are left for those that wait for them.

mod batch;

use std::collections::{HashMap, HashSet};
use std::ops::Deref;
use std::sync::Arc;

use tokio::time::Instant;
use uuid::Uuid;

use self::batch::{Batch, message};
use super::any::{AnySaga, Followed};
use super::doorbell::Doorbell;
use super::engine::{RegisteredSaga, given};
use super::event::{LateEvent, MissingInstance};
use super::faults::Faults;
use super::reception::{Handing, Planned};
use crate::consumer::{Application, ConsumerOptions, EventRef, Failure, Runner, Session};
use crate::fresh_id::fresh_id;
use crate::number::Position;
use crate::recorded::RecordedEvent;
use crate::store::{
    BoxFuture, ClaimedSaga, ConsumerStore, Delivery, HeldSagas, NewDelivery, NewSaga, SagaAdvance,
    SagaDeliveries, SagaHand, SagaStart, SagaStarted, SagaStatus, SagaStore, Table,
};

/// Events, each with the saga that follows it and its place among that saga's.
type Followers = Arc<[(Arc<dyn AnySaga>, usize, Followed)]>;

/// What follows the events of one saga.
pub(crate) struct Follow {
    main: Arc<RegisteredSaga>,
    /// The events of the saga, and of those of its old definitions that have waits.
    followed: Followers,
    doorbell: Arc<Doorbell>,
    faults: Faults,
}

impl Follow {
    pub(crate) fn new(
        main: &Arc<RegisteredSaga>,
        old: &[Arc<RegisteredSaga>],
        doorbell: Arc<Doorbell>,
        faults: Faults,
    ) -> Self {
        let mut followed = Vec::new();
        for (registered, starts) in [(main, true)].into_iter().chain(old.iter().map(|old| (old, false))) {
            for (at, event) in registered.saga.events().into_iter().enumerate() {
                if starts || event.step.is_some() {
                    followed.push((Arc::clone(&registered.saga), at, event));
                }
            }
        }
        Self { main: Arc::clone(main), followed: followed.into(), doorbell, faults }
    }

    fn begin(&self) -> FollowSession {
        FollowSession {
            main: Arc::clone(&self.main),
            followed: Arc::clone(&self.followed),
            doorbell: Arc::clone(&self.doorbell),
            faults: self.faults,
            started: 0,
            due: false,
            known: Vec::new(),
            left_for: Vec::new(),
            handing: None,
        }
    }

    /// The names of the events.
    pub(crate) fn events(&self) -> Vec<String> {
        let mut names: Vec<_> = self.followed.iter().map(|(.., event)| event.info.name.to_owned()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

impl<S: SagaStore> Runner<S> for Follow {
    fn session(
        &self,
        _: &ConsumerOptions,
        _: &Arc<str>,
        _: Option<Table>,
        _: &Application<S>,
    ) -> Box<dyn Session<S>>
    where
        S: ConsumerStore,
    {
        Box::new(self.begin())
    }
}

struct FollowSession {
    main: Arc<RegisteredSaga>,
    followed: Followers,
    doorbell: Arc<Doorbell>,
    faults: Faults,
    /// How many instances the batch under way has started.
    started: u64,
    /// Whether any of them is due.
    due: bool,
    /// The ids of instances that are there already, which it would have started, with its events.
    known: Vec<(Arc<str>, Option<Uuid>)>,
    /// The instances that it has left events for, and whether they go on by themselves.
    left_for: Vec<(Arc<str>, Arc<str>, bool)>,
    /// What the batch under way gives to the worker of this process.
    handing: Option<Handing>,
}

impl FollowSession {
    /// Does what the events say, within a transaction.
    async fn hand_over<S: SagaStore, E: Deref<Target = RecordedEvent>>(
        &mut self,
        store: &Arc<S>,
        transaction: &mut S::Transaction,
        events: &[E],
    ) -> Result<(), Failure> {
        self.clear();
        let mut batch = Batch::read(&self.followed, self.faults, events)?;
        let before = batch.before_their_starts();
        self.handing = self.doorbell.reception().map(|reception| {
            let hand = SagaHand { worker: reception.worker(), claim: fresh_id() };
            let store = Arc::clone(store);
            Handing::new(reception, hand, Box::new(move || store.lose_sagas(hand)))
        });
        self.leave(&**store, transaction, before).await?;
        if !batch.starts.is_empty() {
            self.start(&**store, transaction, std::mem::take(&mut batch.starts)).await?;
        }
        self.leave(&**store, transaction, batch).await
    }

    fn clear(&mut self) {
        (self.started, self.due) = (0, false);
        (self.known, self.left_for) = (Vec::new(), Vec::new());
        if let Some(handing) = self.handing.take() {
            handing.undone();
        }
    }

    /// Starts the instances of a batch.
    async fn start<S: SagaStore>(
        &mut self,
        store: &S,
        transaction: &mut S::Transaction,
        starts: Vec<NewSaga>,
    ) -> Result<(), Failure> {
        let Some(handing) = &mut self.handing else {
            let new = store.start_sagas(transaction, &starts).await?;
            self.started = new.iter().filter(|new| **new).count() as u64;
            let known = starts.iter().zip(&new).filter(|(_, new)| !**new);
            self.known = known.map(|(start, _)| (Arc::clone(&start.id), start.causation_id)).collect();
            self.due = self.started > 0;
            return Ok(());
        };
        let mut planned = Vec::with_capacity(starts.len());
        let starts: Vec<SagaStart> = starts
            .into_iter()
            .map(|saga| {
                let first = handing.reception.first(&saga);
                let write = first.as_ref().map(|first| first.write.clone());
                planned.push(first);
                SagaStart { saga, first: write }
            })
            .collect();
        let started = store.start_sagas_for_in(transaction, handing.hand, &starts).await?;
        // The store's time was read before: no pause ends early.
        let answered = Instant::now();
        for ((start, planned), outcome) in starts.iter().zip(planned).zip(started.each) {
            self.started += u64::from(outcome != SagaStarted::Existing);
            match (outcome, planned) {
                (SagaStarted::Existing, _) => {
                    self.known.push((Arc::clone(&start.saga.id), start.saga.causation_id));
                }
                (SagaStarted::Given { messages }, Some(Planned { write, seat: Some(seat), written })) => {
                    handing.written.push(written);
                    let claimed = given(handing.hand.worker, &start.saga, &write, messages, started.now);
                    handing.given.push((seat, claimed, (started.now, answered)));
                }
                (SagaStarted::Resting { messages }, Some(planned)) => {
                    handing.written.push(planned.written);
                    self.due |= messages > 0;
                }
                _ => self.due = true,
            }
        }
        Ok(())
    }

    /// Leaves the events of a batch.
    async fn leave<S: SagaStore>(
        &mut self,
        store: &S,
        transaction: &mut S::Transaction,
        batch: Batch,
    ) -> Result<(), Failure> {
        if batch.deliveries.is_empty() {
            return Ok(());
        }
        let Some(handing) = &mut self.handing else {
            let left = store.deliver_to_sagas(transaction, &batch.deliveries).await?;
            self.check(&batch, &left)?;
            let left_for = batch.deliveries.into_iter().map(|delivery| (delivery.saga, delivery.id, false));
            self.left_for.extend(left_for);
            return Ok(());
        };
        let mut instances: Vec<(Arc<str>, Arc<str>)> = Vec::new();
        let mut by_instance: HashMap<(Arc<str>, Arc<str>), Vec<usize>> = HashMap::new();
        for (at, delivery) in batch.deliveries.iter().enumerate() {
            let key = (Arc::clone(&delivery.saga), Arc::clone(&delivery.id));
            let own = by_instance.entry(key.clone()).or_default();
            if own.is_empty() {
                instances.push(key);
            }
            own.push(at);
        }
        let HeldSagas { now, held } = store.hold_sagas(transaction, &instances).await?;
        let (mut advances, mut rest) = (Vec::new(), Vec::new());
        for ClaimedSaga { record, log, mut messages, unread } in held {
            let key = (Arc::clone(&record.saga), Arc::clone(&record.id));
            let own = by_instance.get(&key).map_or(&[][..], Vec::as_slice);
            if unread
                || record.owner.is_some()
                || record.status.is_end()
                || record.status == SagaStatus::Parked
            {
                continue;
            }
            for delivery in own.iter().filter_map(|at| batch.deliveries.get(*at)) {
                messages.extend(message(delivery, &messages, now));
            }
            let Some(planned) = handing.reception.next(&record, &log, &messages, now) else { continue };
            advances.push(SagaAdvance { saga: key.0, id: key.1, write: planned.write.clone() });
            rest.push((planned, record, log, messages));
        }
        let SagaDeliveries { outcomes, advanced, now } =
            store.deliver_to_sagas_for(transaction, handing.hand, &batch.deliveries, &advances).await?;
        let answered = Instant::now();
        let mut gone_on = HashSet::new();
        for ((planned, record, log, messages), advanced) in rest.into_iter().zip(advanced) {
            if !advanced {
                continue;
            }
            gone_on.insert((Arc::clone(&record.saga), Arc::clone(&record.id)));
            handing.written.push(planned.written);
            if let Some(seat) = planned.seat {
                let (record, log) = Planned::after(&planned.write, handing.hand.worker, record, log, now);
                let claimed = ClaimedSaga { record, log, messages, unread: false };
                handing.given.push((seat, claimed, (now, answered)));
            }
        }
        self.check(&batch, &outcomes)?;
        self.left_for.extend(instances.into_iter().map(|(saga, id)| {
            let on_its_way = gone_on.contains(&(Arc::clone(&saga), Arc::clone(&id)));
            (saga, id, on_its_way)
        }));
        Ok(())
    }

    /// Tells those whom it concerns what the transaction has brought, which is committed.
    fn tell(&mut self) {
        self.main.metrics.count_started(self.started);
        for (id, event) in self.known.drain(..) {
            self.main.metrics.count_known();
            let saga = &*self.main.saga.about().name;
            tracing::info!(saga, id = &*id, ?event, "saga start ignored: the instance was started before");
        }
        if let Some(handing) = self.handing.take() {
            handing.committed();
        }
        if self.due {
            self.doorbell.due();
        }
        for (saga, id, gone_on) in self.left_for.drain(..) {
            if gone_on {
                self.doorbell.ring_inside(&saga, &id);
            } else {
                self.doorbell.ring(&saga, &id);
            }
        }
    }

    /// What has become of the events that were left.
    fn check(&self, batch: &Batch, left: &[Delivery]) -> Result<(), Failure> {
        let all = || batch.deliveries.iter().zip(&batch.from).zip(left);
        for ((delivery, &(at, missing, late)), left) in all() {
            let (saga, id, step) = (&*delivery.saga, &*delivery.id, &*delivery.step);
            match (left, missing) {
                (Delivery::Left | Delivery::Kept, _) => {}
                (Delivery::Ended | Delivery::Late, _) => {
                    // Another wait of the same instance may have taken it.
                    let taken = all().any(|((other, (place, ..)), left)| {
                        *place == at && *other.id == *id && *left == Delivery::Left
                    });
                    self.late(*left, delivery, at, if taken { LateEvent::Report } else { late })?;
                }
                (Delivery::Missing, MissingInstance::Ignore(why)) => {
                    tracing::debug!(
                        saga,
                        id,
                        step,
                        why,
                        "an event for which there is no instance is passed over"
                    );
                }
                (Delivery::Missing, MissingInstance::Keep) if self.faults.event_before_start_is_dropped => {}
                (Delivery::Missing, MissingInstance::Park | MissingInstance::Keep) => {
                    let reason =
                        format!("no instance `{id}` of `{saga}` was ever started, whose `{step}` it is for");
                    return Err(Failure::for_good(at, reason));
                }
            }
        }
        Ok(())
    }

    /// What becomes of an event whose wait has ended.
    fn late(
        &self,
        left: Delivery,
        delivery: &NewDelivery,
        at: usize,
        late: LateEvent,
    ) -> Result<(), Failure> {
        let (saga, id, step) = (&*delivery.saga, &*delivery.id, &*delivery.step);
        let ended = left == Delivery::Ended;
        if ended {
            self.main.metrics.count_late();
        }
        match late {
            LateEvent::Park => {
                let why = if ended { "the instance has ended" } else { "the wait has ended" };
                let reason = format!(
                    "event for step `{step}` of saga `{saga}`, instance `{id}`, came too late: {why}; discard it, \
                     or do by hand what it asks for and then discard it"
                );
                return Err(Failure::for_good(at, reason));
            }
            LateEvent::Ignore(why) => tracing::debug!(saga, id, step, why, "late saga event ignored"),
            LateEvent::Report if ended => {
                tracing::info!(saga, id, step, "saga event came after the end of its instance");
            }
            LateEvent::Report => tracing::debug!(saga, id, step, "event ignored: the step is done already"),
        }
        Ok(())
    }
}

impl<S: SagaStore> Session<S> for FollowSession {
    fn handle<'a>(
        &'a mut self,
        store: &'a Arc<S>,
        transaction: &'a mut S::Transaction,
        events: &'a [EventRef],
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(self.hand_over(store, transaction, events))
    }

    fn committed<'a>(&'a mut self, _: &'a Arc<S>, _: Position) -> BoxFuture<'a, ()> {
        self.tell();
        Box::pin(std::future::ready(()))
    }

    fn forget(&mut self) {
        self.clear();
    }

    fn lose(&mut self) {
        // Dropped, it says that its instances are lost.
        drop(self.handing.take());
        self.clear();
    }
}

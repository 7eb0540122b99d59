//! What a transaction does for sagas, until it commits.

use std::collections::HashSet;
use std::sync::Arc;

use time::OffsetDateTime;

use super::Sagas;
#[cfg(feature = "testing")]
use crate::store::HandedOver;
use crate::store::{Delivery, NewDelivery, NewSaga, StoreError};

/// The starts and deliveries of a transaction, in their order.
#[derive(Default)]
pub(in super::super) struct SagaBatch {
    changes: Vec<Change>,
    /// The names and ids of those that it starts.
    started: HashSet<(Arc<str>, Arc<str>)>,
}

enum Change {
    Start(NewSaga),
    Deliver(NewDelivery),
}

impl SagaBatch {
    /// Starts an instance; says whether it is new, as far as this can be known before the commit.
    pub(in super::super) fn start(&mut self, sagas: &Sagas, new: &NewSaga) -> bool {
        let is_new = sagas.find(&new.saga, &new.id).is_none()
            && self.started.insert((Arc::clone(&new.saga), Arc::clone(&new.id)));
        if is_new {
            self.changes.push(Change::Start(new.clone()));
        }
        is_new
    }

    /// Leaves an event for an instance; says what becomes of it.
    pub(in super::super) fn deliver(&mut self, sagas: &Sagas, new: &NewDelivery) -> Delivery {
        let stored = sagas.find(&new.saga, &new.id).and_then(|instance| sagas.instances.get(&instance));
        let own = || self.started.contains(&(Arc::clone(&new.saga), Arc::clone(&new.id)));
        let delivery = match stored {
            Some(instance) if instance.record().status.is_end() => Delivery::Ended,
            Some(instance) if instance.is_late(&new.step, new.origin) => Delivery::Late,
            Some(_) => Delivery::Left,
            None if own() => Delivery::Left,
            None if new.keep => Delivery::Kept,
            None => Delivery::Missing,
        };
        if matches!(delivery, Delivery::Left | Delivery::Kept) {
            self.changes.push(Change::Deliver(new.clone()));
        }
        delivery
    }

    /// What it starts and delivers, for tests.
    #[cfg(feature = "testing")]
    pub(in super::super) fn handed_over(&self) -> Vec<HandedOver> {
        let handed_over = self.changes.iter().map(|change| match change {
            Change::Start(new) => HandedOver { id: Arc::clone(&new.id), step: None },
            Change::Deliver(new) => HandedOver { id: Arc::clone(&new.id), step: Some(Arc::clone(&new.step)) },
        });
        handed_over.collect()
    }

    /// Refuses what may not be stored any more.
    pub(in super::super) fn check(&self, sagas: &Sagas) -> Result<(), StoreError> {
        let mut drawn = HashSet::new();
        for change in &self.changes {
            let Change::Start(NewSaga { instance, saga, id, .. }) = change else { continue };
            if sagas.find(saga, id).is_some() {
                let started = format!("`{id}` of the saga `{saga}` was started by another transaction");
                return Err(StoreError::Contention(started.into()));
            }
            if !drawn.insert(*instance) || sagas.instances.contains_key(instance) {
                let taken =
                    format!("`{id}` of the saga `{saga}` was given {instance}, which another instance has");
                return Err(StoreError::Refused(taken.into()));
            }
        }
        Ok(())
    }

    /// Stores everything, which [`check`](Self::check) has accepted under the same lock. What was kept for an instance that is there by now is left for it. Says whether there was anything.
    pub(in super::super) fn apply(self, sagas: &mut Sagas, now: OffsetDateTime) -> bool {
        let is_any = !self.changes.is_empty();
        for change in self.changes {
            match change {
                Change::Start(new) => sagas.start(&new, now),
                Change::Deliver(delivery) => sagas.deliver(delivery, now),
            }
        }
        is_any
    }
}

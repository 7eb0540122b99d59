//! What the memory store knows of its sagas.

mod batch;
mod claims;
mod forget;
mod instance;
mod list;
mod mailbox;
mod messages;
#[cfg(test)]
mod tests;
mod workers;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use time::OffsetDateTime;
use uuid::Uuid;

pub(super) use self::batch::SagaBatch;
use self::instance::{Instance, Place};
use self::mailbox::Mailbox;
use self::workers::Workers;
use crate::store::{NewSaga, SagaStatus, SagaWhole, SagaWrite, SagaWritten};

/// All instances, and what finds them. Whatever waits is in an order by its time, so that nobody looks at what is not due.
#[derive(Default)]
pub(super) struct Sagas {
    instances: HashMap<Uuid, Instance>,
    by_name: BTreeMap<Arc<str>, Saga>,
    /// The instances of each owner.
    owned: HashMap<Uuid, HashSet<Uuid>>,
    workers: Workers,
    /// The last number that a message was given.
    messages: u64,
}

/// The instances of one saga.
#[derive(Default)]
struct Saga {
    by_id: BTreeMap<Arc<str>, Uuid>,
    /// What was left for instances that were never started.
    early: HashMap<Arc<str>, Mailbox>,
    /// Those that have a time, of each definition, the longest due first.
    due: BTreeMap<u64, BTreeSet<(OffsetDateTime, Uuid)>>,
    statuses: BTreeMap<SagaStatus, u64>,
    /// How many have an owner.
    owned: u64,
    /// Those that have ended, the longest ago first.
    ended: BTreeSet<(OffsetDateTime, Uuid)>,
    /// How many instances follow each definition.
    followed: BTreeMap<u64, u64>,
    /// The descriptions that were saved, and when they were saved last, by version and fingerprint.
    definitions: BTreeMap<(u32, u64), (String, OffsetDateTime)>,
}

impl Sagas {
    /// The instance of a name and an id, if it was ever started.
    fn find(&self, saga: &str, id: &str) -> Option<Uuid> {
        self.by_name.get(saga)?.by_id.get(id).copied()
    }

    /// An instance, with everything.
    pub(super) fn whole(&self, saga: &str, id: &str) -> Option<SagaWhole> {
        Some(self.instances.get(&self.find(saga, id)?)?.whole())
    }

    fn saga(&mut self, name: &Arc<str>) -> &mut Saga {
        self.by_name.entry(Arc::clone(name)).or_default()
    }

    /// Starts an instance, which the caller has not found.
    fn start(&mut self, new: &NewSaga, now: OffsetDateTime) {
        let saga = self.saga(&new.saga);
        saga.by_id.insert(Arc::clone(&new.id), new.instance);
        let early = new.early_events.then(|| saga.early.remove(&new.id)).flatten();
        let instance = Instance::new(new, early.unwrap_or_default(), now);
        let place = instance.place();
        self.instances.insert(new.instance, instance);
        self.enter(new.instance, &place);
    }

    /// Writes to an instance, as long as it is as the writer knows it.
    pub(super) fn write(&mut self, write: &SagaWrite, now: OffsetDateTime) -> SagaWritten {
        self.change(write.instance, |instance| instance.write(write, now)).unwrap_or(SagaWritten::Lost)
    }

    /// Changes an instance, and where it is found.
    fn change<R>(&mut self, instance: Uuid, change: impl FnOnce(&mut Instance) -> R) -> Option<R> {
        let changed = self.instances.get_mut(&instance)?;
        let before = changed.place();
        let result = change(changed);
        let after = changed.place();
        if before != after {
            self.leave(instance, &before);
            self.enter(instance, &after);
        }
        Some(result)
    }

    fn enter(&mut self, instance: Uuid, place: &Place) {
        if let Some(owner) = place.owner {
            self.owned.entry(owner).or_default().insert(instance);
        }
        let saga = self.saga(&place.saga);
        *saga.statuses.entry(place.status).or_default() += 1;
        saga.owned += u64::from(place.owner.is_some());
        *saga.followed.entry(place.definition).or_default() += 1;
        saga.ended.extend(place.ended_at.map(|ended_at| (ended_at, instance)));
        if let Some(due_at) = place.due_at {
            saga.due.entry(place.definition).or_default().insert((due_at, instance));
        }
    }

    fn leave(&mut self, instance: Uuid, place: &Place) {
        if let Some(owner) = place.owner
            && let Some(owned) = self.owned.get_mut(&owner)
        {
            owned.remove(&instance);
            if owned.is_empty() {
                self.owned.remove(&owner);
            }
        }
        let saga = self.saga(&place.saga);
        if let Some(count) = saga.statuses.get_mut(&place.status) {
            *count -= 1;
        }
        saga.owned -= u64::from(place.owner.is_some());
        if let Some(count) = saga.followed.get_mut(&place.definition) {
            *count -= 1;
        }
        if let Some(ended_at) = place.ended_at {
            saga.ended.remove(&(ended_at, instance));
        }
        if let Some(due_at) = place.due_at
            && let Some(due) = saga.due.get_mut(&place.definition)
        {
            due.remove(&(due_at, instance));
            if due.is_empty() {
                saga.due.remove(&place.definition);
            }
        }
    }
}

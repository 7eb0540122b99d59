//! Forgetting what has ended.

use std::time::Duration;

use time::OffsetDateTime;
use uuid::Uuid;

use super::Sagas;
use crate::store::SagaForgotten;

impl Sagas {
    /// Forgets what is at least so old; says how many instances and ids that were.
    pub(in super::super) fn prune(&mut self, age: Duration, most: u32, now: OffsetDateTime) -> u64 {
        let age = time::Duration::try_from(age).unwrap_or(time::Duration::MAX);
        let Some(moment) = now.checked_sub(age) else { return 0 };
        let most = most as usize;
        let ended = self.by_name.values().flat_map(|saga| {
            saga.ended.iter().take(most).take_while(|(ended_at, _)| *ended_at <= moment).copied()
        });
        let mut ended: Vec<_> = ended.collect();
        ended.sort_unstable();
        ended.truncate(most);
        for (_, instance) in &ended {
            self.remove(*instance);
        }
        let mut forgotten = ended.len();
        for (name, saga) in &mut self.by_name {
            let old =
                |mailbox: &super::Mailbox| mailbox.messages().iter().all(|message| message.at <= moment);
            let ids = saga.early.iter().filter(|(_, mailbox)| old(mailbox)).map(|(id, _)| id.clone());
            let ids: Vec<_> = ids.take(most.saturating_sub(forgotten - ended.len())).collect();
            forgotten += ids.len();
            for id in ids {
                saga.early.remove(&id);
            }
            let followed = &saga.followed;
            let workers = &self.workers;
            saga.definitions.retain(|(_, definition), (_, saved_at)| {
                *saved_at > moment
                    || followed.get(definition).is_some_and(|count| *count > 0)
                    || workers.run(name, *definition, now)
            });
        }
        forgotten as u64
    }

    /// Forgets one instance that has ended, or what was kept for one that was never started.
    pub(in super::super) fn forget(&mut self, saga: &str, id: &str) -> SagaForgotten {
        let Some(instance) = self.find(saga, id) else {
            let early = self.by_name.get_mut(saga).and_then(|saga| saga.early.remove(id));
            return if early.is_some() { SagaForgotten::Forgotten } else { SagaForgotten::Missing };
        };
        let ended = self.instances.get(&instance).is_some_and(|it| it.record().status.is_end());
        if ended {
            self.remove(instance);
            SagaForgotten::Forgotten
        } else {
            SagaForgotten::NotEnded
        }
    }

    fn remove(&mut self, instance: Uuid) {
        let Some(removed) = self.instances.remove(&instance) else { return };
        self.leave(instance, &removed.place());
        let record = removed.record();
        if let Some(saga) = self.by_name.get_mut(&record.saga) {
            saga.by_id.remove(&record.id);
        }
    }
}

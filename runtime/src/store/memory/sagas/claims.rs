//! Giving instances to workers.

use time::OffsetDateTime;
use uuid::Uuid;

use super::Sagas;
use crate::store::{ClaimedSaga, SagaClaim, SagaClaims, WantedSaga};

impl Sagas {
    /// Gives a worker what is due, as far as it has room, and says when more will be.
    pub(in super::super) fn claim(&mut self, claim: &SagaClaim, now: OffsetDateTime) -> SagaClaims {
        let mut claimed: Vec<ClaimedSaga> = Vec::new();
        if self.workers.is_alive(claim.worker, now) {
            for wanted in &claim.wanted {
                for instance in self.longest_due(wanted, now) {
                    claimed.extend(self.change(instance, |instance| instance.claim(claim.worker)));
                }
            }
        }
        let next = claim.wanted.iter().flat_map(|wanted| self.next(wanted)).min();
        let next_due = next.map(|due_at| (due_at - now).try_into().unwrap_or_default());
        SagaClaims { now, claimed, next_due }
    }

    fn longest_due(&self, wanted: &WantedSaga, now: OffsetDateTime) -> Vec<Uuid> {
        let room = wanted.room as usize;
        let of_each = self.due(wanted).flat_map(|due| {
            due.iter().take(room).take_while(|(due_at, _)| *due_at <= now).copied().collect::<Vec<_>>()
        });
        let mut due: Vec<_> = of_each.collect();
        due.sort_unstable();
        // A definition may have been asked for twice.
        due.dedup();
        due.into_iter().take(room).map(|(_, instance)| instance).collect()
    }

    /// When the first is due, of each definition.
    fn next(&self, wanted: &WantedSaga) -> impl Iterator<Item = OffsetDateTime> {
        self.due(wanted).filter_map(|due| due.first()).map(|(due_at, _)| *due_at)
    }

    /// Those that have a time, of each definition asked for.
    fn due(
        &self,
        wanted: &WantedSaga,
    ) -> impl Iterator<Item = &std::collections::BTreeSet<(OffsetDateTime, Uuid)>> {
        let saga = self.by_name.get(&wanted.saga);
        saga.into_iter()
            .flat_map(|saga| wanted.definitions.iter().filter_map(|definition| saga.due.get(definition)))
    }
}

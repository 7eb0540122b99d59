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
            let mut left = claim.room;
            let mut got = vec![0; claim.wanted.len()];
            // Whether more may be due than was given.
            let mut hungry = vec![true; claim.wanted.len()];
            let mut is_first = true;
            loop {
                let is_hungry = |at: &usize| hungry[*at] && got[*at] < claim.wanted[*at].room;
                let taking: Vec<_> = (0..claim.wanted.len()).filter(is_hungry).collect();
                if left == 0 || taking.is_empty() {
                    break;
                }
                for (nth, at) in taking.iter().copied().enumerate() {
                    let wanted = &claim.wanted[at];
                    let others = u32::try_from(taking.len() - nth).unwrap_or(u32::MAX);
                    let fair = if is_first { wanted.share } else { left.div_ceil(others) };
                    let most = fair.min(wanted.room - got[at]).min(left);
                    let due = self.longest_due(wanted, most, now);
                    if most > 0 {
                        hungry[at] = due.len() == most as usize;
                    }
                    for instance in due {
                        claimed.extend(self.change(instance, |instance| instance.claim(claim.worker)));
                        (left, got[at]) = (left - 1, got[at] + 1);
                    }
                }
                is_first = false;
            }
        }
        let next = claim.wanted.iter().flat_map(|wanted| self.next(wanted)).min();
        let next_due = next.map(|due_at| (due_at - now).try_into().unwrap_or_default());
        SagaClaims { now, claimed, next_due }
    }

    fn longest_due(&self, wanted: &WantedSaga, most: u32, now: OffsetDateTime) -> Vec<Uuid> {
        let most = most as usize;
        let of_each = self.due(wanted).flat_map(|due| {
            due.iter().take(most).take_while(|(due_at, _)| *due_at <= now).copied().collect::<Vec<_>>()
        });
        let mut due: Vec<_> = of_each.collect();
        due.sort_unstable();
        // A definition may have been asked for twice.
        due.dedup();
        due.into_iter().take(most).map(|(_, instance)| instance).collect()
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

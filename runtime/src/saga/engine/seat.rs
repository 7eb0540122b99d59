//! The worker as consumers and callers of its process give instances to it.

use std::sync::Arc;

use time::OffsetDateTime;
use tokio::sync::oneshot;
use tokio::time::Instant;
use uuid::Uuid;

use super::advance::{Advance, advance, first};
use super::claimer::run;
use super::shares::divide;
use super::worker::{Place, Worker};
use crate::saga::decide::Begin;
use crate::saga::reception::{Planned, Reception, Seat};
use crate::store::{ClaimedSaga, NewSaga, SagaEntry, SagaMessage, SagaRecord, SagaStore, SagaThen};

/// The worker, as long as its instances may be given to it.
pub(super) struct Desk<S>(pub(super) Arc<Worker<S>>);

impl<S: SagaStore> Desk<S> {
    /// Keeps a slot for an instance. `None`: none is free, or others of the saga have waited longer.
    fn keep(&self, saga: &Arc<str>) -> Option<Place<S>> {
        let worker = &self.0;
        if worker.stop.is_cancelled() || !worker.is_valid() {
            return None;
        }
        let concurrency = worker.shared.options.concurrency.get();
        let mut running = worker.running();
        let mut used = Vec::with_capacity(running.seen.len());
        let mut own = None;
        for (at, main) in worker.shared.mains().enumerate() {
            let name = &main.saga.about().name;
            own = if name == saga { Some(at) } else { own };
            used.push(running.by_saga.get(name).copied().unwrap_or_default());
        }
        let own = own.filter(|own| running.seen.get(*own).is_some_and(|seen| seen.open))?;
        let shares = divide(concurrency.saturating_sub(running.claiming), &used, &running.seen);
        shares.iter().find(|share| share.saga == own && share.room > 0)?;
        *running.by_saga.entry(Arc::clone(saga)).or_default() += 1;
        drop(running);
        Some(Place::counted(worker, saga))
    }

    fn planned(&self, record: &SagaRecord, advance: Advance) -> Option<Planned> {
        let Advance { saga, write, begun } = advance;
        let seat = match write.then {
            SagaThen::Keep => {
                let place = self.keep(&record.saga)?;
                Some(Box::new(Kept { place, begun }) as Box<dyn Seat>)
            }
            SagaThen::Release(_) | SagaThen::Rest => None,
        };
        let (worker, name, id) = (Arc::clone(&self.0), Arc::clone(&record.saga), Arc::clone(&record.id));
        let (entries, how) = (write.entries.clone(), write.status);
        let written = Box::new(move || {
            Advance::tell(&saga, &name, &id, &entries);
            if how.is_end() {
                worker.shared.doorbell.ended(&name, &id, how);
            }
        });
        Some(Planned { write, seat, written })
    }
}

impl<S: SagaStore> Reception for Desk<S> {
    fn worker(&self) -> Uuid {
        self.0.id
    }

    fn first(&self, saga: &NewSaga) -> Option<Planned> {
        let (first, record) = first(&self.0.shared, saga, OffsetDateTime::now_utc())?;
        self.planned(&record, first)
    }

    fn next(
        &self,
        record: &SagaRecord,
        log: &[SagaEntry],
        messages: &[SagaMessage],
        now: OffsetDateTime,
    ) -> Option<Planned> {
        self.planned(record, advance(&self.0.shared, record, log, messages, now)?)
    }

    fn start(&self, saga: NewSaga) -> Result<oneshot::Receiver<Option<bool>>, NewSaga> {
        self.0.starter.start(saga)
    }
}

/// A slot for an instance whose first steps are recorded.
struct Kept<S> {
    place: Place<S>,
    begun: Vec<Begin>,
}

impl<S: SagaStore> Seat for Kept<S> {
    fn run(self: Box<Self>, claimed: ClaimedSaga, time: (OffsetDateTime, Instant)) {
        run(self.place, claimed, time, self.begun);
    }
}

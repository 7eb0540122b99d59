//! Workers, and what becomes of the instances of those that are gone.

use std::collections::HashMap;
use std::sync::Arc;

use time::OffsetDateTime;
use uuid::Uuid;

use super::super::leases::later;
use super::Sagas;
use super::instance::Instance;
use crate::store::{SagaRenewal, SagaWorker};

/// The workers that are known.
#[derive(Default)]
pub(super) struct Workers(HashMap<Uuid, Worker>);

struct Worker {
    until: OffsetDateTime,
    definitions: Vec<(Arc<str>, u64)>,
}

impl Workers {
    /// Whether a worker is known and its lease has not run out.
    pub(super) fn is_alive(&self, worker: Uuid, now: OffsetDateTime) -> bool {
        self.0.get(&worker).is_some_and(|worker| worker.until > now)
    }

    /// Whether a worker whose lease has not run out runs a definition.
    pub(super) fn run(&self, saga: &str, definition: u64, now: OffsetDateTime) -> bool {
        let runs = |worker: &Worker| {
            worker.definitions.iter().any(|(name, runs)| **name == *saga && *runs == definition)
        };
        self.0.values().any(|worker| worker.until > now && runs(worker))
    }
}

impl Sagas {
    /// Makes a worker known.
    pub(in super::super) fn enlist(&mut self, worker: &SagaWorker, now: OffsetDateTime) {
        let known = Worker { until: later(now, worker.duration), definitions: worker.definitions.clone() };
        self.workers.0.insert(worker.worker, known);
    }

    /// Renews the lease of a worker, if it has not run out.
    pub(in super::super) fn renew(&mut self, worker: &SagaWorker, now: OffsetDateTime) -> SagaRenewal {
        if !self.workers.is_alive(worker.worker, now) {
            return SagaRenewal::default();
        }
        self.enlist(worker, now);
        let owned = self.owned.get(&worker.worker).into_iter().flatten().copied();
        let has_news = |instance: &Uuid| self.instances.get(instance).is_some_and(Instance::has_news);
        SagaRenewal { alive: true, messages: owned.filter(has_news).collect() }
    }

    /// Forgets a worker.
    pub(in super::super) fn retire(&mut self, worker: Uuid, now: OffsetDateTime) {
        self.workers.0.remove(&worker);
        self.free_all_of(worker, now);
    }

    /// Forgets the workers whose leases have run out, and frees what no known worker owns; says how many instances that were.
    pub(in super::super) fn take_over(&mut self, now: OffsetDateTime) -> u64 {
        self.workers.0.retain(|_, worker| worker.until > now);
        let gone: Vec<_> =
            self.owned.keys().copied().filter(|owner| !self.workers.0.contains_key(owner)).collect();
        gone.into_iter().map(|owner| self.free_all_of(owner, now)).sum()
    }

    fn free_all_of(&mut self, owner: Uuid, now: OffsetDateTime) -> u64 {
        let owned: Vec<_> = self.owned.get(&owner).into_iter().flatten().copied().collect();
        for instance in &owned {
            self.change(*instance, |instance| instance.free(now));
        }
        owned.len() as u64
    }
}

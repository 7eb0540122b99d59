//! Claims whose answers have not arrived. The instances that they gave to a worker are not run by it,
//! and no other worker takes them over while this one is alive.
//!
//! A claim may commit long after its connection is gone: its backend may wait for a lock or for a
//! standby, and nothing bounds that. So a lost claim is remembered for as long as its worker lives. What
//! it gives later still is freed as that of an unknown worker.

use std::sync::{Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

use crate::store::postgres::core::Core;

/// The claims of this process that were lost, until their workers are gone.
#[derive(Debug, Default)]
pub(in crate::store::postgres) struct LostClaims(Mutex<Vec<LostClaim>>);

#[derive(Debug)]
struct LostClaim {
    worker: Uuid,
    claim: Uuid,
}

impl LostClaims {
    fn all(&self) -> MutexGuard<'_, Vec<LostClaim>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A claim of a worker has no answer.
    pub(in crate::store::postgres) fn lose(&self, worker: Uuid, claim: Uuid) {
        self.all().push(LostClaim { worker, claim });
    }

    /// Those of a worker.
    pub(super) fn of(&self, worker: Uuid) -> Vec<Uuid> {
        self.all().iter().filter(|lost| lost.worker == worker).map(|lost| lost.claim).collect()
    }

    /// The worker is gone: everything that it was given is freed.
    pub(super) fn forget(&self, worker: Uuid) {
        self.all().retain(|lost| lost.worker != worker);
    }
}

/// A claim under way, which is lost unless it is answered: also when whoever waits for it goes.
pub(super) struct Claiming<'a> {
    core: &'a Core,
    worker: Uuid,
    pub(super) claim: Uuid,
    answered: bool,
}

impl<'a> Claiming<'a> {
    pub(super) fn new(core: &'a Core, worker: Uuid) -> Self {
        Self::of(core, worker, Uuid::now_v7())
    }

    pub(super) fn of(core: &'a Core, worker: Uuid, claim: Uuid) -> Self {
        Self { core, worker, claim, answered: false }
    }

    pub(super) fn answered(mut self) {
        self.answered = true;
    }
}

impl Drop for Claiming<'_> {
    fn drop(&mut self) {
        if !self.answered {
            self.core.lost_claims.lose(self.worker, self.claim);
        }
    }
}

//! Claims whose answers have not arrived: what they gave to a worker nobody runs, and nobody would take over from a worker that is alive.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

use crate::store::postgres::core::Core;

/// How much longer than the server's own bound a claim may be under way, whose connection is gone.
const GRACE: Duration = Duration::from_secs(5);

/// The claims of this process that were lost, until none of them can be done any more.
#[derive(Debug, Default)]
pub(in crate::store::postgres) struct LostClaims(Mutex<Vec<LostClaim>>);

#[derive(Debug)]
struct LostClaim {
    worker: Uuid,
    claim: Uuid,
    until: Instant,
}

impl LostClaims {
    fn all(&self) -> MutexGuard<'_, Vec<LostClaim>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those of a worker.
    pub(super) fn of(&self, worker: Uuid) -> Vec<Uuid> {
        let now = Instant::now();
        let mut all = self.all();
        all.retain(|lost| lost.until > now);
        all.iter().filter(|lost| lost.worker == worker).map(|lost| lost.claim).collect()
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
        Self { core, worker, claim: Uuid::now_v7(), answered: false }
    }

    pub(super) fn answered(mut self) {
        self.answered = true;
    }
}

impl Drop for Claiming<'_> {
    fn drop(&mut self) {
        if !self.answered {
            let until = Instant::now() + self.core.options.statement_timeout.saturating_add(GRACE);
            let (worker, claim) = (self.worker, self.claim);
            self.core.lost_claims.all().push(LostClaim { worker, claim, until });
        }
    }
}

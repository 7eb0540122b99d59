//! What the tasks of the engine have in common.

use std::any::TypeId;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::cut::CutAttempts;
use super::metrics::SagaMetrics;
use crate::app::{Kenning, WeakKenning};
use crate::saga::any::AnySaga;
use crate::saga::faults::Faults;
use crate::saga::watch::Watch;
use crate::saga::{Doorbell, SagaOptions};

/// What an engine is told beside its sagas.
pub(crate) struct Setup {
    pub(crate) options: SagaOptions,
    pub(crate) lease: Duration,
    pub(crate) faults: Faults,
    pub(crate) watch: Watch,
    pub(crate) doorbell: Arc<Doorbell>,
}

/// What the tasks of an engine have in common.
pub(crate) struct Shared<S> {
    pub(crate) store: Arc<S>,
    /// The application itself, which sends the sagas' commands; nobody runs sagas of an application that is gone.
    app: OnceLock<WeakKenning>,
    pub(crate) sagas: Vec<Arc<RegisteredSaga>>,
    pub(crate) options: SagaOptions,
    pub(crate) lease: Duration,
    pub(crate) faults: Faults,
    pub(crate) watch: Watch,
    pub(crate) doorbell: Arc<Doorbell>,
    /// Attempts that were cut off by the loss of the lease.
    pub(crate) cut: Arc<CutAttempts>,
}

/// A saga that an application runs.
pub(crate) struct RegisteredSaga {
    pub(crate) saga: Arc<dyn AnySaga>,
    pub(crate) type_id: TypeId,
    /// It starts no instances: it is an old definition that finishes those that it has.
    pub(crate) finishes_only: bool,
    pub(crate) metrics: SagaMetrics,
}

impl RegisteredSaga {
    pub(crate) fn new(saga: Arc<dyn AnySaga>, type_id: TypeId, finishes_only: bool) -> Self {
        let metrics = SagaMetrics::of(saga.about());
        Self { saga, type_id, finishes_only, metrics }
    }
}

impl<S> Shared<S> {
    pub(crate) fn new(store: Arc<S>, sagas: Vec<Arc<RegisteredSaga>>, setup: Setup) -> Self {
        let Setup { options, lease, faults, watch, doorbell } = setup;
        let cut = Arc::default();
        Self { store, app: OnceLock::new(), sagas, options, lease, faults, watch, doorbell, cut }
    }

    pub(super) fn bind(&self, app: WeakKenning) {
        // An application is built once.
        drop(self.app.set(app));
    }

    pub(super) fn app(&self) -> Option<Kenning> {
        self.app.get()?.upgrade()
    }

    /// The saga that runs instances of a definition.
    pub(super) fn of_definition(&self, name: &str, fingerprint: u64) -> Option<&Arc<RegisteredSaga>> {
        self.sagas.iter().find(|one| {
            let about = one.saga.about();
            *about.name == *name && about.fingerprint == fingerprint
        })
    }

    /// The saga of a name that starts instances.
    pub(super) fn of_name(&self, name: &str) -> Option<&Arc<RegisteredSaga>> {
        self.sagas.iter().find(|one| *one.saga.about().name == *name && !one.finishes_only)
    }

    pub(super) fn of_type(&self, type_id: TypeId) -> Option<&Arc<RegisteredSaga>> {
        self.sagas.iter().find(|one| one.type_id == type_id)
    }

    /// Those that start instances.
    pub(super) fn mains(&self) -> impl Iterator<Item = &Arc<RegisteredSaga>> {
        self.sagas.iter().filter(|one| !one.finishes_only)
    }
}

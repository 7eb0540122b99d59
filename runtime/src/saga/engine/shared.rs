//! What the tasks of the engine have in common.

use std::any::TypeId;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::cut::CutAttempts;
use super::feed::Feed;
use super::metrics::SagaMetrics;
use crate::app::{Kenning, WeakKenning, with_sources};
use crate::consumer::panic_text;
use crate::payload::Payload;
use crate::recorded::RecordedEvent;
use crate::saga::any::{AnySaga, Brought};
use crate::saga::faults::Faults;
use crate::saga::watch::Watch;
use crate::saga::{Doorbell, SagaOptions};
use crate::store::SagaDefinitionRecord;

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
    /// How far the consumers of the sagas have come.
    pub(super) feed: Feed,
    /// The threads for functions that block.
    pub(super) blocking: Arc<Semaphore>,
    /// The definitions of newer releases that no process runs, and since when.
    pub(super) stranded: Mutex<HashMap<u64, Instant>>,
}

/// A saga that an application runs.
pub(crate) struct RegisteredSaga {
    pub(crate) saga: Arc<dyn AnySaga>,
    pub(crate) type_id: TypeId,
    /// It starts no instances: it is an old definition that finishes those that it has.
    pub(crate) finishes_only: bool,
    pub(crate) metrics: SagaMetrics,
}

/// The id of the instance that an event is for, and what it brings for a wait; or why that cannot be read.
pub(super) type ForWait = Result<(String, Payload), String>;

impl RegisteredSaga {
    pub(crate) fn new(saga: Arc<dyn AnySaga>, type_id: TypeId, finishes_only: bool) -> Self {
        let metrics = SagaMetrics::of(saga.about());
        Self { saga, type_id, finishes_only, metrics }
    }

    /// What an event brings to the waits of this definition: the places of the steps, with the ids of the instances and
    /// the outputs, or why they cannot be read.
    pub(super) fn brought(&self, event: &RecordedEvent) -> Vec<(usize, ForWait)> {
        let mut found = Vec::new();
        for (place, followed) in self.saga.events().iter().enumerate() {
            let Some(step) = followed.step.filter(|_| *followed.info.name == *event.name) else { continue };
            match catch_unwind(AssertUnwindSafe(|| self.saga.deliver(place, event))) {
                Ok(Ok(Some(Brought::Wait(Ok(id), output)))) => found.push((step, Ok((id, output)))),
                Ok(Ok(Some(Brought::Wait(Err(reason), _)))) => found.push((step, Err(reason))),
                Ok(Ok(_)) => {}
                Ok(Err(error)) => found.push((step, Err(with_sources(&error)))),
                Err(panic) => found.push((step, Err(format!("it panicked: {}", panic_text(&*panic))))),
            }
        }
        found
    }
}

impl<S> Shared<S> {
    pub(crate) fn new(store: Arc<S>, sagas: Vec<Arc<RegisteredSaga>>, setup: Setup) -> Self {
        let Setup { options, lease, faults, watch, doorbell } = setup;
        let blocking = Arc::new(Semaphore::new(options.blocking_threads.get()));
        let (cut, feed, stranded) = (Arc::default(), Feed::default(), Mutex::default());
        Self {
            store,
            app: OnceLock::new(),
            sagas,
            options,
            lease,
            faults,
            watch,
            doorbell,
            cut,
            feed,
            blocking,
            stranded,
        }
    }

    pub(super) fn bind(&self, app: WeakKenning) {
        // An application is built once.
        drop(self.app.set(app));
    }

    pub(super) fn app(&self) -> Option<Kenning> {
        self.app.get()?.upgrade()
    }

    /// Whether no process has run a definition of a newer release for two leases: then its instances are parked here,
    /// so that somebody sees them.
    pub(super) fn is_stranded(&self, record: &SagaDefinitionRecord) -> bool {
        let mut stranded = self.stranded.lock().unwrap_or_else(PoisonError::into_inner);
        if record.live {
            stranded.remove(&record.definition);
            return false;
        }
        let since = *stranded.entry(record.definition).or_insert_with(|| {
            let (saga, version) = (&*record.saga, record.version);
            tracing::warn!(saga, version, "no process runs this version of the saga");
            Instant::now()
        });
        since.elapsed() >= self.lease * 2
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

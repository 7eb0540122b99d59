//! Registering sagas.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Builder;
use crate::app::mistake::Mistake;
use crate::consumer::Declaration;
use crate::saga::{
    Doorbell, Faults, Follow, RegisteredSaga, SagaDefinition, SagaEngine, SagaOptions, SagaSide, Setup,
    Watch, registered,
};
use crate::store::{BoxFuture, SagaStore, Start, StoreError};

/// The sagas that a builder has been told of.
pub(super) struct Sagas<S> {
    registered: Vec<Arc<RegisteredSaga>>,
    /// Where those begin that say so themselves.
    starts: BTreeMap<&'static str, Start>,
    options: SagaOptions,
    faults: Faults,
    watch: Watch,
    doorbell: Arc<Doorbell>,
    /// Opens the engine: there once the builder knows that its store runs sagas.
    open: Option<Open<S>>,
    /// Makes the consumer of a saga.
    follow: Option<MakeFollow<S>>,
}

type Open<S> =
    fn(Arc<S>, Vec<Arc<RegisteredSaga>>, Setup) -> BoxFuture<'static, Result<Arc<dyn SagaSide>, StoreError>>;
type MakeFollow<S> = fn(&Arc<RegisteredSaga>, Follow, &SagaOptions, Option<Start>) -> Declaration<S>;

impl<S> Default for Sagas<S> {
    fn default() -> Self {
        Self {
            registered: Vec::new(),
            starts: BTreeMap::new(),
            options: SagaOptions::new(),
            faults: Faults::default(),
            watch: Watch::default(),
            doorbell: Arc::default(),
            open: None,
            follow: None,
        }
    }
}

impl<S> Sagas<S> {
    /// The consumers of those sagas that follow events.
    pub(super) fn consumers(&self) -> Vec<Declaration<S>> {
        let Some(make) = self.follow else { return Vec::new() };
        let mains = self.registered.iter().filter(|one| !one.finishes_only);
        mains
            .filter_map(|main| {
                let old: Vec<_> = self
                    .registered
                    .iter()
                    .filter(|one| one.finishes_only && one.saga.about().name == main.saga.about().name)
                    .cloned()
                    .collect();
                let follow = Follow::new(main, &old, Arc::clone(&self.doorbell), self.faults);
                let start = self.starts.get(&*main.saga.about().name).copied();
                (!follow.events().is_empty()).then(|| make(main, follow, &self.options, start))
            })
            .collect()
    }

    /// What is wrong with the sagas taken together.
    pub(super) fn mistakes(&self) -> Vec<Mistake> {
        let old = self.registered.iter().filter(|one| one.finishes_only);
        let alone = old.filter(|one| {
            let about = one.saga.about();
            !self.registered.iter().any(|main| {
                let newer = main.saga.about();
                !main.finishes_only && newer.name == about.name && newer.version > about.version
            })
        });
        alone
            .map(|one| {
                let about = one.saga.about();
                Mistake::OldSaga { name: about.static_name, version: about.version }
            })
            .collect()
    }

    /// Opens the engine, if there is anything for it.
    pub(super) async fn open(
        self,
        store: Arc<S>,
        lease: std::time::Duration,
    ) -> Result<Option<Arc<dyn SagaSide>>, StoreError> {
        let Some(open) = self.open else { return Ok(None) };
        let Self { registered, options, faults, watch, doorbell, .. } = self;
        let setup = Setup { options, lease, faults, watch, doorbell };
        open(store, registered, setup).await.map(Some)
    }
}

impl<S: SagaStore> Builder<S> {
    /// Registers a saga with the services that its steps reach the outside with: its instances are started, run and compensated by the processes that [run](crate::Kenning::run) the application.
    pub fn saga<F: SagaDefinition>(self, services: impl Into<Arc<F::Services>>) -> Self {
        self.add_saga::<F>(services.into(), false, None)
    }

    /// Registers a saga that begins at a place of the feed when it is new: its `#[start]` and
    /// `#[wait]` functions see events from there on. A saga that is new to a store with events
    /// needs it; otherwise it changes nothing.
    pub fn saga_from<F: SagaDefinition>(self, services: impl Into<Arc<F::Services>>, start: Start) -> Self {
        self.add_saga::<F>(services.into(), false, Some(start))
    }

    /// Registers an earlier definition of a saga: it starts nothing, and finishes the instances that follow it.
    pub fn finish_saga<F: SagaDefinition>(self, services: impl Into<Arc<F::Services>>) -> Self {
        self.add_saga::<F>(services.into(), true, None)
    }

    /// How sagas are run. An application that is told this looks after the instances that are in the store, with [`Kenning::sagas`](crate::Kenning::sagas), also when it registers no saga.
    pub fn sagas(mut self, options: SagaOptions) -> Self {
        self.sagas.options = options;
        self.sagas.open = Some(SagaEngine::open);
        self
    }

    /// Puts faults into the engine.
    #[cfg(feature = "testing")]
    pub(crate) fn faults(mut self, faults: Faults) -> Self {
        self.sagas.faults = faults;
        self
    }

    /// Looks into the engine.
    #[cfg(feature = "testing")]
    pub(crate) fn watch(mut self, watch: Watch) -> Self {
        self.sagas.watch = watch;
        self
    }

    /// Tells the engine that something is due that was not before.
    #[cfg(feature = "testing")]
    pub(crate) fn doorbell(&self) -> Arc<Doorbell> {
        Arc::clone(&self.sagas.doorbell)
    }

    fn add_saga<F: SagaDefinition>(
        mut self,
        services: Arc<F::Services>,
        finishes_only: bool,
        start: Option<Start>,
    ) -> Self {
        self.registrations.saga::<F>(finishes_only);
        if let Some(start) = start {
            self.sagas.starts.insert(F::NAME, start);
        }
        self.sagas.registered.push(registered::<F>(services, finishes_only));
        self.sagas.open = Some(SagaEngine::open);
        self.sagas.follow = Some(Declaration::saga);
        self.consumers.run_consumers();
        self
    }
}

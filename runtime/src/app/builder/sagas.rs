//! Registering sagas.

use std::sync::Arc;

use super::Builder;
use crate::app::mistake::Mistake;
use crate::consumer::Declaration;
use crate::saga::{
    Doorbell, Faults, Follow, RegisteredSaga, SagaDefinition, SagaEngine, SagaOptions, SagaSide, Setup,
    Watch, registered,
};
use crate::store::{BoxFuture, SagaStore, StoreError};

/// The sagas that a builder has been told of.
pub(super) struct Sagas<S> {
    registered: Vec<Arc<RegisteredSaga>>,
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
type MakeFollow<S> = fn(&Arc<RegisteredSaga>, Follow, &SagaOptions) -> Declaration<S>;

impl<S> Default for Sagas<S> {
    fn default() -> Self {
        Self {
            registered: Vec::new(),
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
                let follow = Follow::new(main, &old, Arc::clone(&self.doorbell));
                (!follow.events().is_empty()).then(|| make(main, follow, &self.options))
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
        self.add_saga::<F>(services.into(), false)
    }

    /// Registers an earlier definition of a saga: it starts nothing, and finishes the instances that follow it.
    pub fn finish_saga<F: SagaDefinition>(self, services: impl Into<Arc<F::Services>>) -> Self {
        self.add_saga::<F>(services.into(), true)
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

    fn add_saga<F: SagaDefinition>(mut self, services: Arc<F::Services>, finishes_only: bool) -> Self {
        self.registrations.saga::<F>(finishes_only);
        self.sagas.registered.push(registered::<F>(services, finishes_only));
        self.sagas.open = Some(SagaEngine::open);
        self.sagas.follow = Some(|main, follow, options| Declaration::saga(main, follow, options));
        self.consumers.run_consumers();
        self
    }
}

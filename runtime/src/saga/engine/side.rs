//! What an application asks of the engine, whatever its store.

use std::any::TypeId;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::retention::prune;
use super::shared::{RegisteredSaga, Setup, Shared};
use super::worker::Worker;
use crate::app::{WeakKenning, with_sources};
use crate::saga::Doorbell;
use crate::saga::any::AnySaga;
use crate::store::{
    BoxFuture, NewSaga, SagaCounts, SagaDefinitionRecord, SagaForgotten, SagaQuery, SagaRecord, SagaRequest,
    SagaStatus, SagaStore, SagaWhole, StoreError,
};
use crate::telemetry;

const TASK: &str = "sagas";

/// The pauses after a failure of the whole engine.
const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(10);

/// The engine without the type of its store.
pub(crate) trait SagaSide: Send + Sync {
    /// Tells the engine which application it belongs to.
    fn bind(&self, app: WeakKenning);

    /// A registered saga.
    fn of_type(&self, saga: TypeId) -> Option<Arc<RegisteredSaga>>;

    /// Runs sagas until the token fires, then drains. An error says that the store is closed.
    fn run(&self, stop: CancellationToken) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Whether any instance has something to do by itself.
    fn is_busy(&self) -> BoxFuture<'_, Result<bool, StoreError>>;

    /// Starts an instance.
    fn start(&self, saga: NewSaga) -> BoxFuture<'_, Result<bool, StoreError>>;

    /// Waits until an instance has ended. `None`: it was never started.
    fn end<'a>(
        &'a self,
        saga: &'a Arc<str>,
        id: &'a Arc<str>,
    ) -> BoxFuture<'a, Result<Option<SagaStatus>, StoreError>>;

    /// Starts an instance and waits until it has ended.
    fn run_to_end(&self, saga: NewSaga) -> BoxFuture<'_, Result<SagaStatus, StoreError>>;

    fn list<'a>(&'a self, query: &'a SagaQuery) -> BoxFuture<'a, Result<Vec<SagaRecord>, StoreError>>;

    fn count(&self) -> BoxFuture<'_, Result<SagaCounts, StoreError>>;

    /// Whether a saga of this name is registered.
    fn registers(&self, saga: &str) -> bool;

    fn show<'a>(&'a self, saga: &'a str, id: &'a str)
    -> BoxFuture<'a, Result<Option<SagaWhole>, StoreError>>;

    fn request<'a>(
        &'a self,
        saga: &'a str,
        id: &'a str,
        request: &'a SagaRequest,
    ) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Forgets one instance that has ended.
    fn forget<'a>(&'a self, saga: &'a str, id: &'a str) -> BoxFuture<'a, Result<SagaForgotten, StoreError>>;

    /// What a definition was that an instance follows.
    fn definitions<'a>(
        &'a self,
        saga: &'a str,
    ) -> BoxFuture<'a, Result<Vec<SagaDefinitionRecord>, StoreError>>;
}

/// Runs the sagas of an application on its store.
pub(crate) struct SagaEngine<S> {
    shared: Arc<Shared<S>>,
    running: AtomicBool,
}

impl<S: SagaStore> SagaEngine<S> {
    /// Describes every definition in the store.
    pub(crate) fn open(
        store: Arc<S>,
        sagas: Vec<Arc<RegisteredSaga>>,
        setup: Setup,
    ) -> BoxFuture<'static, Result<Arc<dyn SagaSide>, StoreError>> {
        Box::pin(async move {
            let shared = Arc::new(Shared::new(store, sagas, setup));
            for saga in &shared.sagas {
                let about = saga.saga.about();
                let definition = SagaDefinitionRecord {
                    saga: about.name.to_string(),
                    version: about.version,
                    definition: about.fingerprint,
                    description: about.definition.to_json(),
                    live: false,
                };
                shared.store.save_saga_definition(&definition).await?;
            }
            let engine: Arc<dyn SagaSide> = Arc::new(Self { shared, running: AtomicBool::new(false) });
            Ok(engine)
        })
    }

    async fn live(&self, stop: CancellationToken) -> Result<(), StoreError> {
        let mut failures = 0_u32;
        while !stop.is_cancelled() {
            let life = Worker::live(Arc::clone(&self.shared), stop.clone());
            let error = match AbortOnDropHandle::new(tokio::spawn(self.shared.watch.task(life))).await {
                Ok(Ok(())) => {
                    failures = 0;
                    continue;
                }
                Ok(Err(StoreError::Closed)) => return Err(StoreError::Closed),
                Ok(Err(error)) => with_sources(&error),
                Err(ended) => ended.to_string(),
            };
            failures = failures.saturating_add(1);
            telemetry::task_failures(TASK).increment(1);
            tracing::warn!(task = TASK, error, failures, "a background task has failed and is tried again");
            let pause = FIRST.saturating_mul(1 << failures.min(8)).min(LONGEST);
            stop.run_until_cancelled(tokio::time::sleep(pause)).await;
        }
        Ok(())
    }
}

impl<S: SagaStore> SagaSide for SagaEngine<S> {
    fn bind(&self, app: WeakKenning) {
        self.shared.bind(app);
    }

    fn of_type(&self, saga: TypeId) -> Option<Arc<RegisteredSaga>> {
        self.shared.of_type(saga).cloned()
    }

    fn run(&self, stop: CancellationToken) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            // The consumers, which are run with this, say so when they are running already.
            if self.running.swap(true, Ordering::AcqRel) {
                return Ok(());
            }
            let _running = Ran(&self.running);
            let ended = stop.child_token();
            let live = async {
                let lived = self.live(stop).await;
                ended.cancel();
                lived
            };
            let pruning = self.shared.watch.task(prune(&self.shared, &ended));
            futures_util::future::join(live, pruning).await.0
        })
    }

    fn is_busy(&self) -> BoxFuture<'_, Result<bool, StoreError>> {
        Box::pin(async move {
            let names: Vec<&str> = self.shared.mains().map(|one| &*one.saga.about().name).collect();
            self.shared.store.are_sagas_busy(&names).await
        })
    }

    fn start(&self, saga: NewSaga) -> BoxFuture<'_, Result<bool, StoreError>> {
        Box::pin(async move {
            let Some(reception) = self.shared.doorbell.reception() else {
                return self.start_alone(saga, false).await;
            };
            let own = saga.clone();
            match reception.start(saga) {
                Ok(started) => match started.await {
                    Ok(Some(new)) => Ok(new),
                    // The others that were started with it, or the end of the worker, got in its way.
                    Ok(None) | Err(_) => self.start_alone(own, true).await,
                },
                Err(saga) => self.start_alone(saga, false).await,
            }
        })
    }

    fn end<'a>(
        &'a self,
        saga: &'a Arc<str>,
        id: &'a Arc<str>,
    ) -> BoxFuture<'a, Result<Option<SagaStatus>, StoreError>> {
        Box::pin(async move {
            let doorbell = &self.shared.doorbell;
            loop {
                let end = doorbell.end(saga, id);
                let _told = Forgets { doorbell, saga, id };
                match self.shared.store.saga(saga, id).await? {
                    None => return Ok(None),
                    Some(whole) if whole.record.status.is_end() => return Ok(Some(whole.record.status)),
                    Some(_) => {}
                }
                if let Ok(Ok(status)) = tokio::time::timeout(self.shared.options.poll, end).await {
                    return Ok(Some(status));
                }
            }
        })
    }

    fn run_to_end(&self, saga: NewSaga) -> BoxFuture<'_, Result<SagaStatus, StoreError>> {
        Box::pin(async move {
            let (name, id) = (Arc::clone(&saga.saga), Arc::clone(&saga.id));
            let doorbell = &self.shared.doorbell;
            let end = doorbell.end(&name, &id);
            {
                let _told = Forgets { doorbell, saga: &name, id: &id };
                // The end of a new instance is told here. Of one that exists it may have come before.
                if self.start(saga).await?
                    && let Ok(Ok(status)) = tokio::time::timeout(self.shared.options.poll, end).await
                {
                    return Ok(status);
                }
            }
            let ended = self.end(&name, &id).await?;
            ended.ok_or_else(|| StoreError::Unsuitable(format!("instance `{id}` of `{name}` was forgotten")))
        })
    }

    fn list<'a>(&'a self, query: &'a SagaQuery) -> BoxFuture<'a, Result<Vec<SagaRecord>, StoreError>> {
        self.shared.store.sagas(query)
    }

    fn count(&self) -> BoxFuture<'_, Result<SagaCounts, StoreError>> {
        self.shared.store.count_sagas()
    }

    fn registers(&self, saga: &str) -> bool {
        self.shared.of_name(saga).is_some()
    }

    fn show<'a>(
        &'a self,
        saga: &'a str,
        id: &'a str,
    ) -> BoxFuture<'a, Result<Option<SagaWhole>, StoreError>> {
        self.shared.store.saga(saga, id)
    }

    fn request<'a>(
        &'a self,
        saga: &'a str,
        id: &'a str,
        request: &'a SagaRequest,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let there = self.shared.store.request_saga(saga, id, request).await?;
            self.shared.doorbell.ring(&saga.into(), &id.into());
            Ok(there)
        })
    }

    fn forget<'a>(&'a self, saga: &'a str, id: &'a str) -> BoxFuture<'a, Result<SagaForgotten, StoreError>> {
        self.shared.store.forget_saga(saga, id)
    }

    fn definitions<'a>(
        &'a self,
        saga: &'a str,
    ) -> BoxFuture<'a, Result<Vec<SagaDefinitionRecord>, StoreError>> {
        self.shared.store.saga_definitions(saga)
    }
}

impl<S: SagaStore> SagaEngine<S> {
    /// Starts one instance. `again`: it may have been started before.
    async fn start_alone(&self, saga: NewSaga, again: bool) -> Result<bool, StoreError> {
        let mut new = self.shared.store.start_saga(&saga).await?;
        if !new && again {
            let found = self.shared.store.saga(&saga.saga, &saga.id).await?;
            new = found.is_some_and(|found| found.record.instance == saga.instance);
        }
        if new && let Some(main) = self.shared.mains().find(|one| one.saga.about().name == saga.saga) {
            main.metrics.started.increment(1);
        }
        self.shared.doorbell.due();
        Ok(new)
    }
}

/// The end of an instance is waited for, until this is dropped.
struct Forgets<'a> {
    doorbell: &'a Doorbell,
    saga: &'a Arc<str>,
    id: &'a Arc<str>,
}

impl Drop for Forgets<'_> {
    fn drop(&mut self) {
        self.doorbell.forget_end(self.saga, self.id);
    }
}

struct Ran<'a>(&'a AtomicBool);

impl Drop for Ran<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// Registers a saga.
pub(crate) fn registered<S: crate::SagaDefinition>(
    services: Arc<S::Services>,
    finishes_only: bool,
) -> Arc<RegisteredSaga> {
    let saga: Arc<dyn AnySaga> = Arc::new(crate::saga::any::Registered::<S>::new(services));
    Arc::new(RegisteredSaga::new(saga, TypeId::of::<S>(), finishes_only))
}

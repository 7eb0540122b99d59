//! Starting an instance by hand.

use std::any::{TypeId, type_name};
use std::future::IntoFuture;
use std::sync::Arc;

use uuid::Uuid;

use super::any;
use super::declaration::SagaDefinition;
use super::engine::SagaSide;
use super::event::MissingInstance;
use crate::app::Kenning;
use crate::fresh_id::fresh_id;
use crate::recorded::Metadata;
use crate::store::{BoxFuture, NewSaga, SagaStatus, StoreError};

/// An instance on its way into the store: await it.
///
/// After `Ok` it is durable, and it is run by whatever process [runs](Kenning::run) the saga. There is one instance of an id: started again, in whatever state that one is, nothing happens, so that whoever does not know whether
/// it was started starts it again.
#[must_use = "an instance is started when its envelope is awaited"]
pub struct StartSaga<S> {
    app: Kenning,
    saga: S,
    correlation: Option<Uuid>,
    causation: Option<Uuid>,
}

/// What became of the start.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Started {
    /// The id of the instance, as text.
    pub id: String,
    /// Whether it was started by this call; else it was there already.
    pub is_new: bool,
}

impl<S: SagaDefinition> StartSaga<S> {
    pub(crate) fn new(app: Kenning, saga: S) -> Self {
        Self { app, saga, correlation: None, causation: None }
    }

    /// Joins a conversation; without it the instance opens one of its own.
    pub fn correlation(mut self, correlation_id: Uuid) -> Self {
        self.correlation = Some(correlation_id);
        self
    }

    /// Says that an event has caused it, and joins the event's conversation.
    pub fn caused_by(mut self, event: &Metadata) -> Self {
        self.causation = Some(event.id);
        self.correlation = Some(event.correlation_id.unwrap_or(event.id));
        self
    }

    async fn start(self) -> Result<Started, StartError> {
        let (side, saga) = self.prepared()?;
        Ok(Started { id: saga.id.to_string(), is_new: side.start(saga).await? })
    }

    /// Starts the instance and waits until it has ended; returns how it has.
    ///
    /// An instance of the id that exists already is waited for, in whatever state it is. A parked
    /// instance has not ended: limit the wait with `tokio::time::timeout`. The instance does not
    /// depend on the caller: it continues when this future is dropped. Its end is told at once if
    /// this process runs it; otherwise the store is asked every
    /// [`SagaOptions::poll`](super::SagaOptions::poll).
    ///
    /// # Errors
    /// As when it is started. After an error of the store it may have been started, and may run.
    pub async fn run_to_end(self) -> Result<SagaStatus, StartError> {
        let (side, saga) = self.prepared()?;
        Ok(side.run_to_end(saga).await?)
    }

    fn prepared(self) -> Result<(Arc<dyn SagaSide>, NewSaga), StartError> {
        let unknown = || StartError::NotRegistered { saga: type_name::<S>() };
        let side = self.app.saga_side().ok_or_else(unknown)?;
        let registered =
            side.of_type(TypeId::of::<S>()).filter(|one| !one.finishes_only).ok_or_else(unknown)?;
        let about = registered.saga.about();
        let (id, state) = any::start(&self.saga).map_err(|reason| StartError::Invalid { reason })?;
        let instance = fresh_id();
        let saga = NewSaga {
            instance,
            saga: Arc::clone(&about.name),
            id: id.as_str().into(),
            version: about.version,
            definition: about.fingerprint,
            state,
            correlation_id: self.correlation.unwrap_or(instance),
            causation_id: self.causation,
            early_events: S::EVENTS.iter().any(|event| event.missing == MissingInstance::Keep),
        };
        Ok((Arc::clone(side), saga))
    }
}

impl<S: SagaDefinition> IntoFuture for StartSaga<S> {
    type Output = Result<Started, StartError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.start())
    }
}

/// Why an instance was not started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The application does not run the saga. A mistake of the program.
    #[error("`{saga}` is not registered: add `.saga::<{saga}>(…)` to `Kenning::builder`")]
    NotRegistered {
        /// The type of the saga.
        saga: &'static str,
    },
    /// Its id or its data cannot be stored. Answer 400 or 422.
    #[error("the instance cannot be started: {reason}")]
    Invalid {
        /// What is wrong.
        reason: String,
    },
    /// The store failed; it says whether trying again helps. It does no harm in any case: there is one instance of an id.
    #[error(transparent)]
    Store(StoreError),
    /// The application is closed. Answer 503.
    #[error("the application is closed")]
    Closed,
}

impl From<StoreError> for StartError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Closed => Self::Closed,
            other => Self::Store(other),
        }
    }
}

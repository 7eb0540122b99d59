//! Sagas as operators see them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::declaration::Saga;
use super::description::SagaDescription;
use super::engine::SagaSide;
use crate::payload::Payload;
use crate::store::{
    SagaCounts, SagaForgotten, SagaQuery, SagaRecord, SagaRequest, SagaStatus, SagaWhole, StoreError,
};

/// The instances of sagas, to be listed: say which, then [`list`](Self::list).
///
/// ```
/// # async fn look(app: kenning::Kenning) -> Result<(), Box<dyn std::error::Error>> {
/// use kenning::store::SagaStatus;
///
/// for parked in app.sagas().saga("order-fulfilment").status(SagaStatus::Parked).list().await? {
///     println!("{}: {}", parked.id, parked.reason.as_deref().unwrap_or_default());
///     app.sagas().instance(&*parked.saga, &*parked.id).retry().await?;
/// }
/// # Ok(()) }
/// ```
#[derive(Clone)]
#[must_use = "instances are listed by `list`"]
pub struct Sagas {
    side: Option<Arc<dyn SagaSide>>,
    query: SagaQuery,
}

impl Sagas {
    pub(crate) fn new(side: Option<Arc<dyn SagaSide>>) -> Self {
        Self { side, query: SagaQuery { limit: 1_000, ..SagaQuery::default() } }
    }

    /// Only those of the saga of this name.
    pub fn saga(mut self, name: impl Into<String>) -> Self {
        self.query.saga = Some(name.into());
        self
    }

    /// Only those of a saga.
    pub fn of<S: Saga>(self) -> Self {
        self.saga(S::NAME)
    }

    /// Only those with a status.
    pub fn status(mut self, status: SagaStatus) -> Self {
        self.query.status = Some(status);
        self
    }

    /// Only those that stand at a step: that do it, wait at it, or are stuck at it.
    pub fn at_step(mut self, step: impl Into<String>) -> Self {
        self.query.step = Some(step.into());
        self
    }

    /// Only those that were started at least so long ago.
    pub fn older_than(mut self, age: Duration) -> Self {
        self.query.older_than = Some(age);
        self
    }

    /// Only those that come after this one in the list.
    pub fn after(mut self, record: &SagaRecord) -> Self {
        self.query.after = Some((record.saga.to_string(), record.id.to_string()));
        self
    }

    /// How many at the most; 1,000 if nothing is said.
    pub fn limit(mut self, instances: u32) -> Self {
        self.query.limit = instances;
        self
    }

    /// The instances, by name and id.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn list(self) -> Result<Vec<SagaRecord>, SagaError> {
        match &self.side {
            Some(side) => Ok(side.list(&self.query).await?),
            None => Ok(Vec::new()),
        }
    }

    /// How many instances of each saga have each status, whatever was said before.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn count(self) -> Result<SagaCounts, SagaError> {
        let Some(side) = &self.side else { return Ok(Vec::new()) };
        Ok(side.count().await?)
    }

    /// How many instances have not ended of sagas that are not registered here, by status. Only another
    /// release moves them. `build` logs them too. An application without any saga knows of none.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn unregistered(self) -> Result<SagaCounts, SagaError> {
        let Some(side) = &self.side else { return Ok(Vec::new()) };
        let mut counts = side.count().await?;
        counts.retain(|(saga, status, many)| *many > 0 && !status.is_end() && !side.registers(saga));
        Ok(counts)
    }

    /// Forgets those of the instances that have ended, with their logs and what was left for them, and
    /// returns how many that were. Afterwards a start with one of their ids starts a new instance.
    ///
    /// The others stay. Old ones are [forgotten by themselves](super::SagaOptions::retention).
    ///
    /// # Errors
    /// When the store cannot be asked. Some of the instances may have been forgotten.
    pub async fn forget(mut self) -> Result<u64, SagaError> {
        let Some(side) = self.side.clone() else { return Ok(0) };
        let mut forgotten = 0;
        let most = u64::from(self.query.limit);
        let statuses = match self.query.status {
            Some(status) if status.is_end() => vec![status],
            Some(_) => Vec::new(),
            None => vec![SagaStatus::Completed, SagaStatus::Compensated],
        };
        let first = self.query.after.clone();
        for status in statuses {
            (self.query.status, self.query.after) = (Some(status), first.clone());
            loop {
                let page = side.list(&self.query).await?;
                let Some(last) = page.last() else { break };
                self.query.after = Some((last.saga.to_string(), last.id.to_string()));
                for record in &page {
                    if forgotten == most {
                        return Ok(forgotten);
                    }
                    if side.forget(&record.saga, &record.id).await? == SagaForgotten::Forgotten {
                        forgotten += 1;
                    }
                }
            }
        }
        tracing::info!(forgotten, query = ?self.query, "saga instances forgotten by request");
        Ok(forgotten)
    }

    /// One instance, to be asked or told something.
    pub fn instance(self, saga: impl Into<String>, id: impl Into<String>) -> SagaHandle {
        SagaHandle { side: self.side, saga: saga.into(), id: id.into() }
    }
}

impl fmt::Debug for Sagas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sagas").field("query", &self.query).finish_non_exhaustive()
    }
}

/// One instance of a saga, to be asked or told something.
///
/// What is asked for is left for the instance and done by whoever runs it, in order, once: [`show`](Self::show) tells in its log what became of it, a refusal included.
#[derive(Clone)]
pub struct SagaHandle {
    side: Option<Arc<dyn SagaSide>>,
    saga: String,
    id: String,
}

impl SagaHandle {
    /// The instance with its whole log and what was left for it; `None`: it was never started.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn show(&self) -> Result<Option<SagaWhole>, SagaError> {
        match &self.side {
            Some(side) => Ok(side.show(&self.saga, &self.id).await?),
            None => Ok(None),
        }
    }

    /// Waits until the instance has ended, and returns how it has. `None`: it was never started.
    ///
    /// A parked instance has not ended: limit the wait with `tokio::time::timeout`. An end is told
    /// at once if this process runs the instance; otherwise the store is asked every
    /// [`SagaOptions::poll`](super::SagaOptions::poll).
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn ended(&self) -> Result<Option<SagaStatus>, SagaError> {
        match &self.side {
            Some(side) => Ok(side.end(&self.saga.as_str().into(), &self.id.as_str().into()).await?),
            None => Ok(None),
        }
    }

    /// A Mermaid diagram of the instance: the steps of the definition that it follows, and how far each is. `None`: it was never started, or its definition is not known to the store.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn mermaid(&self) -> Result<Option<String>, SagaError> {
        let Some(side) = &self.side else { return Ok(None) };
        let Some(whole) = side.show(&self.saga, &self.id).await? else { return Ok(None) };
        let definitions = side.definitions(&self.saga).await?;
        let followed = definitions.iter().find(|known| known.definition == whole.record.definition);
        let description = followed.and_then(|known| SagaDescription::from_json(&known.description).ok());
        Ok(description.map(|saga| saga.mermaid_of_instance(saga.statuses(&whole.log))))
    }

    /// Has it compensated, at whatever step it is. Refused, in its log, once the pivot is done, or while it is not known whether it is: only an attempt that runs is waited for. One that is being compensated already goes on with it.
    ///
    /// # Errors
    /// When there is no such instance, or the store cannot be asked.
    pub async fn cancel(&self, reason: impl Into<String>) -> Result<(), SagaError> {
        self.request(SagaRequest::Cancel { reason: storable(reason.into()) }).await
    }

    /// Has a parked one continue where it stopped: what was given up is tried as if it had not been tried. Of one that
    /// is not parked, what pauses until its next attempt is tried at once. Refused when nothing is parked or pauses.
    ///
    /// # Errors
    /// As [`cancel`](Self::cancel).
    pub async fn retry(&self) -> Result<(), SagaError> {
        self.request(SagaRequest::Retry).await
    }

    /// Has it begin nothing more until [`retry`](Self::retry): for a step that is tried for ever, at the pivot or after
    /// it. Attempts that run are told by [`cancelled`](crate::StepContext::cancelled), and their outcomes count.
    ///
    /// # Errors
    /// As [`cancel`](Self::cancel).
    pub async fn park(&self, reason: impl Into<String>) -> Result<(), SagaError> {
        self.request(SagaRequest::Park { reason: storable(reason.into()) }).await
    }

    /// Has the step count as done that pauses, waits, has failed or is of unknown outcome, or its undo; then the
    /// instance continues. Somebody has seen to it by hand, and the reason says how.
    ///
    /// Refused while an attempt runs (park the instance first), and when later steps may take an output that is not
    /// `()` or an `Option`: use [`skip_with`](Self::skip_with).
    ///
    /// # Errors
    /// As [`cancel`](Self::cancel).
    pub async fn skip(&self, step: impl Into<String>, reason: impl Into<String>) -> Result<(), SagaError> {
        self.request(SagaRequest::Skip { step: storable(step.into()), reason: storable(reason.into()) }).await
    }

    /// As [`skip`](Self::skip), with what the step is to have returned. Refused, in the log, when the step's type cannot
    /// be read from it.
    ///
    /// # Errors
    /// [`SagaError::Output`] when it cannot be written as JSON; else as [`cancel`](Self::cancel).
    pub async fn skip_with<T: serde::Serialize>(
        &self,
        step: impl Into<String>,
        output: &T,
        reason: impl Into<String>,
    ) -> Result<(), SagaError> {
        let step = step.into();
        let output = Payload::of(&step, output).map_err(|error| SagaError::Output {
            step: step.clone(),
            reason: crate::app::with_sources(&error),
        })?;
        check_size(&step, &output)?;
        self.request(SagaRequest::SkipWith { step: storable(step), output, reason: storable(reason.into()) })
            .await
    }

    /// As [`skip_with`](Self::skip_with), with JSON: for tools that do not have the type.
    ///
    /// # Errors
    /// [`SagaError::Output`] when it is no JSON that can be read back, or too large; else as
    /// [`cancel`](Self::cancel).
    pub async fn skip_with_json(
        &self,
        step: impl Into<String>,
        output: &str,
        reason: impl Into<String>,
    ) -> Result<(), SagaError> {
        let step = step.into();
        // As a value: it refuses what no type reads, as a number that is too large, or what is
        // nested too deeply.
        if let Err(error) = serde_json::from_str::<serde_json::Value>(output) {
            return Err(SagaError::Output { step, reason: error.to_string() });
        }
        let output = Payload::from_stored(output.to_owned());
        check_size(&step, &output)?;
        self.request(SagaRequest::SkipWith { step: storable(step), output, reason: storable(reason.into()) })
            .await
    }

    /// Has the `#[failed]` command count as sent that is not accepted; then the instance ends, compensated.
    ///
    /// # Errors
    /// As [`cancel`](Self::cancel).
    pub async fn give_up_failure_command(&self, reason: impl Into<String>) -> Result<(), SagaError> {
        self.request(SagaRequest::GiveUpFailureCommand { reason: storable(reason.into()) }).await
    }

    /// Ends it where it is, at any step: nothing is undone, and the `#[failed]` command is not sent. Attempts that run
    /// are cut off. The log lists the steps whose undos were left out; the status is `compensated`, and the reason says
    /// that it was terminated.
    ///
    /// # Errors
    /// As [`cancel`](Self::cancel).
    pub async fn terminate(&self, reason: impl Into<String>) -> Result<(), SagaError> {
        self.request(SagaRequest::Terminate { reason: storable(reason.into()) }).await
    }

    /// Forgets the instance, with its log and what was left for it; or the events that were kept for an
    /// instance that was never started. Afterwards a start with its id starts a new instance.
    ///
    /// # Errors
    /// [`SagaError::NotEnded`] if it has not ended: cancel it first. Else as [`cancel`](Self::cancel).
    pub async fn forget(&self) -> Result<(), SagaError> {
        let (saga, id) = (self.saga.clone(), self.id.clone());
        let Some(side) = &self.side else { return Err(SagaError::NotFound { saga, id }) };
        match side.forget(&saga, &id).await? {
            SagaForgotten::Forgotten => {
                tracing::info!(saga, id, "saga instance forgotten by request");
                Ok(())
            }
            SagaForgotten::NotEnded => Err(SagaError::NotEnded { saga, id }),
            SagaForgotten::Missing => Err(SagaError::NotFound { saga, id }),
        }
    }

    async fn request(&self, request: SagaRequest) -> Result<(), SagaError> {
        let there = match &self.side {
            Some(side) => side.request(&self.saga, &self.id, &request).await?,
            None => false,
        };
        if there { Ok(()) } else { Err(SagaError::NotFound { saga: self.saga.clone(), id: self.id.clone() }) }
    }
}

impl fmt::Debug for SagaHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SagaHandle").field("saga", &self.saga).field("id", &self.id).finish_non_exhaustive()
    }
}

fn check_size(step: &str, output: &Payload) -> Result<(), SagaError> {
    if output.len() > crate::limits::MAX_PAYLOAD {
        let reason = format!("it has {} bytes, which is too large", output.len());
        return Err(SagaError::Output { step: step.to_owned(), reason });
    }
    Ok(())
}

/// PostgreSQL has no text with a NUL in it.
fn storable(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}

/// Why something could not be asked of a saga.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SagaError {
    /// There is no such instance. Answer 404.
    #[error("there is no instance `{id}` of `{saga}`")]
    NotFound {
        /// The name of the saga.
        saga: String,
        /// The id of the instance.
        id: String,
    },
    /// What a step is to have returned is no JSON, or cannot be written as JSON. Answer 422.
    #[error("the output for `{step}` cannot be used: {reason}")]
    Output {
        /// The step.
        step: String,
        /// Why not.
        reason: String,
    },
    /// The instance has not ended, so it cannot be forgotten. Answer 409.
    #[error("the instance `{id}` of `{saga}` has not ended: cancel it, and forget it after its end")]
    NotEnded {
        /// The name of the saga.
        saga: String,
        /// The id of the instance.
        id: String,
    },
    /// The store failed; it says whether trying again helps.
    #[error(transparent)]
    Store(StoreError),
    /// The application is closed. Answer 503.
    #[error("the application is closed")]
    Closed,
}

impl From<StoreError> for SagaError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Closed => Self::Closed,
            other => Self::Store(other),
        }
    }
}

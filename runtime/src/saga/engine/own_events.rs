//! Events that another definition has read: the instance reads them by the definition that it follows.

use std::sync::Arc;

use super::feed::event_at;
use super::run::Run;
use crate::app::with_sources;
use crate::limits::MAX_PAYLOAD;
use crate::saga::progress::StepState;
use crate::store::{SagaMessage, SagaMessageKind, SagaStore};

/// The step of an event that this release cannot read: none has this name, so that others are offered the instance.
const UNREAD: &str = "#unread";

impl<S: SagaStore> Run<S> {
    /// Reads the events by the definition that the instance follows, where another one has read them: what a wait brings
    /// is what its own definition makes of the event. A release before 0.2 does not say which definition it was; what it
    /// has left is taken as it is.
    pub(super) async fn read_own(&mut self) -> Result<(), String> {
        let mut messages: Vec<SagaMessage> = Vec::with_capacity(self.messages.len());
        for message in std::mem::take(&mut self.messages) {
            if !self.is_foreign(&message) {
                messages.push(message);
                continue;
            }
            if !self.own.contains_key(&message.number) {
                let own = self.by_own_definition(&message).await?;
                self.own.insert(message.number, own);
            }
            for own in self.own.get(&message.number).into_iter().flatten() {
                // An event is left for each step that waits for it: once by each of the definitions.
                let known = |one: &SagaMessage| one.event_id == own.event_id && one.step == own.step;
                if !messages.iter().any(known) {
                    messages.push(own.clone());
                }
            }
        }
        self.messages = messages;
        Ok(())
    }

    /// Whether another definition has read an event that is not done with yet.
    fn is_foreign(&self, message: &SagaMessage) -> bool {
        let own = self.saga.saga.about();
        let foreign = message.kind == SagaMessageKind::Event
            && message.origin.is_some_and(|origin| origin.definition != own.fingerprint);
        let step = message.step.as_deref().and_then(|step| own.table.find(step));
        let done = step
            .and_then(|step| self.progress.steps.get(step))
            .is_some_and(|step| !matches!(step.state, StepState::Pending | StepState::Waiting));
        foreign && !done
    }

    async fn by_own_definition(&mut self, message: &SagaMessage) -> Result<Vec<SagaMessage>, String> {
        let Some(origin) = message.origin else { return Ok(vec![message.clone()]) };
        let store = &*self.worker.shared.store;
        let event = event_at(store, origin.position).await.map_err(|error| with_sources(&error))?;
        let Some(event) = event.filter(|event| Some(event.metadata.id) == message.event_id) else {
            let (saga, id) = (&*self.record.saga, &*self.record.id);
            tracing::warn!(saga, id, position = %origin.position, "event left for a saga is missing from the feed");
            return Ok(vec![message.clone()]);
        };
        let mut own = Vec::new();
        for (step, brought) in self.saga.brought(&event) {
            let step = self.saga.saga.about().table.steps.get(step).map(|step| Arc::clone(&step.name));
            match brought {
                Ok((id, output)) if *id == *self.record.id && output.len() <= MAX_PAYLOAD => {
                    own.push(SagaMessage { step, output: Some(output), ..message.clone() });
                }
                Ok(_) => {}
                Err(reason) => {
                    let (saga, id) = (&*self.record.saga, &*self.record.id);
                    tracing::warn!(saga, id, reason, "saga event cannot be read by this release");
                    own.push(SagaMessage { step: Some(UNREAD.into()), output: None, ..message.clone() });
                }
            }
        }
        Ok(own)
    }
}

//! Leaving messages for instances.

use std::sync::Arc;

use time::OffsetDateTime;

use super::Sagas;
use crate::store::{NewDelivery, SagaMessage, SagaMessageKind, SagaRequest, StoredRequest};

impl Sagas {
    /// Leaves an event for an instance, or for one that may come.
    pub(super) fn deliver(&mut self, delivery: NewDelivery, now: OffsetDateTime) {
        let NewDelivery { saga, id, step, event_id, output, keep: _, origin } = delivery;
        let message = SagaMessage {
            number: self.number(),
            at: now,
            kind: SagaMessageKind::Event,
            step: Some(step),
            event_id: Some(event_id),
            output: Some(output),
            text: None,
            origin,
        };
        if let Some(instance) = self.find(&saga, &id) {
            self.change(instance, |instance| {
                let step = message.step.as_deref().unwrap_or_default();
                if !instance.is_late(step, origin) {
                    instance.leave(message, now);
                }
            });
        } else {
            self.saga(&saga).early.entry(id).or_default().take(message);
        }
    }

    /// Leaves a request for an instance; says whether it is there.
    pub(in super::super) fn request(
        &mut self,
        saga: &str,
        id: &str,
        request: &SagaRequest,
        now: OffsetDateTime,
    ) -> bool {
        let Some(instance) = self.find(saga, id) else { return false };
        let StoredRequest { kind, step, output, text } = request.stored();
        let message = SagaMessage {
            number: self.number(),
            at: now,
            kind,
            step: step.map(|step| Arc::from(&*step)),
            event_id: None,
            output: output.cloned(),
            text: text.map(str::to_owned),
            origin: None,
        };
        self.change(instance, |instance| {
            let number = message.number;
            instance.leave(message, now);
            instance.refuse_after_the_end(number, request, now);
        });
        true
    }

    fn number(&mut self) -> u64 {
        self.messages += 1;
        self.messages
    }
}

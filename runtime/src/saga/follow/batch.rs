//! What a batch of events brings to sagas.

use std::collections::HashMap;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use time::OffsetDateTime;

use super::Followers;
use crate::app::with_sources;
use crate::consumer::{Failure, panic_text};
use crate::fresh_id::fresh_id;
use crate::limits::MAX_PAYLOAD;
use crate::recorded::RecordedEvent;
use crate::saga::any::Brought;
use crate::saga::event::{LateEvent, MissingInstance};
use crate::saga::faults::Faults;
use crate::store::{EventOrigin, NewDelivery, NewSaga, SagaMessage, SagaMessageKind};

/// What a batch brings.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) starts: Vec<NewSaga>,
    /// For each start, the place of its event in the batch.
    pub(super) started_by: Vec<usize>,
    pub(super) deliveries: Vec<NewDelivery>,
    /// For each delivery, the place of its event in the batch, and what to do when there is no instance, or the event is late.
    pub(super) from: Vec<(usize, MissingInstance, LateEvent)>,
}

impl Batch {
    /// Takes out the events that come before the start of their instance: they find none, however batches
    /// are cut.
    pub(super) fn before_their_starts(&mut self) -> Self {
        let mut before = Self::default();
        if self.starts.is_empty() || self.deliveries.is_empty() {
            return before;
        }
        let mut starts = HashMap::new();
        for (start, at) in self.starts.iter().zip(&self.started_by) {
            starts.entry((Arc::clone(&start.saga), Arc::clone(&start.id))).or_insert(*at);
        }
        let all = std::mem::take(&mut self.deliveries).into_iter().zip(std::mem::take(&mut self.from));
        for (delivery, from) in all {
            let start = starts.get(&(Arc::clone(&delivery.saga), Arc::clone(&delivery.id)));
            let to = if start.is_some_and(|start| from.0 < *start) { &mut before } else { &mut *self };
            to.deliveries.push(delivery);
            to.from.push(from);
        }
        before
    }

    /// Reads what events bring to the sagas that follow them.
    pub(super) fn read<E: Deref<Target = RecordedEvent>>(
        followed: &Followers,
        faults: Faults,
        events: &[E],
    ) -> Result<Self, Failure> {
        let early = followed.iter().any(|(.., event)| event.missing == MissingInstance::Keep);
        let mut batch = Self::default();
        for (at, event) in events.iter().enumerate() {
            let event_id = match faults.delivery_has_no_identity {
                true => fresh_id(),
                false => event.metadata.id,
            };
            for (saga, place, followed) in followed.iter().filter(|(.., one)| *one.info.name == *event.name) {
                let brought = catch_unwind(AssertUnwindSafe(|| saga.deliver(*place, event)));
                let brought = brought
                    .map_err(|panic| Failure::for_good(at, format!("it panicked: {}", panic_text(&*panic))))?
                    .map_err(|error| Failure::for_good(at, with_sources(&error)))?;
                match brought {
                    None => {}
                    Some(Brought::Start(Ok((id, state)))) => {
                        let about = saga.about();
                        batch.started_by.push(at);
                        batch.starts.push(NewSaga {
                            instance: fresh_id(),
                            saga: Arc::clone(&about.name),
                            id: id.into(),
                            version: about.version,
                            definition: about.fingerprint,
                            state,
                            correlation_id: event.metadata.correlation_id.unwrap_or(event.metadata.id),
                            causation_id: Some(event.metadata.id),
                            early_events: early,
                        });
                    }
                    Some(Brought::Wait(Ok(id), output)) if output.len() <= MAX_PAYLOAD => {
                        let step = followed.step.and_then(|step| saga.about().table.steps.get(step));
                        let Some(step) = step else { continue };
                        batch.from.push((at, followed.missing, followed.late));
                        batch.deliveries.push(NewDelivery {
                            saga: Arc::clone(&saga.about().name),
                            id: id.into(),
                            step: Arc::clone(&step.name),
                            event_id,
                            output,
                            keep: followed.missing == MissingInstance::Keep
                                && !faults.event_before_start_is_dropped,
                            origin: Some(EventOrigin {
                                definition: saga.about().fingerprint,
                                position: event.metadata.position,
                            }),
                        });
                    }
                    Some(Brought::Wait(Ok(_), output)) => {
                        let reason = format!("what it brings has {} bytes, which is too large", output.len());
                        return Err(Failure::for_good(at, reason));
                    }
                    Some(Brought::Start(Err(reason)) | Brought::Wait(Err(reason), _)) => {
                        return Err(Failure::for_good(at, reason));
                    }
                }
            }
        }
        Ok(batch)
    }
}

/// The message that an event becomes. `None`: it was left before.
pub(super) fn message(
    delivery: &NewDelivery,
    before: &[SagaMessage],
    now: OffsetDateTime,
) -> Option<SagaMessage> {
    let is_same = |known: &SagaMessage| {
        known.event_id == Some(delivery.event_id) && known.step.as_deref() == Some(&*delivery.step)
    };
    (!before.iter().any(is_same)).then(|| SagaMessage {
        number: u64::try_from(before.len()).unwrap_or(u64::MAX).saturating_add(1),
        at: now,
        kind: SagaMessageKind::Event,
        step: Some(Arc::clone(&delivery.step)),
        event_id: Some(delivery.event_id),
        output: Some(delivery.output.clone()),
        text: None,
        origin: delivery.origin,
    })
}

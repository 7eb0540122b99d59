//! The events of a run, and when they come.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::task::AbortOnDropHandle;

use super::World;
use crate::saga::SagaDefinition;
use crate::store::{Append, AppendedTo, ConsumerStore, EventStore, Expect, NewEvent};
use crate::testing::saga::arrival::Arrival;
use crate::testing::saga::director::{Recorded, Signal};
use crate::testing::saga::stage::Stage;

const TICK: Duration = Duration::from_millis(1);

/// For how long the consumer is behind an event that comes just in time.
const BEHIND: Duration = Duration::from_secs(2);

/// How soon after an event the consumer is reset.
const AGAIN: Duration = Duration::from_millis(500);

impl<F: SagaDefinition> World<'_, F> {
    /// Records the events that come before their instances are started.
    pub(super) async fn events_before_start(&mut self) {
        self.record_all(|world, event| {
            !world.starts(event) && world.director.arrival(event) == Some(Arrival::BeforeStart)
        })
        .await;
    }

    /// Records the events that start instances, and those that come before any step is begun.
    pub(super) async fn events_before_steps(&mut self) {
        self.record_all(Self::starts).await;
        self.record_all(|world, event| world.director.arrival(event) == Some(Arrival::BeforeSteps)).await;
    }

    /// Records the events that come when nothing continues without help; says whether there were any.
    pub(super) async fn events_at_rest(&mut self) -> bool {
        self.record_all(|world, event| world.director.arrival(event) == Some(Arrival::AfterEnd)).await
    }

    fn starts(&self, event: usize) -> bool {
        self.routes.get(event).is_some_and(|routes| routes.starts(self.release))
    }

    /// Records events, and waits until the consumer has handled them.
    async fn record_all(&mut self, which: impl Fn(&Self, usize) -> bool) -> bool {
        let mut any = false;
        for event in 0..self.stage.events.len() {
            if !self.brought.contains(&event) && which(self, event) {
                self.brought.insert(event);
                let arrival = self.director.arrival(event).unwrap_or(Arrival::AtOnce);
                self.record(event, Duration::ZERO, arrival).await;
                any = true;
            }
        }
        if any {
            self.until_caught_up().await;
        }
        any
    }

    /// An instance waits from now on: its events are on their way.
    pub(super) fn waits(&mut self, id: &str, step: &str) {
        for event in 0..self.stage.events.len() {
            let Some(routes) = self.routes.get(event) else { continue };
            let both = routes.new.iter().chain(&routes.old).flatten();
            let Some(to) = both.into_iter().find(|to| *to.id == *id && *to.step == *step) else { continue };
            let timeout = to.timeout.unwrap_or(Duration::from_secs(60));
            let arrival = self.director.arrival(event);
            let after = match arrival {
                Some(Arrival::BeforeStart | Arrival::BeforeSteps | Arrival::AfterEnd | Arrival::Never) => {
                    continue;
                }
                Some(Arrival::AtOnce) => Duration::ZERO,
                None | Some(Arrival::Redelivered | Arrival::RecordedTwice) => Self::soon(to.timeout),
                Some(Arrival::JustBefore | Arrival::Behind | Arrival::FarBehind) => {
                    timeout.saturating_sub(TICK)
                }
                Some(Arrival::AtTimeout) => timeout,
                Some(Arrival::JustAfter) => timeout + TICK,
            };
            if !self.brought.insert(event) {
                continue;
            }
            let record = self.record(event, after, arrival.unwrap_or(Arrival::AtOnce));
            self.outside.push(AbortOnDropHandle::new(tokio::spawn(record)));
        }
    }

    /// Records an event.
    fn record(
        &self,
        event: usize,
        after: Duration,
        arrival: Arrival,
    ) -> impl Future<Output = ()> + Send + 'static {
        let (store, director) = (self.store.clone(), Arc::clone(&self.director));
        let coming = self.stage.events.get(event).cloned();
        let (hold, lease, clock) = (Stage::<F>::hold(), self.stage.lease(), self.clock.clone());
        async move {
            let Some(coming) = coming else { return };
            let (stream, name) = (coming.stream, coming.event.name);
            if !after.is_zero() {
                tokio::time::sleep(after).await;
            }
            let behind = match arrival {
                Arrival::Behind => Some(BEHIND),
                Arrival::FarBehind => Some(hold + TICK + lease),
                _ => None,
            };
            if behind.is_some() {
                director.tell(0, "the consumer falls behind".to_owned());
                // The memory store is open, and the consumer is there.
                drop(store.pause(F::NAME, true).await);
            }
            let since = clock.now();
            let times = if arrival == Arrival::RecordedTwice { 2 } else { 1 };
            for _ in 0..times {
                let append =
                    Append::to(stream.clone(), Expect::Any, vec![NewEvent::new(coming.event.clone())]);
                let appended = match store.append(append).await {
                    Ok(appended) => appended,
                    Err(error) => panic!("`{name}` cannot be appended to `{stream}`: {error}"),
                };
                director.tell(0, format!("`{name}` of `{stream}` is recorded"));
                let position = appended.streams.first().and_then(AppendedTo::position).unwrap_or_default();
                director.recorded(Recorded { event, at: appended.recorded_at, position });
            }
            if let Some(behind) = behind {
                tokio::time::sleep(behind).await;
                director.signal(Signal::Unpaused);
            }
            if arrival == Arrival::Redelivered {
                tokio::time::sleep(AGAIN).await;
                director.signal(Signal::Reset(since));
            }
        }
    }
}

//! The events of a run, and when they come.

use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt;
use tokio_util::task::AbortOnDropHandle;

use super::World;
use crate::app::with_sources;
use crate::saga::{Follow, SagaDefinition};
use crate::store::{Append, EventStore, Expect, MemoryStore, NewEvent, StreamQuery};
use crate::testing::saga::director::Director;
use crate::testing::saga::twist::Arrival;

const TICK: Duration = Duration::from_millis(1);

/// When an event comes by itself after its wait has begun.
const SOON: Duration = Duration::from_secs(1);

impl<F: SagaDefinition> World<'_, F> {
    /// Hands over the events that come before any step is begun, and those that start instances.
    pub(super) async fn events_at_start(&mut self) {
        for event in 0..self.stage.events.len() {
            let starts = self.stage.route(&self.saga, event).to.is_empty();
            if starts || self.director.arrival(event) == Some(Arrival::AtStart) {
                self.brought.insert(event);
                self.bring(event, Duration::ZERO, 1, true).await;
            }
        }
    }

    /// An instance waits from now on: its events are on their way.
    pub(super) fn waits(&mut self, id: &str, step: &str) {
        for event in 0..self.stage.events.len() {
            let routed = self.stage.route(&self.saga, event);
            let Some((_, place)) = routed.to.iter().find(|(to, place)| {
                **to == *id && self.stage.table.steps.get(*place).is_some_and(|one| *one.name == *step)
            }) else {
                continue;
            };
            let timeout = self.timeout(*place).unwrap_or(Duration::from_secs(60));
            let (after, times, near) = match self.director.arrival(event) {
                Some(Arrival::AtStart | Arrival::Never) => continue,
                None => (SOON.min(timeout / 2), 1, true),
                Some(Arrival::AtOnce) => (Duration::ZERO, 1, true),
                Some(Arrival::Twice) => (SOON.min(timeout / 2), 2, true),
                Some(Arrival::JustBefore) => (timeout.saturating_sub(TICK), 1, false),
                Some(Arrival::AtTimeout) => (timeout, 1, false),
                Some(Arrival::JustAfter) => (timeout + TICK, 1, false),
            };
            if !self.brought.insert(event) {
                continue;
            }
            let bring = self.bring(event, after, times, near);
            self.outside.push(AbortOnDropHandle::new(tokio::spawn(bring)));
        }
    }

    /// Has an event come, handed over by a process that runs the instances (`near`) or by another one, from which they do not hear at once.
    fn bring(
        &self,
        event: usize,
        after: Duration,
        times: u32,
        near: bool,
    ) -> impl Future<Output = ()> + Send + 'static {
        let (store, follow) = (self.store.clone(), Arc::clone(&self.follow));
        let director = Arc::clone(&self.director);
        let event = self.stage.events.get(event).cloned();
        async move {
            let Some((stream, event)) = event else { return };
            tokio::time::sleep(after).await;
            let append = Append::to(stream.clone(), Expect::Any, vec![NewEvent::new(event.clone())]);
            if let Err(error) = store.append(append).await {
                panic!("`{}` cannot be appended to `{stream}`: {error}", event.name);
            }
            for _ in 0..times {
                hand_over(&store, &follow, &director, &stream).await;
                if near { director.ring() } else { director.nudge() }
            }
        }
    }
}

/// Hands over the last event of a stream.
async fn hand_over(
    store: &MemoryStore,
    follow: &Follow,
    director: &Director,
    stream: &crate::stream::StreamName,
) {
    let last: Result<Vec<_>, _> =
        store.read_stream(StreamQuery::backwards(stream.clone()).limit(1)).try_collect().await;
    let handed = match last.map(|events| events.into_iter().next()) {
        Ok(Some(event)) => {
            director.tell(0, format!("`{}` of `{stream}` comes", event.name));
            follow.one(&Arc::new(store.clone()), &event).await
        }
        Ok(None) => Err("the stream is empty".to_owned()),
        Err(error) => Err(with_sources(&error)),
    };
    if let Err(reason) = handed {
        director.tell(0, format!("that event is parked: {reason}"));
    }
}

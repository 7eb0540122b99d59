//! What sagas tell about themselves: metrics by saga and step, a test of waiting until all is idle.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use kenning::prelude::*;
use kenning::store::SagaStatus;
use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, SharedString, Unit,
};

use super::lot::{Lot, Settle, Settled};
use super::outside::{Answer, Outside};
use super::rows::Row;
use super::world::{World, show};
use crate::support::{Home, on_both_stores};

on_both_stores! {
    every_saga_and_step_has_its_metrics
    p12_an_event_that_would_start_an_instance_again_is_counted
    waiting_until_idle_waits_for_retries_and_undos
}

/// Counts what each metric is told: of a counter the sum, of a histogram how many values, of a gauge how it stands.
#[derive(Clone, Default)]
struct Meters(Arc<Mutex<BTreeMap<String, Arc<Meter>>>>);

#[derive(Default)]
struct Meter(AtomicU64);

impl CounterFn for Meter {
    fn increment(&self, by: u64) {
        self.0.fetch_add(by, Ordering::SeqCst);
    }

    fn absolute(&self, value: u64) {
        self.0.store(value, Ordering::SeqCst);
    }
}

impl GaugeFn for Meter {
    fn increment(&self, by: f64) {
        self.0.fetch_add(by as u64, Ordering::SeqCst);
    }

    fn decrement(&self, by: f64) {
        self.0.fetch_sub(by as u64, Ordering::SeqCst);
    }

    fn set(&self, value: f64) {
        self.0.store(value as u64, Ordering::SeqCst);
    }
}

impl HistogramFn for Meter {
    fn record(&self, _: f64) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Meters {
    fn meter(&self, key: &Key) -> Arc<Meter> {
        let labels = key.labels().map(|label| format!(" {}={}", label.key(), label.value()));
        let name: String = std::iter::once(key.name().to_owned()).chain(labels).collect();
        Arc::clone(self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(name).or_default())
    }

    fn read(&self, name: &str) -> u64 {
        let meters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        meters.get(name).unwrap_or_else(|| panic!("no metric {name}")).0.load(Ordering::SeqCst)
    }
}

impl metrics::Recorder for Meters {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.meter(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.meter(key))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.meter(key))
    }
}

async fn every_saga_and_step_has_its_metrics<H: Home>(home: H) {
    let (world, meters) = (World::new(home), Meters::default());
    let builder = world.builder().await;
    // A saga takes its metrics when it is registered.
    let builder = metrics::with_local_recorder(&meters, || builder.saga::<Row>(Arc::clone(&world.outside)));
    let app = builder.build().await.unwrap();
    world.outside.plan_of(2, "two", &[Answer::Retry, Answer::Panic]);
    world.outside.plan_of(2, "judge", &[Answer::Fail]);
    world.outside.plan_of(2, "undo one", &[Answer::Retry, Answer::Fail]);
    for id in [1, 2] {
        app.start(Row { id }).await.unwrap();
    }
    app.start(Row { id: 1 }).await.unwrap();
    super::in_time("the sagas to fall idle", app.run_until_idle()).await.unwrap();
    assert_eq!(show(&app, "row", 2).await.record.status, SagaStatus::Parked);
    let expected = [
        ("kenning_saga_started_total saga=row", 2),
        ("kenning_saga_completed_total saga=row", 1),
        ("kenning_saga_compensations_total saga=row", 1),
        ("kenning_saga_compensated_total saga=row", 0),
        ("kenning_saga_parked_total saga=row", 1),
        ("kenning_saga_lost_total saga=row", 0),
        ("kenning_saga_running saga=row", 0),
        ("kenning_saga_step_seconds saga=row step=one direction=do", 2),
        ("kenning_saga_step_seconds saga=row step=two direction=do", 4),
        ("kenning_saga_step_seconds saga=row step=two direction=undo", 1),
        ("kenning_saga_step_seconds saga=row step=one direction=undo", 2),
        ("kenning_saga_step_retries_total saga=row step=two", 2),
        ("kenning_saga_step_retries_total saga=row step=one", 1),
        ("kenning_saga_step_failures_total saga=row step=judge", 1),
        ("kenning_saga_step_failures_total saga=row step=one", 1),
        ("kenning_saga_step_failures_total saga=row step=three", 0),
    ];
    for (name, count) in expected {
        assert_eq!(meters.read(name), count, "{name}");
    }
    app.close().await;
}

/// Started by each event of a lot.
#[derive(Clone, Debug, Serialize, Deserialize, Saga)]
#[kenning(name = "visit", version = 1, id = id)]
struct Visit {
    id: String,
}

#[saga(services = Outside)]
impl Visit {
    #[start]
    fn settled(event: &Recorded<Settled>) -> Self {
        Self { id: event.stream().id().to_owned() }
    }

    #[step(read_only)]
    async fn look(&self) -> Result<(), StepError> {
        Ok(())
    }
}

/// Meant to fail without `count_known`.
async fn p12_an_event_that_would_start_an_instance_again_is_counted<H: Home>(home: H) {
    let (world, meters) = (World::new(home), Meters::default());
    let builder = world.builder().await.aggregate::<Lot>();
    let builder = metrics::with_local_recorder(&meters, || builder.saga::<Visit>(Arc::clone(&world.outside)));
    let app = builder.build().await.unwrap();
    for id in [1, 2, 1, 1] {
        app.execute(Settle { id, word: "settled".to_owned() }).await.unwrap();
    }
    super::in_time("the sagas to fall idle", app.run_until_idle()).await.unwrap();
    assert_eq!(meters.read("kenning_saga_started_total saga=visit"), 2);
    assert_eq!(meters.read("kenning_saga_starts_ignored_total saga=visit"), 2);
    app.close().await;
}

async fn waiting_until_idle_waits_for_retries_and_undos<H: Home>(home: H) {
    let world = World::new(home);
    let app = world.app().await;
    super::in_time("nothing at all", app.run_until_idle()).await.unwrap();
    let later = Answer::RetryAfter(std::time::Duration::from_millis(300));
    world.outside.plan("three", std::slice::from_ref(&later));
    world.outside.plan_of(2, "judge", &[Answer::Fail]);
    world.outside.plan_of(2, "undo two", &[later]);
    for id in [1, 2] {
        app.start(Row { id }).await.unwrap();
    }
    super::in_time("the sagas to fall idle", app.run_until_idle()).await.unwrap();
    assert_eq!(show(&app, "row", 1).await.record.status, SagaStatus::Completed);
    assert_eq!(show(&app, "row", 2).await.record.status, SagaStatus::Compensated);
    app.close().await;
}
